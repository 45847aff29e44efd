"""Whether a spectrum that is said to be absorbance can be one, and what is strange about it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ModelError

__all__ = ["PERCENT", "check_absorbance"]

PERCENT = 2.0
"""Median transmittance above which it is in percent."""

_DOWN = -0.5
"""Skewness of the values below which bands point down; absorbance of electrolytes has 2 to 4."""
_SATURATED = 3.0
"""Absorbance at which one part in a thousand of the light is left."""
_ABSURD = 10.0
"""Absorbance that no spectrometer measures."""
_BELOW = 0.02
"""Share of a spectrum's height by which it may lie below zero without a note."""
_FLAT_TOP = 5
"""So many equal points at the maximum are a detector or a printer at its end."""


def check_absorbance(wavenumber: ArrayLike, absorbance: ArrayLike) -> tuple[str, ...]:
    """What is strange about a spectrum that is said to be absorbance.

    Args:
        wavenumber: [cm-1], ``[wavenumber]``.
        absorbance: Decadic, ``[wavenumber]``.

    Returns:
        Sentences on negative values, saturation and flat tops.

    Raises:
        ModelError: If it is no absorbance: flat, far too large, or with bands that point down (a
            transmittance, or a sign turned round).
    """
    axis, values = (np.asarray(v, dtype=np.float64) for v in (wavenumber, absorbance))
    middle, high, low = float(np.median(values)), float(values.max()), float(values.min())
    rest = values - middle
    spread = float(np.sqrt((rest**2).mean()))
    if spread <= 1e-12 * max(abs(middle), 1.0):
        raise ModelError(
            f"the spectrum is {middle:g} everywhere, without a band",
            remedy="Check that the column of absorbance was exported",
        )
    skewness = float((rest**3).mean()) / spread**3
    if skewness < _DOWN:
        if low > -0.05 and middle > 0.5:
            of = "a transmittance" if middle <= PERCENT else "a transmittance in percent"
            remedy = "Let the file say so (a header such as '%T'), or give absorbance, -log10(T)"
        else:
            of = "absorbance with its sign turned round, or a difference of spectra"
            remedy = "Give the absorbance of the sample against the empty cell, bands upwards"
        raise ModelError(
            f"the bands of the spectrum point down (from {middle:.3g} to {low:.3g}): it looks "
            f"like {of}, where absorbance is needed",
            remedy=remedy,
        )
    if high > _ABSURD:
        raise ModelError(
            f"an absorbance of {high:.4g} was given; no spectrometer measures more than about 6",
            remedy="Give decadic absorbance without a unit: milliabsorbance divided by 1000, say",
        )
    notes = []
    # Noise goes below zero too; what stays there over a twentieth of the axis is no noise.
    width = max(values.size // 20, 1)
    smooth = np.convolve(values, np.full(width, 1 / width), "valid")
    if smooth.min() < -_BELOW * (high - low):
        at = axis[int(smooth.argmin()) + width // 2]
        notes.append(
            f"The absorbance falls to {smooth.min():.2g} around {at:.0f} cm-1, more than noise "
            "would: the background was of another state, or a baseline is off. It is taken as "
            "it is."
        )
    share = float((values > _SATURATED).mean())
    top = _longest(values >= high - 1e-9 * max(abs(high), 1.0))
    if share > 0 or top >= _FLAT_TOP:
        what = (
            f"{share:.0%} of the points lie above an absorbance of {_SATURATED:g}"
            if share > 0
            else f"{top} neighbouring points have the same largest value, {high:.3g}"
        )
        notes.append(
            f"The spectrum is saturated: {what}. What it says of the amounts of those bands is "
            "too little; a thinner layer would show them."
        )
    return tuple(notes)


def _longest(there: NDArray[np.bool_]) -> int:
    """Length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
