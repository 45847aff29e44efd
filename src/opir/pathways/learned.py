"""What no species of the library explains, as components of its own."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opir.pathways.found_species import SURE
from opir.pathways.onset import find_onset
from opir.pathways.result import FoundSpecies

__all__ = ["learned_species"]

Array = NDArray[np.float64]

_MOST = 2
_BEYOND = 2.0
"""A component must be so many times the largest that noise makes."""
_ROUNDS = 20
_ALIKE = 0.95
"""Correlation of two courses that are one."""


def learned_species(
    rest: Array,
    wavenumber: Array,
    noise: Array,
    time: Array,
    voltage: Array | None,
    known: Array,
) -> tuple[tuple[FoundSpecies, ...], tuple[Array, ...]]:
    """Components that are not negative, in spectrum and amount, of what a fit leaves.

    One after the other: rank-one factors of least squares with both sides at 0 or above, from the
    largest singular vectors.

    Args:
        rest: ``[time, wavenumber]``, 0 in the first frame.
        wavenumber: Axis [cm-1].
        noise: Of a point, with what bands that are not quite as in the library add to it,
            ``[wavenumber]``.
        time: [s], ``[time]``.
        voltage: [V], ``[time]``, or None.
        known: Amounts of the species found, ``[time, species]``. A component that runs like one of
            them is what its bands miss of the library's, and is left out.

    Returns:
        The species, and their spectra of largest value 1, ``[wavenumber]`` each.
    """
    left = rest / noise
    # The noise of the first frame is in the change of every other one: a component that is there
    # from the second frame on and stays is taken for it.
    left = left - left.mean(axis=0)
    limit = _BEYOND * (np.sqrt(len(left)) + np.sqrt(wavenumber.size))
    found: list[FoundSpecies] = []
    spectra: list[Array] = []
    for _ in range(2 * _MOST):
        if len(found) == _MOST:
            break
        rows, sizes, columns = np.linalg.svd(left, full_matrices=False)
        if sizes[0] < limit:
            break
        sign = 1.0 if (rows[:, 0] - rows[0, 0]).sum() >= 0 else -1.0
        spectrum = np.maximum(sign * columns[0], 0.0)
        course = np.zeros(len(left))
        for _turn in range(_ROUNDS):
            if not spectrum.any():
                break
            course = left @ spectrum / (spectrum @ spectrum)
            amount = np.maximum(course - course[0], 0.0)
            course = amount - amount.mean()
            if not course.any():
                break
            spectrum = np.maximum(course @ left / (course @ course), 0.0)
        size = float(np.linalg.norm(course) * np.linalg.norm(spectrum))
        if size < limit:
            break
        deviation = np.full(len(time), 1.0 / float(np.linalg.norm(spectrum)))
        left = left - course[:, None] * spectrum
        if _runs_like(amount, known):
            continue
        shape = spectrum * noise
        top = float(shape.max())
        amount, deviation, shape = amount * top, deviation * top, shape / top
        found.append(
            FoundSpecies(
                name=f"learned {len(found) + 1}",
                title=f"learned component {len(found) + 1}, not in the library",
                source="learned",
                amount=amount,
                lower=amount - SURE * deviation,
                upper=amount + SURE * deviation,
                onset=find_onset(time, amount, deviation, voltage),
                growth=None,
                bands=(),
                gain=size**2,
                signal=size,
                confidence=float(1 - np.exp(-((size / limit) ** 2))),
                grows=bool(amount[-1] >= 0),
            )
        )
        spectra.append(shape)
    return tuple(found), tuple(spectra)


def _runs_like(amount: Array, known: Array) -> bool:
    """Whether a course is that of a species found."""
    one = amount - amount.mean()
    others = known - known.mean(axis=0)
    size = np.linalg.norm(others, axis=0) * np.linalg.norm(one)
    alike = np.abs(one @ others) / np.where(size > 0, size, np.inf)
    return bool(alike.max(initial=0.0) > _ALIKE)
