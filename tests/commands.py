"""The command line in this process, which saves its start: 1 s of each command."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from opir.cli import main


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        status: Its exit status.
        stdout: What it printed.
        stderr: What it said on standard error, warnings among it.
    """

    status: int
    stdout: str
    stderr: str


def command(*words: object, cwd: Path | None = None) -> Ended:
    """Run the command line as ``python -m opir`` would, warnings shown as there."""
    printed, said = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        stack.enter_context(mock.patch.dict(os.environ, OPIR_DEBUG=""))
        stack.enter_context(mock.patch.object(sys, "argv", ["opir", *map(str, words)]))
        warned = stack.enter_context(warnings.catch_warnings(record=True))
        _usual_warnings()
        stack.enter_context(contextlib.redirect_stdout(printed))
        stack.enter_context(contextlib.redirect_stderr(said))
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        else:
            code = 0
    texts = []
    for stream in (printed, said):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    shown = [warnings.formatwarning(w.message, w.category, w.filename, w.lineno) for w in warned]
    if isinstance(code, str):  # as the interpreter does it
        return Ended(1, texts[0], "".join(shown) + texts[1] + code)
    return Ended(code or 0, texts[0], "".join(shown) + texts[1])


def _usual_warnings() -> None:
    """The filters of an interpreter that was started without options."""
    warnings.resetwarnings()
    for category in (
        ResourceWarning, ImportWarning, PendingDeprecationWarning, DeprecationWarning,
    ):  # fmt: skip
        warnings.simplefilter("ignore", category)
