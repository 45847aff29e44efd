"""Worker processes that are watched: one that dies or hangs costs its job, and no other."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from opir.bench.runner.jobs import FLOORS, Job
from opir.errors import OpirError, StoreError

__all__ = ["ONE_THREAD", "Pool"]

ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
)  # fmt: skip
"""A budget in processor time means the same for all models with one thread each."""

Answer = tuple[Job, "list[dict[str, Any]] | str"]


class Pool:
    """Workers that do jobs; use it in a ``with`` block, after which no worker is left.

    Args:
        task: What each worker is told first: settings and directory.
        count: Number of workers.
        log: File that takes what workers and models print.
        limit: Time after which a job is given up [s].
    """

    def __init__(self, task: Mapping[str, Any], count: int, log: Path, limit: float) -> None:
        self._task = json.dumps(dict(task)) + "\n"
        self._count = count
        self._log = log
        self._limit = limit
        self._todo: list[Job] = []
        self._held: dict[int, str] = {}
        self._answers: queue.Queue[Answer | BaseException] = queue.Queue()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Answer]:
        """Do the jobs, in any order.

        Yields:
            The job, and a summary of its results; or a sentence, where the process died.

        Raises:
            OpirError: What is wrong with the data, not with a model.
        """
        self._todo = list(jobs)
        self._threads = [
            threading.Thread(target=self._watch, args=(number,), daemon=True)
            for number in range(min(self._count, len(jobs)))
        ]
        for thread in self._threads:
            thread.start()
        for _ in jobs:
            answer = self._next()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def _next(self) -> Answer | BaseException:
        while True:
            try:
                # Waiting in turns lets Ctrl-C through on every system.
                return self._answers.get(timeout=0.2)
            except queue.Empty:
                continue

    def close(self) -> None:
        """End all workers now."""
        with self._lock:
            self._closed = True
            self._todo.clear()
            running = list(self._processes)
        for process in running:
            process.kill()
        for thread in self._threads:
            thread.join(timeout=10)

    # -- one thread for each worker -------------------------------------------------------------

    def _watch(self, number: int) -> None:
        process: subprocess.Popen[str] | None = None
        try:
            with self._log.open("a", encoding="utf-8") as log:
                while (job := self._take(number)) is not None:
                    if process is None:
                        process = self._start(log)
                        if process is None:
                            return
                    line, late = self._ask(process, job)
                    if line is None:
                        code, process = self._bury(process), None
                        if self._closed:
                            return
                        self._answers.put((job, died(code, late, self._limit, self._log)))
                    elif "error" in line:
                        self._answers.put(StoreError(line["error"]))
                        return
                    else:
                        self._answers.put((job, line["results"]))
        except BaseException as error:  # of the thread: the main thread has to hear of it
            self._answers.put(error)
        finally:
            if process is not None:
                self._bury(process)

    def _take(self, number: int) -> Job | None:
        """The next job: of the data that the worker has loaded, else of data no other one has."""
        with self._lock:
            if self._closed or not self._todo:
                return None
            held = {data for other, data in self._held.items() if other != number}
            mine = self._held.get(number)

            def rank(job: Job) -> int:
                return 0 if job.training_key == mine else 1 + (job.training_key in held)

            job = min(self._todo, key=rank)
            self._todo.remove(job)
            self._held[number] = job.training_key
            return job

    def _start(self, log: IO[str]) -> subprocess.Popen[str] | None:
        apart: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]  # Windows only
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(
                [sys.executable, "-c", "from opir.bench.runner.worker import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env={**os.environ, **dict.fromkeys(ONE_THREAD, "1")},
                **apart,
            )
            self._processes.add(process)
        answer = self._talk(process, self._task)
        if answer is None or "error" in answer:
            text = f"a worker did not start; {self._log} says more"
            raise OpirError(text if answer is None else answer["error"])
        return process

    def _ask(self, process: subprocess.Popen[str], job: Job) -> tuple[dict[str, Any] | None, bool]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limit, give_up)
        timer.daemon = True
        if job.model != FLOORS:  # these take hours, and are none of a user's models
            timer.start()
        try:
            return self._talk(process, json.dumps(job.to_json()) + "\n"), late.is_set()
        finally:
            timer.cancel()

    def _talk(self, process: subprocess.Popen[str], line: str) -> dict[str, Any] | None:
        """The worker's answer; None if it has died."""
        if process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(line)
            process.stdin.flush()
            answer = process.stdout.readline()
        except (OSError, ValueError):
            return None
        return dict(json.loads(answer)) if answer.endswith("\n") else None

    def _bury(self, process: subprocess.Popen[str]) -> int:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        code = process.wait()
        with self._lock:
            self._processes.discard(process)
        return code


def died(code: int, late: bool, limit: float, log: Path) -> str:
    """The sentence for a model whose process died."""
    if late:
        return f"the model was given up after {limit:.0f} s."
    if code < 0:
        name = next((s.name for s in signal.Signals if s == -code), str(-code))
        return (
            f"the model's process was ended by the system ({name}). "
            "Most often the memory was used up: use fewer workers."
        )
    return f"the model's process ended with status {code}. {log.name} may say more."
