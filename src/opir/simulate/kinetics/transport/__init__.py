"""What carries electrons or reactants through the interphase, one small file each.

A channel gives the largest flux of electrons [mol m-2 s-1] that a film of a thickness lets pass;
channels side by side add up, and their sum is in series with the electron transfers.
"""

from __future__ import annotations

from types import ModuleType

from opir.simulate.kinetics.transport import diffusion, interstitial, migration, tunnelling

__all__ = ["CHANNELS"]

CHANNELS: dict[str, ModuleType] = {
    "diffusion": diffusion,
    "migration": migration,
    "tunnelling": tunnelling,
    "interstitial": interstitial,
}
"""Name -> module; the position is the code that the compiled kernel knows."""
