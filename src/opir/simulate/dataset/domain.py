"""The library that a set is simulated with."""

from __future__ import annotations

from opir.chemistry import Library, library
from opir.simulate.dataset.preset import Preset

__all__ = ["domain_library"]


def domain_library(preset: Preset) -> Library:
    """The library with the preset's own files, shifted where the preset says so."""
    known = library(preset.library)
    if preset.domain == "shifted":
        from opir.simulate.dataset.shifted import shifted_library

        known = shifted_library(known)
    return known
