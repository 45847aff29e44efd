"""From a battery system and a protocol to simulated operando spectra with known truth."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opir.simulate.single_run import Simulation as Simulation
    from opir.simulate.single_run import simulate as simulate

__all__ = ["Simulation", "simulate"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'opir.simulate' has no attribute {name!r}")
    return getattr(importlib.import_module("opir.simulate.single_run"), name)
