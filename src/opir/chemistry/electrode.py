"""What an electrode material is: open-circuit potential and a few constants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from opir.chemistry.value import Value

__all__ = ["ElectrodeModel", "OpenCircuit"]


@dataclass(frozen=True)
class OpenCircuit:
    """Open-circuit potential against the metal of the ion, as a table.

    Attributes:
        degree: Degree of lithiation (or sodiation) from 0 to 1, ascending, shape ``[row]``.
        potential: [V], strictly falling where the material stores ions, shape ``[row]``.
        tag, source, note: As in :class:`opir.chemistry.value.Value`.
    """

    degree: tuple[float, ...]
    potential: tuple[float, ...]
    tag: str
    source: str = ""
    note: str = ""

    @property
    def table(self) -> NDArray[np.float64]:
        """Columns degree and potential, shape ``[row, 2]``."""
        return np.column_stack([self.degree, self.potential])


@dataclass(frozen=True)
class ElectrodeModel:
    """One electrode material.

    Attributes:
        name: Its one name (``graphite``).
        title: What it is called in full.
        kind: ``insertion``, ``plating`` (a metal) or ``none`` (stores nothing).
        ion: ``Li`` or ``Na``.
        open_circuit: Potential over the degree of lithiation.
        parameters: See :data:`opir.chemistry.laws.ELECTRODE`.
        window: Lowest and highest potential that it is used at [V].
        aliases: Other names of the material.
        note: What a reader should know.
    """

    name: str
    title: str
    kind: Literal["insertion", "plating", "none"]
    ion: Literal["Li", "Na"]
    open_circuit: OpenCircuit
    parameters: Mapping[str, Value]
    window: tuple[float, float]
    aliases: tuple[str, ...] = ()
    note: str = ""
