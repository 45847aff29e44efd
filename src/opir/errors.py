"""Errors of opir. Each says what came, where, what was needed and what to do.

Everything that opir raises on purpose is an :class:`OpirError`; the command line turns it
into one sentence and exit status 2, never a traceback.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

__all__ = [
    "AxisError",
    "ChemistryError",
    "FormatError",
    "HistoryError",
    "MissingDependencyError",
    "ModelError",
    "OpirError",
    "OptionError",
    "OutputError",
    "OutputExistsError",
    "ProtocolError",
    "SimulationError",
    "StoppedError",
    "StoreError",
    "SystemDescriptionError",
    "UnitError",
    "UnknownNameError",
    "ValueRangeError",
    "require",
]


class OpirError(Exception):
    """Base of all errors of opir.

    Args:
        problem: What came and what was needed, as a sentence without the final full stop.
        remedy: What to do about it, as a sentence without the final full stop.
        path: The file concerned, if any.
        place: Where in the file or object (``line 12``, ``byte 288``, ``absorbance[3, 17]``).

    Attributes are the arguments; ``str(error)`` is ``path: place: problem. remedy.``
    """

    def __init__(
        self,
        problem: str,
        *,
        remedy: str = "",
        path: Path | str | None = None,
        place: str | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem.rstrip(".")
        self.remedy = remedy.rstrip(".")
        self.path = None if path is None else str(path)
        self.place = place

    def __str__(self) -> str:
        where = "".join(f"{part}: " for part in (self.path, self.place) if part)
        what = f"{self.problem}." + (f" {self.remedy}." if self.remedy else "")
        return where + what

    def at(self, *, path: Path | str | None = None, place: str | None = None) -> OpirError:
        """The same error with the file or place filled in where it was missing."""
        self.path = self.path or (None if path is None else str(path))
        self.place = self.place or place
        return self


class FormatError(OpirError):
    """A file is not what it claims to be: truncated, empty, damaged or of an unknown format."""


class UnitError(OpirError):
    """A unit is unknown, or does not belong to the quantity."""


class AxisError(OpirError):
    """An axis has the wrong length, is not monotonic, holds duplicates or non-finite values."""


class ValueRangeError(OpirError):
    """A value is non-finite or outside the bounds that its quantity can have."""


class OptionError(OpirError):
    """An argument or option has a value that is not among those allowed."""


class UnknownNameError(OptionError):
    """A name that nothing is registered under; the nearest known ones are listed."""

    def __init__(self, kind: str, name: str, known: Iterable[str], **context: str) -> None:
        known = sorted(known)
        begun = [k for k in known if len(name) > 1 and k.casefold().startswith(name.casefold())]
        near = begun[:3] or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        if near:
            remedy = f"Nearest: {', '.join(near)}"
        elif known:
            more = f" and {len(known) - 12} more" if len(known) > 12 else ""
            remedy = f"Known: {', '.join(known[:12])}{more}"
        else:
            remedy = f"No {kind} is registered"
        super().__init__(f"unknown {kind} {name!r}", remedy=remedy, **context)
        self.name = name


class ProtocolError(OpirError):
    """A cell protocol is inconsistent or asked for what it cannot know."""


class SimulationError(OpirError):
    """A simulation cannot be set up, or the solver could not follow the protocol."""


class SystemDescriptionError(OpirError):
    """A description of the battery system is incomplete or contradicts itself."""


class ChemistryError(OpirError):
    """A species, reaction, electrode or system of the library contradicts itself or the others."""


class HistoryError(OpirError):
    """A processing step cannot be undone, or does not fit the data it is applied to."""


class ModelError(OpirError):
    """A model cannot be fitted, loaded or applied to what it was given."""


class StoppedError(OpirError):
    """Work was stopped by Ctrl-C; the message says what was kept and how to go on."""


class StoreError(OpirError):
    """An OpIRSpec store breaks a rule of the format, or cannot be read or written."""


class OutputError(OpirError):
    """Output cannot be written: no space left, no permission, no such folder."""


class OutputExistsError(OutputError):
    """Output exists already and overwriting it was not asked for."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(
            "the output exists already",
            remedy="Name another output, or ask for overwriting (--force, overwrite=True)",
            path=path,
        )


class MissingDependencyError(OpirError):
    """An optional library is not installed; the message holds the line that installs it."""

    def __init__(self, module: str, extra: str) -> None:
        super().__init__(
            f"this needs the library {module!r}, which is not installed",
            remedy=f'Install it with: pip install "opir[{extra}]"',
        )
        self.module = module
        self.extra = extra


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional library.

    Args:
        module: Dotted name of the module.
        extra: The extra of opir that installs it.

    Raises:
        MissingDependencyError: If the library is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        missing = (error.name or module).split(".")[0]
        if missing == "opir":
            raise
        raise MissingDependencyError(missing, extra) from error
