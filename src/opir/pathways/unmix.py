"""Spectra and amounts from a run alone, without a library: MCR-ALS."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, OptionError, require
from opir.metrics.pairs import check_finite
from opir.pathways.factor_analysis import (
    check_run,
    drift,
    evolving_factors,
    lines,
    low_rank,
    non_negative,
    without_line,
)
from opir.pathways.result import SecondWay

__all__ = ["match", "unmix"]

Array = NDArray[np.float64]

MOST_COMPONENTS = 8
MOST_ITERATIONS = 100
CONVERGED = 1e-4
"""Change of the misfit, in units of the noise, at which the iteration ends."""
SEEN = 3.0
"""Standard deviations of an amount that count as risen."""


def unmix(
    spectra: ArrayLike,
    wavenumber: ArrayLike,
    noise: float,
    *,
    components: int | None = None,
    references: Mapping[str, ArrayLike] | None = None,
    line: bool = True,
) -> SecondWay:
    """Resolve a run into non-negative spectra and amounts, without a library.

    Multivariate curve resolution by alternating least squares (MCR-ALS; de Juan and Tauler 2006,
    doi 10.1080/10408340600970005; library pyMCR, Camp 2019, doi 10.6028/jres.124.018) of the
    change since the first frame. Bands of what is used up are negative there; so the smallest
    absorbance that leaves no frame negative is added to all frames. It stands for what is there at
    the start, and makes up one component whose amount begins at its full value and falls. It holds
    only what changes: the electrolyte that stays is not in it. Amounts of all other components
    start at zero.

    The number of components is that of :func:`opir.pathways.factor_analysis.evolving_factors`,
    and one more if the start needs one of its own (as in A -> B, where the change is a single
    factor, B less A) by the Bayesian information criterion with the known noise. The iteration
    begins from the courses at the purest wavenumbers (after Windig and Guilment 1991, doi
    10.1021/ac00014a016), on the change of which only those components are kept: the noise of the
    first frame, which is in all others, would bend it otherwise. Each half step is solved by
    non-negative least squares. There is no chance in it.

    As always, spectra and amounts of components are unique only where each has wavenumbers or
    frames of its own, and components whose amounts stay proportional come out as one.

    Args:
        spectra: Absorbance, or its change since the first frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1], ``[wavenumber]``.
        noise: Standard deviation of a point of a single frame, in absorbance.
        components: Number of components; found from the noise if None.
        references: Name -> spectrum ``[wavenumber]``, to compare components with (:func:`match`).
        line: Take off the straight baseline under the bands of each frame first.

    Returns:
        Components in the order of ``appears``: the first frame at which the amount is three
        standard deviations above zero, and so in the next; 0 for the start. No components, and a
        note, where nothing rises out of the noise. The note is empty where all went well.

    Raises:
        AxisError: If there are fewer than two frames or four wavenumbers, or shapes differ.
        ValueRangeError: If a value is not finite, or noise is not positive.
        OptionError: If components is not a number from 1 on that frames and wavenumbers allow.
        MissingDependencyError: If pyMCR is not installed.
    """
    rows = check_run(spectra, noise)
    lines(rows.shape[1], wavenumber)  # checks the axis
    known = dict(references or {})
    most = min(MOST_COMPONENTS, len(rows) - 1, rows.shape[1] - 3)
    if components is not None and not (
        isinstance(components, (int, np.integer)) and 1 <= components <= most
    ):
        raise OptionError(
            f"components is {components!r}; a whole number from 1 to {most} is needed"
        )
    rows = rows - rows[0]
    found = evolving_factors(rows, noise, wavenumber=wavenumber, line=line).components
    count = min(found, most) if components is None else int(components)
    notes = [f"{found} factors rise out of the noise; {count} were resolved"] * (found > most)
    if count == 0 or not rows.any():
        return _nothing(rows)
    if line:
        rows = rows - drift(rows, lines(rows.shape[1], wavenumber), noise)
    smooth = low_rank(rows, count if count > found + 1 else max(min(count, found), 1))
    whole = np.sum((rows - rows.mean(axis=0)) ** 2)
    start = np.maximum(-smooth.min(axis=0), 0)
    start[start < 2 * noise] = 0
    tries = [(0 * start, count)]
    if start.any():
        more = [count + 1] if components is None and count < most else []
        tries += [(start, one) for one in (count, *more)]
    fits = [(rows + one, _resolve(smooth + one, many, noise)) for one, many in tries]
    rows, fit = min(fits, key=lambda one: _criterion(one[0], one[1], noise))
    if fit.exit_max_iter_reached:
        notes.append(f"MCR-ALS did not converge in {MOST_ITERATIONS} iterations")
    amounts, resolved, appears = _ordered(fit, noise)
    if len(resolved) < fit.n_targets:
        notes.append("components that came out empty were left out")
    return SecondWay(
        components=len(resolved),
        appears=appears,
        spectra=resolved,
        amounts=amounts,
        nearest=match(resolved, wavenumber, known) if known else ((),) * len(resolved),
        explained=float(np.clip(1 - _left(rows, fit) / whole, 0, 1)),
        note="".join(f"{note[0].upper()}{note[1:]}. " for note in notes).strip(),
    )


def match(
    spectra: ArrayLike,
    wavenumber: ArrayLike,
    references: Mapping[str, ArrayLike],
    *,
    shift: float = 6.0,
    most: int = 3,
) -> tuple[tuple[tuple[str, float], ...], ...]:
    """The references that each spectrum is most like, and the cosines, best first.

    A straight line is taken out of both, and each reference is moved as a whole to where its
    cosine is largest. References without a band on the axis are left out.

    Args:
        spectra: ``[component, wavenumber]``.
        wavenumber: Axis [cm-1], rising or falling.
        references: Name -> spectrum on that axis, ``[wavenumber]``.
        shift: Largest shift to either side [cm-1], tried in steps of about 0.5.
        most: How many to name.

    Raises:
        AxisError: If the shapes do not fit, or the axis is not strictly rising or falling.
        ValueRangeError: If a value is not finite.
        OptionError: If shift is negative.
    """
    if not (np.isfinite(shift) and shift >= 0):
        raise OptionError(f"shift is {shift}; 0 or more wavenumbers are needed")
    axis = check_finite("wavenumber", wavenumber).astype(np.float64)
    rows = check_finite("spectra", spectra).astype(np.float64)
    if rows.ndim != 2 or axis.ndim != 1 or rows.shape[1] != axis.size:
        raise AxisError(
            f"spectra have shape {rows.shape} and wavenumber {axis.shape}; "
            "[component, wavenumber] and [wavenumber] are needed"
        )
    if not (np.all(np.diff(axis) > 0) or np.all(np.diff(axis) < 0)):
        raise AxisError("wavenumber must rise or fall from point to point")
    order = np.argsort(axis)
    axis, rows = axis[order], _unit(without_line(rows[:, order], axis[order]))
    moves = np.linspace(-shift, shift, 2 * int(np.ceil(2 * shift)) + 1)
    cosines: dict[str, Array] = {}
    for name, values in references.items():
        reference = check_finite(f"reference {name}", values).astype(np.float64)
        if reference.shape != axis.shape:
            raise AxisError(f"reference {name} has shape {reference.shape}; {axis.shape} is needed")
        if np.ptp(reference) == 0:
            continue
        moved = np.stack([np.interp(axis - move, axis, reference[order]) for move in moves])
        cosines[name] = (_unit(without_line(moved, axis)) @ rows.T).max(axis=0)
    return tuple(
        tuple(
            (name, float(cosines[name][row]))
            for name in sorted(cosines, key=lambda one: (-cosines[one][row], one))[:most]
        )
        for row in range(len(rows))
    )


class _NonNegative:
    """Non-negative least squares ``A X = B``, as a regressor of pyMCR."""

    coef_: Array

    def fit(self, left: Array, right: Array) -> None:
        """Solve; ``coef_`` is X transposed."""
        self.coef_ = non_negative(left, right).T


class _StartAtZero:
    """Constraint of pyMCR: amounts of these components are zero in the first frame."""

    def __init__(self, which: NDArray[np.bool_]) -> None:
        self.which = np.flatnonzero(which)

    def transform(self, amounts: Array) -> Array:
        """The amounts with it."""
        amounts[0, self.which] = 0
        return amounts


def _resolve(smooth: Array, count: int, noise: float) -> Any:
    """MCR-ALS from the purest wavenumbers; the fitted object of pyMCR."""
    courses = np.maximum(smooth[:, _purest(smooth, count, noise)], 0)
    at_start = courses[0] > 0.5 * courses.max(axis=0)
    courses[0, ~at_start] = 0
    library = require("pymcr.mcr", extra="pathways")
    fit = library.McrAR(
        c_regr=_NonNegative(),
        st_regr=_NonNegative(),
        c_constraints=[_StartAtZero(~at_start)],
        st_constraints=[],
        max_iter=MOST_ITERATIONS,
        err_fcn=lambda c, st, data, fitted: np.sqrt(np.mean((data - fitted) ** 2)) / noise,
        tol_increase=None,
        tol_err_change=CONVERGED,
    )
    log = logging.getLogger(library.__name__)  # prints each end of an iteration
    silent, log.disabled = log.disabled, True
    try:
        fit.fit(smooth, C=courses)
    finally:
        log.disabled = silent
    return fit


def _left(rows: Array, fit: Any) -> float:
    """Sum of squares a fit leaves, without the noise of the first frame in all others."""
    left = rows - fit.C_opt_ @ fit.ST_opt_
    return float(np.sum((left - left.mean(axis=0)) ** 2))


def _criterion(rows: Array, fit: Any, noise: float) -> float:
    """Bayesian information criterion with the noise known (Schwarz 1978)."""
    parameters = fit.n_targets * sum(rows.shape)
    return float(_left(rows, fit) / noise**2 + parameters * np.log(rows.size))


def _ordered(fit: Any, noise: float) -> tuple[Array, Array, tuple[int, ...]]:
    """Amounts, spectra of largest value 1, and frames of rise, in the order of those."""
    amounts, spectra = fit.C_opt_, fit.ST_opt_
    real = (spectra.max(axis=1) > 0) & (amounts.max(axis=0) > 0)
    amounts, spectra = amounts[:, real], spectra[real]
    height = spectra.max(axis=1)
    amounts, spectra = amounts * height, spectra / height[:, None]
    error = noise * np.sqrt(2 * np.diag(np.linalg.pinv(spectra @ spectra.T, hermitian=True)))
    risen = amounts > SEEN * error
    risen[1:-1] &= risen[2:]  # in two frames running, but for the last
    appears = np.where(risen.any(axis=0), risen.argmax(axis=0), amounts.argmax(axis=0))
    order = np.argsort(appears, kind="stable")
    return amounts[:, order], spectra[order], tuple(int(frame) for frame in appears[order])


def _purest(smooth: Array, count: int, noise: float) -> list[int]:
    """Wavenumbers with the purest courses, the purest first.

    The first has the largest spread for its mean, as in SIMPLISMA; each next the largest that is
    left when the courses of those before are projected out. Courses of the same mean are averages
    of the pure ones, so where each component has a wavenumber of its own, these are found (Gillis
    and Vavasis 2014, doi 10.1109/TPAMI.2013.226). An offset holds back those with a small mean.
    """
    positive = np.maximum(smooth, 0)
    mean = positive.mean(axis=0)
    weighed = positive / (mean + 0.05 * mean.max() + 3 * noise)
    picked: list[int] = []
    for _ in range(count):
        left = np.linalg.norm(weighed, axis=0)
        left[picked] = -1
        picked.append(int(left.argmax()))
        course = weighed[:, picked[-1]]
        size = course @ course
        if size > 0:
            weighed = weighed - np.outer(course / size, course @ weighed)
    return picked


def _nothing(rows: Array) -> SecondWay:
    return SecondWay(
        components=0,
        appears=(),
        spectra=np.zeros((0, rows.shape[1])),
        amounts=np.zeros((len(rows), 0)),
        nearest=(),
        explained=0.0,
        note="Nothing rises out of the noise.",
    )


def _unit(rows: Array) -> Array:
    size = np.linalg.norm(rows, axis=-1, keepdims=True)
    return np.asarray(rows / np.maximum(size, 1e-300))
