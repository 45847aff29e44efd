"""ABCC: a flow over two streams, of learned non-negative components or of the chemistry library.

The learned mode is in :mod:`opir.models.abcc.model` and :mod:`~opir.models.abcc.flow`, the library
mode in :mod:`opir.models.abcc.library_mode`. Names of this package load on first use, since what
the library's spectra are made of needs no torch.

The name and the idea (Chemical Flow, two aligned streams, chemical constraints) are those of
arXiv:2602.18551, of which only the abstract could be read; the formulas here are our own.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opir.models.abcc.config import AbccConfig as AbccConfig
    from opir.models.abcc.flow import ChemicalFlow as ChemicalFlow
    from opir.models.abcc.model import Abcc as Abcc

_WHERE = {"AbccConfig": "config", "ChemicalFlow": "flow", "Abcc": "model"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
