"""From spectra, measured or forecast, to species, onsets and reactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opir.pathways.explain import explain_band as explain_band
    from opir.pathways.recovery import recover as recover
    from opir.pathways.result import Pathways as Pathways

_WHERE = {"explain_band": "explain", "recover": "recovery", "Pathways": "result"}


def __getattr__(name: str) -> Any:
    import importlib

    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
