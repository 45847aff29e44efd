"""Spectra of one's own as the library: amounts of each reference in the change of a run."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from opir.errors import AxisError
from opir.pathways.found_species import SURE
from opir.pathways.growth import growth_law
from opir.pathways.onset import find_onset
from opir.pathways.result import FoundSpecies
from opir.run import Spectrum

__all__ = ["fit_references", "on_axis"]

Array = NDArray[np.float64]

_LINES = 2
"""Degree of the baseline that each frame may have."""


def on_axis(references: Mapping[str, Spectrum], wavenumber: Array) -> dict[str, Array]:
    """References on an axis, by straight lines between their points.

    Raises:
        AxisError: If one does not reach over the axis.
    """
    found = {}
    for name, spectrum in references.items():
        axis = np.asarray(spectrum.wavenumber, dtype=np.float64)
        values = np.asarray(spectrum.values, dtype=np.float64)
        order = np.argsort(axis)
        slack = float(np.abs(np.diff(wavenumber)).max())
        if axis.min() > wavenumber.min() + slack or axis.max() < wavenumber.max() - slack:
            raise AxisError(
                f"the reference {name!r} covers {axis.min():g} to {axis.max():g} cm-1, the run "
                f"{wavenumber.min():g} to {wavenumber.max():g}",
                remedy="Cut the run to the range of its references",
            )
        found[name] = np.interp(wavenumber, axis[order], values[order])
    return found


def fit_references(
    change: Array,
    wavenumber: Array,
    noise: Array,
    references: Mapping[str, Array],
    time: Array,
    voltage: Array | None,
) -> tuple[tuple[FoundSpecies, ...], Array]:
    """Least squares of the change on references and a parabola; amounts may rise and fall.

    Amounts are in the unit of the references: 1 is as much as the reference shows.

    Args:
        change: Since the first frame, ``[time, wavenumber]``.
        wavenumber: Axis [cm-1].
        noise: Of a point, ``[wavenumber]``.
        references: On the axis.
        time: [s], ``[time]``.
        voltage: [V], ``[time]``, or None.

    Returns:
        What was found of each, most certain first, and the fit, ``[time, wavenumber]``.
    """
    names = list(references)
    spectra = np.array([references[name] for name in names])
    line = np.polynomial.legendre.legvander(np.linspace(-1, 1, wavenumber.size), _LINES).T
    columns = np.vstack([spectra, line])
    scale = np.linalg.norm(columns, axis=1, keepdims=True)
    weighted = columns / scale / noise
    inverse = np.linalg.pinv(weighted @ weighted.T, rcond=1e-10)
    weights = (change / noise) @ weighted.T @ inverse
    fitted = weights @ (columns / scale)
    rest = (change - fitted) / noise
    # Misfits hang together along the spectrum: they say less than as many that do not.
    lag = float((rest[:, 1:] * rest[:, :-1]).mean() / max(float((rest**2).mean()), 1e-300))
    inflated = max(1.0, float((rest**2).mean())) * (1 + max(lag, 0)) / (1 - min(max(lag, 0), 0.98))
    deviation = np.sqrt(inflated * np.diag(inverse)[: len(names)]) / scale[: len(names), 0]
    amounts = weights[:, : len(names)] / scale[: len(names), 0]
    found = []
    for number, name in enumerate(names):
        amount = amounts[:, number]
        spread = np.full(len(time), deviation[number])
        grows = bool(abs(amount.max()) >= abs(amount.min()))
        moved = float(np.sqrt(((amount / spread) ** 2).sum()))
        limit = np.sqrt(len(time)) * SURE
        found.append(
            FoundSpecies(
                name=name,
                title=name,
                source="reference",
                amount=amount,
                lower=amount - SURE * spread,
                upper=amount + SURE * spread,
                onset=find_onset(time, amount if grows else -amount, spread, voltage),
                growth=growth_law(time, amount, spread) if grows and len(time) > 5 else None,
                bands=(),
                gain=moved**2 - len(time),
                signal=moved,
                confidence=float(1 / (1 + np.exp(-np.clip((moved - limit) / 2, -30, 30)))),
                grows=grows,
            )
        )
    return tuple(sorted(found, key=lambda one: -one.signal)), fitted
