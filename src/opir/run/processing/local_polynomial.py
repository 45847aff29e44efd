"""Local polynomial fits (Savitzky-Golay) on any axis, evenly spaced or not."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.errors import OptionError

__all__ = ["check_window", "local_polynomial"]


def check_window(points: int | None, width: float | None, degree: int, order: int = 0) -> None:
    """Refuse a window that does not fit.

    Args:
        points: Number of points in the window, odd.
        width: Instead of it, the window's width [cm-1].
        degree: Of the polynomial.
        order: Of the derivative.

    Raises:
        OptionError: Says which.
    """
    if (points is None) == (width is None):
        raise OptionError("give either points or a width in cm-1 for the window")
    if points is not None and (points < 1 or points % 2 == 0):
        raise OptionError(f"a window of {points} points", remedy="Give an odd number above 0")
    if width is not None and not 0 < width < np.inf:
        raise OptionError(f"a window of {width:g} cm-1", remedy="Give a width above 0")
    if not 0 <= order <= degree <= 10:
        raise OptionError(
            f"a polynomial of degree {degree} for a derivative of order {order}",
            remedy="The degree is 10 at most and not below the order",
        )
    if points is not None and points <= degree:
        raise OptionError(
            f"{points} points cannot hold a polynomial of degree {degree}",
            remedy="Widen the window or lower the degree",
        )


def local_polynomial(
    axis: NDArray[np.float64],
    values: NDArray[np.floating[Any]],
    *,
    points: int | None,
    width: float | None,
    degree: int,
    order: int = 0,
) -> NDArray[np.float64]:
    """Value or derivative at each point of the polynomial fitted to the window around it.

    At the ends, the window stays inside and its polynomial is taken off centre. On an evenly
    spaced axis this is the filter of Savitzky and Golay (doi 10.1021/ac60214a047).

    Args:
        axis: Wavenumbers [cm-1], either direction, shape ``[wavenumber]``.
        values: Shape ``[..., wavenumber]``.
        points: Number of points in the window, odd.
        width: Instead of it, the window's width [cm-1].
        degree: Of the polynomial.
        order: Of the derivative; 0 for the value.

    Raises:
        OptionError: If the window holds too few points, or the axis is shorter than it.
    """
    from scipy.sparse import csr_array

    check_window(points, width, degree, order)
    turn = np.argsort(axis)
    x = axis[turn]
    first, last = _windows(x, points, width)
    short = last - first <= degree
    if short.any():
        at = int(np.argmax(short))
        raise OptionError(
            f"the window around {x[at]:g} cm-1 holds {last[at] - first[at]} point(s), and a "
            f"polynomial of degree {degree} needs {degree + 1}",
            remedy="Widen the window or lower the degree",
        )
    rows, columns, weights = [], [], []
    for size in np.unique(last - first):
        here = np.flatnonzero(last - first == size)
        columns_here = first[here][:, None] + np.arange(size)
        distance = x[columns_here] - x[here][:, None]
        scale = np.abs(distance).max(axis=1, keepdims=True)
        scale[scale == 0] = 1.0
        powers = (distance / scale)[:, :, None] ** np.arange(degree + 1)
        solved = np.linalg.pinv(powers)[:, order, :] * factorial(order) / scale**order
        rows.append(np.repeat(here, size))
        columns.append(columns_here.ravel())
        weights.append(solved.ravel())
    operator = csr_array(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))),
        shape=(x.size, x.size),
    )
    table = np.asarray(values, dtype=np.float64).reshape(-1, x.size)[:, turn]
    fitted = np.empty_like(table)
    fitted[:, turn] = (operator @ table.T).T
    return fitted.reshape(np.shape(values))


def _windows(
    x: NDArray[np.float64], points: int | None, width: float | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if points is not None:
        if points > x.size:
            raise OptionError(
                f"a window of {points} points on an axis of {x.size}", remedy="Make it smaller"
            )
        first = np.clip(np.arange(x.size) - points // 2, 0, x.size - points)
        return first, first + points
    half = float(width or 0) / 2
    if 2 * half > x[-1] - x[0]:
        raise OptionError(
            f"a window of {2 * half:g} cm-1 on an axis of {x[-1] - x[0]:g} cm-1",
            remedy="Make it smaller",
        )
    centre = np.clip(x, x[0] + half, x[-1] - half)
    slack = 1e-9 * half
    first = np.searchsorted(x, centre - half - slack, side="left")
    last = np.searchsorted(x, centre + half + slack, side="right")
    return first, last
