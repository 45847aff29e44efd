"""opir: forecast, read and explain operando infrared spectra of batteries.

The public names are loaded when they are first used, so that ``import opir`` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opir.errors import OpirError as OpirError
    from opir.protocol import Protocol as Protocol
    from opir.run import Electrochemistry as Electrochemistry
    from opir.run import Run as Run
    from opir.run import Spectrum as Spectrum
    from opir.run import Table as Table
    from opir.run.readers import read as read
    from opir.run.readers import read_all as read_all
    from opir.run.store import Store as Store
    from opir.system import System as System
    from opir.workflows.predict import Prediction as Prediction
    from opir.workflows.predict import predict as predict

__version__ = "0.1.0"

_PUBLIC = {
    "Electrochemistry": "opir.run",
    "OpirError": "opir.errors",
    "Prediction": "opir.workflows.predict",
    "Protocol": "opir.protocol",
    "Run": "opir.run",
    "Spectrum": "opir.run",
    "Store": "opir.run.store",
    "System": "opir.system",
    "Table": "opir.run",
    "predict": "opir.workflows.predict",
    "read": "opir.run.readers",
    "read_all": "opir.run.readers",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'opir' has no attribute {name!r}")
    value = getattr(importlib.import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
