"""Methods that name the reactions of a run, a file each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opir.bench.pathways.methods.base import Answer as Answer
from opir.bench.pathways.methods.base import Choice as Choice
from opir.bench.pathways.methods.base import Evidence as Evidence
from opir.bench.pathways.methods.base import Method as Method
from opir.bench.pathways.methods.constants import ConstantsAlone
from opir.bench.pathways.methods.kinetic import KineticTarget
from opir.bench.pathways.methods.mcr import McrMatching
from opir.bench.pathways.methods.recovered import Opir, OpirFound, SpectraAlone
from opir.errors import OptionError, UnknownNameError

METHODS: dict[str, type[Method]] = {
    kind.name: kind
    for kind in (Opir, OpirFound, SpectraAlone, ConstantsAlone, McrMatching, KineticTarget)
}
"""Every method by the name of its row."""


def methods_of(names: Sequence[str], *, kta_python: Path | str | None = None) -> list[Method]:
    """The methods of these names, each once; ``all`` stands for every one that can run.

    Args:
        names: Names, or ``all``.
        kta_python: Python interpreter with pyglotaran, for ``kinetic-target``; this one by
            default. With ``all`` and without it, that method is left out where pyglotaran is not
            installed.

    Raises:
        UnknownNameError: If there is no such method.
        OptionError: If none is named, or ``kinetic-target`` is and there is no pyglotaran.
    """
    wanted: dict[str, None] = {}
    for name in names:
        if name == "all":
            able = kta_python is not None or KineticTarget.installed()
            wanted |= {n: None for n in METHODS if able or n != KineticTarget.name}
        elif name not in METHODS:
            raise UnknownNameError("method", name, [*METHODS, "all"])
        else:
            wanted[name] = None
    if not wanted:
        raise OptionError("no method is named", remedy="Give --methods opir, or --methods all")
    return [
        KineticTarget(kta_python) if name == KineticTarget.name else METHODS[name]()
        for name in wanted
    ]
