"""The system that a user names: by a file, a text, or a name in the library."""

from __future__ import annotations

import re
from pathlib import Path

from opir.chemistry import Library, library
from opir.quantities import parse
from opir.system import System

__all__ = ["given_system"]

_INLINE = re.compile(r"^\s*\{|^\s*\w+\s*:(\s|$)", re.M)
_FIELDS = (
    "electrolyte",
    "working_electrode",
    "counter_electrode",
    "temperature",
    "cell",
    "optics",
)


def given_system(
    system: System | Path | str | None,
    temperature: float | str | None = None,
    *,
    known: Library | None = None,
) -> tuple[System | None, tuple[str, ...]]:
    """A system as a user names it, and a note on what was taken from the library.

    Args:
        system: A system, its YAML or JSON file or text, or the name of one in the library. What it
            leaves out is taken from the library's system of the same name.
        temperature: In place of the system's [K], or a text with a unit.
        known: Where names are looked up; the built-in library by default.

    Raises:
        UnknownNameError: If there is no system of that name.
        FormatError, SystemDescriptionError: If a file or text says none.
        UnitError: If the temperature is in no unit of temperature.
    """
    known = library() if known is None else known
    notes: tuple[str, ...] = ()
    found: System | None
    if system is None or isinstance(system, System):
        found = system
    elif not isinstance(system, Path) and _INLINE.match(system):
        found = System.from_text(system)
    elif Path(system).suffix or Path(system).exists():
        found = System.from_file(system)
    else:
        found = known.systems[str(system)].system
    if found is not None and found.name in known.systems:
        own = known.systems[found.name].system
        names = [n for n in _FIELDS if not getattr(found, n) and getattr(own, n)]
        fields = {name: getattr(found, name) or getattr(own, name) for name in System.model_fields}
        found = System(**fields)
        if names:
            shown = ", ".join(name.replace("_", " ") for name in names)
            notes = (f"Of {found.name}, {shown} were not given and are those of the library.",)
    if temperature is not None:
        kelvin = parse(temperature, "temperature")
        found = System(temperature=kelvin) if found is None else _warmed(found, kelvin)
    return found, notes


def _warmed(system: System, kelvin: float) -> System:
    fields = {name: getattr(system, name) for name in System.model_fields}
    return System(**fields | {"temperature": kelvin})
