"""Worker processes that are watched: one that dies is replaced and its part is tried again."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from opir.errors import SimulationError
from opir.simulate.dataset.worker import rebuild_error

__all__ = ["Pool"]

_TRIES = 3
_ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
)  # fmt: skip
"""Sums must not depend on how many cores a machine has, nor workers fight for them."""


class Pool:
    """Workers that do numbered parts of a job, in any order.

    Args:
        job: What each worker is told first.
        count: Number of workers.

    Use it in a ``with`` block: when the block ends, however it does, no worker is left.
    """

    def __init__(self, job: Mapping[str, Any], count: int) -> None:
        self._job = json.dumps(dict(job)) + "\n"
        self._count = count
        self._todo: deque[int] = deque()
        self._tries: dict[int, int] = {}
        self._results: queue.Queue[int | BaseException] = queue.Queue()
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._closed = False
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, numbers: Sequence[int]) -> Iterator[int]:
        """Do the parts; gives the answer of each as it is done.

        Raises:
            SimulationError: If workers died on the same part three times.
            OpirError: What a worker raised.
        """
        self._todo.extend(numbers)
        self._threads = [
            threading.Thread(target=self._watch, daemon=True)
            for _ in range(min(self._count, len(numbers)))
        ]
        for thread in self._threads:
            thread.start()
        for _ in numbers:
            answer = self._next()
            if isinstance(answer, BaseException):
                raise answer
            yield answer

    def _next(self) -> int | BaseException:
        while True:
            try:
                # Waiting in turns lets Ctrl-C through on every system.
                return self._results.get(timeout=0.2)
            except queue.Empty:
                continue

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

    # -- one thread for each worker -------------------------------------------------------------

    def _watch(self) -> None:
        process: subprocess.Popen[str] | None = None
        try:
            while (number := self._take()) is not None:
                if process is None:
                    process = self._start()
                answer = None if process is None else self._ask(process, number)
                if answer is None:
                    if self._closed or process is None:
                        return
                    code, process = self._bury(process), None
                    self._again(number, code)
                elif "error" in answer:
                    self._results.put(rebuild_error(answer["error"]))
                else:
                    self._results.put(int(answer["done"]))
        except Exception as error:  # of the thread: the main thread has to hear of it
            self._results.put(error)
        finally:
            if process is not None:
                self._bury(process)

    def _take(self) -> int | None:
        with self._lock:
            return None if self._closed or not self._todo else self._todo.popleft()

    def _start(self) -> subprocess.Popen[str] | None:
        environment = {
            **os.environ,
            **dict.fromkeys(_ONE_THREAD, "1"),
            "SUNLOGGER_WARNING_FILENAME": os.devnull,
        }
        apart: dict[str, Any] = {"start_new_session": True}
        if os.name == "nt":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}  # type: ignore[attr-defined,unused-ignore]  # Windows only
        with self._lock:
            if self._closed:
                return None
            process = subprocess.Popen(
                [sys.executable, "-c", "from opir.simulate.dataset.worker import main; main()"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env=environment,
                **apart,
            )
            self._processes.add(process)
        answer = self._talk(process, self._job)
        if answer is not None and "error" in answer:
            raise rebuild_error(answer["error"])
        return process

    def _ask(self, process: subprocess.Popen[str], number: int) -> dict[str, Any] | None:
        return self._talk(process, json.dumps({"part": number}) + "\n")

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

    def _again(self, number: int, code: int) -> None:
        with self._lock:
            self._tries[number] = self._tries.get(number, 0) + 1
            if self._tries[number] < _TRIES:
                self._todo.appendleft(number)
                return
        self._results.put(died(number, code))


def died(number: int, code: int) -> SimulationError:
    """The error for a part on which workers died."""
    how = f"ended with status {code}"
    remedy = "What it printed before says more"
    if code < 0:
        name = next((s.name for s in signal.Signals if s == -code), str(-code))
        how = f"was ended by the system ({name})"
        remedy = "Most often the memory was used up: use fewer workers, or smaller parts"
    return SimulationError(
        f"a worker process {how} in {_TRIES} tries of part {number}", remedy=remedy
    )
