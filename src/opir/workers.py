"""Worker processes that are watched: jobs in and answers out as lines of JSON.

A worker is a Python process of one thread that is told what to do in its first line, says that it
is ready, and then answers one line to each. One that dies costs its job at most, and no other.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any, Generic, Self, TypeVar

__all__ = ["ONE_THREAD", "Workers", "answering", "ending"]

ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
)  # fmt: skip
"""Set to 1: sums must not depend on how many cores there are, nor workers fight for them."""

Job = TypeVar("Job")
Result = TypeVar("Result")


def ending(code: int) -> str:
    """The name of the signal that ended a process, ``""`` where it ended by itself."""
    if code >= 0:
        return ""
    return next((s.name for s in signal.Signals if s == -code), str(-code))


def answering() -> Callable[[Mapping[str, Any]], None]:
    """What a worker answers with: a line of JSON through a handle of its own.

    From then on what is printed goes where errors do, and not between the answers.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    return say


class Workers(ABC, Generic[Job, Result]):
    """Workers that do jobs; use it in a ``with`` block, after which no worker is left.

    Args:
        main: What a worker runs, ``package.module`` with a function ``main``.
        first: What each worker is told first.
        count: Number of workers.
        log: File that takes what workers print; that of this process by default.
        environment: Variables besides those of this process.
    """

    def __init__(
        self,
        main: str,
        first: Mapping[str, Any],
        count: int,
        *,
        log: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._code = f"from {main} import main; main()"
        self._first = dict(first)
        self._count = count
        self._log = log
        self._environment = {**dict.fromkeys(ONE_THREAD, "1"), **(environment or {})}
        self._todo: list[Job] = []
        self._answers: queue.Queue[Result | BaseException] = queue.Queue()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._closed = False
        self._threads: list[threading.Thread] = []

    # -- what a kind of worker differs in -------------------------------------------------------

    @abstractmethod
    def message(self, job: Job) -> Mapping[str, Any]:
        """What a worker is told of a job."""

    @abstractmethod
    def answered(self, job: Job, answer: dict[str, Any]) -> Result | BaseException:
        """What comes of an answer; an exception ends the whole."""

    @abstractmethod
    def died(self, job: Job, code: int, late: bool) -> Result | BaseException | None:
        """What comes of a job whose worker died (``late``: for it took too long).

        None where it is to be tried again; give it to :meth:`again` then.
        """

    def refused(self, answer: dict[str, Any] | None) -> BaseException | None:
        """The exception for a worker that does not say that it is ready.

        ``answer`` is None where it died; then None may be given, and it dies on its first job.
        """
        return None

    def choose(self, todo: Sequence[Job], worker: int) -> Job:
        """Which of the jobs a worker does next; called with the lock held."""
        return todo[0]

    def limit(self, job: Job) -> float | None:
        """Time after which a job is given up [s]; None: never."""
        return None

    # -------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """Do the jobs, in any order; gives what comes of each as it is done.

        Raises:
            Exception: What :meth:`answered`, :meth:`died` or :meth:`refused` gave.
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

    def again(self, job: Job) -> None:
        """Put a job back, to be done next."""
        with self._lock:
            self._todo.insert(0, job)

    def close(self) -> None:
        """End all workers now; what they had not committed is dropped."""
        with self._lock:
            self._closed = True
            self._todo.clear()
            running = list(self._processes)
        for process in running:
            process.kill()
        for thread in self._threads:
            thread.join(timeout=10)

    def _next(self) -> Result | BaseException:
        while True:
            try:
                # Waiting in turns lets Ctrl-C through on every system.
                return self._answers.get(timeout=0.2)
            except queue.Empty:
                continue

    # -- one thread for each worker -------------------------------------------------------------

    def _watch(self, number: int) -> None:
        process: subprocess.Popen[str] | None = None
        with ExitStack() as opened:
            try:
                log = self._open_log(opened)
                while (job := self._take(number)) is not None:
                    if process is None:
                        process = self._start(log)
                        if process is None:
                            return
                    answer, late = self._ask(process, job)
                    found: Result | BaseException | None
                    if answer is None:
                        code, process = self._bury(process), None
                        if self._closed:
                            return
                        found = self.died(job, code, late)
                    else:
                        found = self.answered(job, answer)
                    if found is not None:
                        self._answers.put(found)
            except BaseException as error:  # of the thread: the main thread has to hear of it
                self._answers.put(error)
            finally:
                if process is not None:
                    self._bury(process)

    def _open_log(self, opened: ExitStack) -> IO[str] | None:
        if self._log is None:
            return None
        return opened.enter_context(self._log.open("a", encoding="utf-8"))

    def _take(self, number: int) -> Job | None:
        with self._lock:
            if self._closed or not self._todo:
                return None
            job = self.choose(self._todo, number)
            self._todo.remove(job)
            return job

    def _start(self, log: IO[str] | None) -> subprocess.Popen[str] | None:
        apart: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]  # Windows only
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(
                [sys.executable, "-c", self._code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                env={**os.environ, **self._environment},
                **apart,
            )
            self._processes.add(process)
        answer = self._talk(process, self._first)
        if answer is None or "error" in answer:
            error = None if self._closed else self.refused(answer)
            if error is not None:
                self._bury(process)
                raise error
        return process

    def _ask(self, process: subprocess.Popen[str], job: Job) -> tuple[dict[str, Any] | None, bool]:
        late = threading.Event()

        def give_up() -> None:
            late.set()
            process.kill()

        seconds = self.limit(job)
        timer = None if seconds is None else threading.Timer(seconds, give_up)
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            return self._talk(process, self.message(job)), late.is_set()
        finally:
            if timer is not None:
                timer.cancel()

    def _talk(
        self, process: subprocess.Popen[str], message: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The worker's answer; None if it has died."""
        if process.stdin is None or process.stdout is None:
            return None
        try:
            process.stdin.write(json.dumps(dict(message)) + "\n")
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
