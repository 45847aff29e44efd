"""A number of the library: value, unit, provenance and citation, never apart."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["TAGS", "Value"]

TAGS: dict[str, str] = {
    "sourced": "read at the source that is named; often its abstract only, as the citation says",
    "computed": "computed by others (DFT, isolated molecule) and read in their public files",
    "computed-here": "computed for this library (GFN2-xTB, gas phase, harmonic)",
    "recalled": "general knowledge of the field; a paper named beside it was not read for it",
    "guessed": "chosen by us so that the simulator behaves sensibly; no source",
    "fitted": "fitted to a measurement that is named",
    "derived": "follows by a stated formula from other values; no better than those",
}
"""Provenance tag -> what it means, from the firmest to the softest but for ``derived``."""


@dataclass(frozen=True)
class Value:
    """One number with what is known about it.

    Attributes:
        value: The number, in ``unit``.
        unit: The one unit inside of its quantity (:mod:`opir.quantities`).
        tag: One of :data:`TAGS`.
        source: Citation: a key of the library's citations (``S6``), or free text.
        note: What a reader should know before using it.
    """

    value: float
    unit: str
    tag: str
    source: str = ""
    note: str = ""

    def __str__(self) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        source = f", {self.source}" if self.source else ""
        return f"{self.value:.6g}{unit} [{self.tag}{source}]"
