"""Named regions of the mid-infrared, frozen: scores by region stay comparable.

The regions share no wavenumber and leave no gap from 800 up to 1900 cm-1, so that each grid point
counts once. Limits stand where the bands of electrolytes and interphases of lithium and sodium
cells leave room, as far as they do; a neighbour's wing reaches over every one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ValueRangeError

__all__ = [
    "MID_INFRARED",
    "Band",
    "area_weights",
    "band_names",
    "check_wavenumber",
    "covered",
    "inside",
]


class Band(NamedTuple):
    """A region ``lower <= wavenumber < upper`` [cm-1] and its name."""

    name: str
    lower: float
    upper: float


MID_INFRARED: tuple[Band, ...] = (
    # PF6- near 840 and the wings of its contact pairs; S-F of FSI-; P-F of fluorophosphates
    Band("P-F", 800, 940),
    # alkoxides, ethers, rings of cyclic carbonates; B-O of borates; SO2 and CF3 of imides
    Band("C-O", 940, 1230),
    # antisymmetric O-C-O of linear carbonates, free at 1257 to 1276, coordinated up to 1318
    Band("O-C-O", 1230, 1330),
    # symmetric CO2 of carboxylates and alkyl carbonates; antisymmetric SO2 of imides
    Band("CO2-symmetric", 1330, 1425),
    # nu3 of Li2CO3 (split, 1435 and 1495) and Na2CO3 (1440); bending of CH2 and CH3
    Band("CO3", 1425, 1560),
    # C=O of semicarbonates, oxalates and carboxylates; bending of water
    Band("CO2-antisymmetric", 1560, 1690),
    # carbonyl of carbonate solvents, coordinated from 1713 on and free up to 1832
    Band("C=O", 1690, 1900),
)


def check_wavenumber(wavenumber: ArrayLike | None, length: int) -> NDArray[np.float64]:
    """The axis as float64, as long as the spectra, finite and strictly monotonic.

    Raises:
        AxisError: If it is missing, of another length, or not strictly monotonic.
    """
    if wavenumber is None:
        raise AxisError(
            "the wavenumber axis is missing",
            remedy="Give wavenumber=, or labelled arrays with that coordinate",
        )
    axis = np.asarray(wavenumber, dtype=np.float64)
    if axis.shape != (length,):
        raise AxisError(f"wavenumber has shape {axis.shape}, and the spectra {length} points")
    step = np.diff(axis)
    if not np.isfinite(axis).all() or length < 3 or not ((step > 0).all() or (step < 0).all()):
        raise AxisError("wavenumber must be at least 3 finite values that only rise or only fall")
    return axis


def covered(bands: Sequence[Band] | None, wavenumber: ArrayLike | None) -> tuple[Band, ...]:
    """The regions asked for, or those of :data:`MID_INFRARED` that the axis covers whole.

    An axis covers a region if it reaches both limits to within one spacing of its own and has at
    least three points inside.

    Raises:
        AxisError: If a region asked for is not covered, or none of the default ones is.
        ValueRangeError: If limits are not finite and rising, or a name occurs twice.
    """
    axis = check_wavenumber(wavenumber, np.size(wavenumber))  # type: ignore[arg-type]  # None is refused
    asked = tuple(MID_INFRARED if bands is None else bands)
    if len({band.name for band in asked}) < len(asked):
        raise ValueRangeError(f"two regions have one name: {[band.name for band in asked]}")
    found = []
    spacing = np.abs(np.diff(axis)).max()
    for band in asked:
        if not -np.inf < band.lower < band.upper < np.inf:
            raise ValueRangeError(f"region {band.name!r} goes from {band.lower} to {band.upper}")
        reached = axis.min() <= band.lower + spacing and axis.max() >= band.upper - spacing
        if reached and inside(band, axis).sum() >= 3:
            found.append(band)
        elif bands is not None:
            raise AxisError(
                f"region {band.name!r} ({band.lower:g}-{band.upper:g} cm-1) is not covered by the "
                f"axis of {axis.min():g}-{axis.max():g} cm-1"
            )
    if not found:
        raise AxisError(
            f"no named region lies within {axis.min():g}-{axis.max():g} cm-1",
            remedy="Give bands=[Band(name, lower, upper), ...]",
        )
    return tuple(found)


def inside(band: Band, wavenumber: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which points of the axis lie in the region, ``[wavenumber]``."""
    return (wavenumber >= band.lower) & (wavenumber < band.upper)


def area_weights(wavenumber: NDArray[np.float64], bands: Sequence[Band]) -> NDArray[np.float64]:
    """Weights ``[wavenumber, band]`` that integrate a spectrum over each region, in cm-1.

    ``spectrum @ weights`` is the exact integral of the straight lines between the points
    (trapezoidal rule), the pieces at the limits included, for either direction of the axis.
    Where the axis ends within a region, so does the integral.
    """
    order = np.argsort(wavenumber)
    rising = wavenumber[order]
    weights = np.zeros((len(rising), len(bands)))
    left, right = rising[:-1], rising[1:]
    for number, band in enumerate(bands):
        start, end = np.clip(band.lower, left, right), np.clip(band.upper, left, right)
        width, middle = end - start, (start + end) / 2
        share = (middle - left) / (right - left)
        weights[order[:-1], number] += width * (1 - share)
        weights[order[1:], number] += width * share
    return weights


def band_names(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """The coordinate ``band`` of a result, from the arguments of a metric's call."""
    return {"band": [band.name for band in covered(given["bands"], given["wavenumber"])]}
