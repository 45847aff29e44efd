"""From what speaks for a reaction to how sure one can be of it.

A logistic regression over :data:`opir.pathways.weigh.FEATURES`, with coefficients from
``confidence.json``: found on simulated validation runs whose reactions are known
(``benchmarks/pathways_confidence.py``), once with rate constants and once without. So it is as sure
as it was right on those; of a real cell it says how the evidence compares with theirs.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.pathways.weigh import FEATURES, Weighed

__all__ = ["confidences"]

Array = NDArray[np.float64]


@cache
def _coefficients() -> dict[str, dict[str, float]]:
    text = (Path(__file__).parent / "confidence.json").read_text(encoding="utf-8")
    found: dict[str, dict[str, float]] = json.loads(text)["coefficients"]
    return found


def confidences(weighed: Weighed) -> Array:
    """Probability of each reaction, ``[reaction]``.

    Args:
        weighed: What speaks for each; of those of which nothing is expected, by the spectra alone.
    """
    alone, both = (_by(weighed, kind) for kind in ("spectra alone", "with rate constants"))
    return np.asarray(np.where(np.isnan(weighed.expected), alone, both))


def _by(weighed: Weighed, kind: str) -> Array:
    known = _coefficients()[kind]
    names = [name for name in FEATURES if name in known]
    features = weighed.features[:, [FEATURES.index(name) for name in names]]
    sums = features @ np.array([known[name] for name in names]) + known["constant"]
    return np.asarray(1 / (1 + np.exp(-np.clip(sums, -30, 30))))
