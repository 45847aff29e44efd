"""Rate laws of single reactions, one small file each.

A law is a module with the names of its parameters (:data:`~Law.PARAMETERS`, units inside) and a
plain function of floats ``rate``; :mod:`opir.simulate.kinetics.kernel` compiles it. To add one,
write its file, list it in :data:`LAWS` and give it a branch in the kernel.
"""

from __future__ import annotations

from types import ModuleType

from opir.simulate.kinetics.laws import (
    chemical,
    dissolution,
    gas_evolution,
    surface,
    tafel,
)

__all__ = ["LAWS", "Law"]

Law = ModuleType

LAWS: dict[str, ModuleType] = {
    "tafel": tafel,
    "chemical": chemical,
    "surface": surface,
    "dissolution": dissolution,
    "gas_evolution": gas_evolution,
}
"""Name -> module; the position is the code that the compiled kernel knows."""
