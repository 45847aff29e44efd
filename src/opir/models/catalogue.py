"""Every forecaster by name; those that need torch are imported when they are asked for."""

from __future__ import annotations

import importlib

from opir.errors import UnknownNameError, require
from opir.models.base import MODELS, Forecaster

__all__ = ["get_model", "model_names"]

_NETWORKS = {
    "mlp": "mlp",
    "cnn": "cnn",
    "gru": "gru",
    "lstm": "lstm",
    "transformer": "transformer",
    "tide": "tide",
    "fno": "fno",
    "neural-ode": "neural_ode",
    "convlstm": "convlstm",
    "simvp": "simvp",
    "ddpm": "ddpm",
    "flow-matching": "flow_matching",
    "mean-flow": "mean_flow",
}
_WITH_TORCH = {
    "abcc": "opir.models.abcc.model",
    "abcc-library": "opir.models.abcc.library_mode",
} | {name: f"opir.models.networks.{module}" for name, module in _NETWORKS.items()}


def model_names() -> tuple[str, ...]:
    """Names of all forecasters."""
    return tuple(sorted({*MODELS, *_WITH_TORCH}))


def get_model(name: str) -> type[Forecaster]:
    """The class of the forecaster ``name``.

    Raises:
        UnknownNameError: If there is none of that name; the nearest ones are listed.
        MissingDependencyError: If it needs torch and torch is not installed.
    """
    if name in _WITH_TORCH and name not in MODELS:
        require("torch", extra="torch")
        importlib.import_module(_WITH_TORCH[name])
    if name not in MODELS:
        raise UnknownNameError("model", name, model_names())
    return MODELS[name]
