"""A worker process: takes names of parts from its standard input, simulates and writes them.

The talk is one JSON object a line. It reads first ``{"preset": ..., "store": ..., "simulator":
"module:function"}``, then ``{"part": 17}`` again and again, and answers each with ``{"done": ...}``
or ``{"error": ...}``. A job of another kind, ``{"prepare": "module:function", ...}``, names what
gives the function that does a part; it is called with the job. The process
ends when its input does, so none is left when the parent is killed.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from contextlib import redirect_stdout
from typing import Any, TextIO

from opir.errors import OpirError

__all__ = ["error_record", "load_simulator", "main", "rebuild_error", "serve"]

SIMULATOR = "opir.simulate.dataset.simulator:simulate_task"
"""Where the simulator of tasks lies."""


def load_simulator(name: str) -> Any:
    """The function that ``module:function`` names."""
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def error_record(error: BaseException) -> dict[str, Any]:
    """An error as texts."""
    if isinstance(error, OpirError):
        fields = {key: getattr(error, key) for key in ("problem", "remedy", "path", "place")}
        return {"kind": type(error).__name__, **fields}
    return {"kind": "", "problem": "".join(traceback.format_exception(error))}


def rebuild_error(record: dict[str, Any]) -> Exception:
    """The error of :func:`error_record`, of its kind or the nearest that takes these texts."""
    from opir import errors

    if not record["kind"]:
        return RuntimeError(f"a worker process failed:\n{record['problem']}")
    kind = getattr(errors, record["kind"], OpirError)
    while kind.__init__ is not OpirError.__init__:
        kind = kind.__base__
    error = kind(
        record["problem"], remedy=record["remedy"], path=record["path"], place=record["place"]
    )
    return error if isinstance(error, OpirError) else OpirError(record["problem"])


def main() -> None:
    """Serve the parent on standard input and output."""
    # The answers have the pipe to themselves. What the solver prints of steps that fail is dropped:
    # the run says that it failed, and is drawn anew.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stdout(nowhere):
        try:
            serve(sys.stdin, channel)
        except BrokenPipeError:  # the parent is gone
            os._exit(1)


def serve(asked: TextIO, answers: TextIO) -> None:
    """Do what is asked, line by line, until there is no more.

    Args:
        asked: The job, then the numbers of parts.
        answers: Gets one line for each.
    """
    job = json.loads(asked.readline())
    try:
        work = _prepare(job)
        answer: dict[str, Any] = {"ready": os.getpid()}
    except Exception as error:  # the parent tells the user: whatever it is, it must get there
        work, answer = None, {"error": error_record(error)}
    _say(answers, answer)
    for line in asked:
        if work is None:
            break
        try:
            _say(answers, {"done": work(int(json.loads(line)["part"]))})
        except Exception as error:  # as above
            _say(answers, {"error": error_record(error)})


def _say(stream: TextIO, answer: dict[str, Any]) -> None:
    stream.write(json.dumps(answer) + "\n")
    stream.flush()


def _prepare(job: dict[str, Any]) -> Any:
    if "prepare" in job:
        return load_simulator(job["prepare"])(job)
    from opir.run.store import Store
    from opir.simulate.dataset.domain import domain_library
    from opir.simulate.dataset.parts import list_parts, write_part
    from opir.simulate.dataset.preset import Preset

    preset = Preset.from_json(job["preset"])
    simulator = load_simulator(job["simulator"])
    parts, known = list_parts(preset), domain_library(preset)
    store = Store.open(job["store"])

    def work(number: int) -> int:
        return write_part(preset, parts[number], store, known, simulator)

    return work
