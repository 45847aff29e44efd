"""A run or a spectrum as a run of absorbance, with notes on what is strange about it."""

from __future__ import annotations

import numpy as np

from opir.errors import OptionError
from opir.run import Run, Spectrum
from opir.run.processing.to_absorbance import to_absorbance
from opir.workflows.check_absorbance import PERCENT, check_absorbance

__all__ = ["absorbance_run"]

_NO_ABSORBANCE = ("derivative", "normalise")
"""Steps after which heights are no absorbance any more."""
_EMPTY = 0.1
"""A first frame of less than this share of what changes later is that of an empty cell."""


def absorbance_run(data: Run | Spectrum, *, check: bool = True) -> tuple[Run, tuple[str, ...]]:
    """A run of absorbance, of one frame where there is one spectrum, and notes on it.

    Args:
        data: Spectra; those of transmittance are turned into absorbance.
        check: Refuse what is no absorbance, and note what is strange; without, only transmittance
            is dealt with.

    Raises:
        OptionError: If the spectra were processed so that they are no absorbance any more, or are
            transmittance in percent that does not say so.
        ModelError: If they are said to be absorbance and cannot be.
    """
    steps = {step.name for step in data.history}
    for name in _NO_ABSORBANCE if check else ():
        if name in steps:
            raise OptionError(
                f"the spectra were processed with {name!r}, so they are no absorbance any more",
                remedy="Give them as they were before that step (opir process FILE --undo)",
            )
    notes: list[str] = []
    if data.signal == "transmittance":
        middle = float(np.median(data.values))
        if middle > PERCENT:
            raise OptionError(
                f"the transmittance is {middle:.3g} in the median, where 1 lets all light through",
                remedy="Divide it by 100, or let the file say that it is in percent ('%')",
            )
        data = to_absorbance(data)
        notes.append("The transmittance T was turned into absorbance, -log10(T).")
    run = data if isinstance(data, Run) else _one_frame(data)
    first = run.values[0]
    # Spectra against the first one, differences, and those that begin with an empty cell start at
    # zero and may point down.
    later = _EMPTY * float(np.abs(run.values - first).max())
    full = np.ptp(first) > max(later, 1e-9)
    if check and run.signal == "absorbance" and "difference" not in steps and full:
        notes += check_absorbance(run.wavenumber, first)
    return run, tuple(notes)


def _one_frame(spectrum: Spectrum) -> Run:
    return Run.from_arrays(
        [0.0],
        spectrum.wavenumber,
        spectrum.values[None],
        signal=spectrum.signal,
        name=spectrum.name,
        origin=spectrum.origin,
    )
