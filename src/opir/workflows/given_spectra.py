"""What a forecast starts from: spectra that are read, checked and processed, or a simulated one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opir.errors import FormatError, ModelError, OpirError, OptionError, SystemDescriptionError
from opir.models import Forecaster
from opir.models.inputs import DRIVE
from opir.run import Run, Spectrum
from opir.run.processing import Pipeline
from opir.run.processing.to_absorbance import to_absorbance
from opir.run.readers import read
from opir.system import System
from opir.workflows.as_trained import as_trained
from opir.workflows.check_absorbance import PERCENT, check_absorbance

__all__ = ["GivenSpectra", "read_given", "simulated_given"]

Array = NDArray[np.float64]

_CHANGING = ("difference", "derivative", "normalise")
"""Steps after which values are no absorbance any more."""


@dataclass(frozen=True)
class GivenSpectra:
    """Spectra as the model takes them.

    Attributes:
        spectra: One or more, rising in time, processed as the model's training spectra were.
        times: Times after the first of them [s], ``[given]``.
        source: Where they come from, for titles.
        notes: What was done to them, and what is strange about them.
        drive: Voltage [V], current [A], temperature [K] recorded with them, NaN where they were
            not, ``[given, 3]``; None where nothing was.
    """

    spectra: tuple[Spectrum, ...]
    times: Array
    source: str
    notes: tuple[str, ...] = ()
    drive: Array | None = None

    @property
    def last(self) -> Spectrum:
        """The spectrum after which the forecast begins."""
        return self.spectra[-1]

    @property
    def values(self) -> Array:
        """``[given, wavenumber]``."""
        return np.array([spectrum.values for spectrum in self.spectra], dtype=np.float64)


def read_given(
    source: Spectrum | Run | Path | str,
    model: Forecaster,
    *,
    frame: int = 0,
    count: int = 1,
    format: str | None = None,
) -> GivenSpectra:
    """Spectra of a file or an object, as the model's training spectra were.

    Args:
        source: A spectrum, a run, or any file that opir reads.
        model: Whose processing, axis and measure are wanted.
        frame: First frame of a run, counted from 0.
        count: Frames to take from there on.
        format: Name of a reader, to skip telling the format by content.

    Raises:
        FormatError: If the file cannot be read or holds no spectrum.
        OptionError: If the run has fewer frames.
        ModelError: If they do not cover the model's wavenumbers, or are no absorbance where the
            model needs it.
    """
    data: Spectrum | Run
    if isinstance(source, (Spectrum, Run)):
        data, title = source, source.name or "spectrum"
    else:
        data, title = _read(source, format)
    if count < 1:
        raise OptionError(f"{count} given frames were asked for", remedy="Give 1 or more")
    times, drive = np.zeros(1), None
    if isinstance(data, Run):
        frames = [data.spectrum(frame)]
        first = frame % data.time.size
        if first + count > data.time.size:
            raise OptionError(
                f"{count} given frames from frame {first} on were asked for; the run has "
                f"{data.time.size}",
                remedy=f"Ask for {data.time.size - first} at most",
            )
        frames += [data.spectrum(number) for number in range(first + 1, first + count)]
        times = data.time[first : first + count] - data.time[first]
        drive = np.full((count, len(DRIVE)), np.nan)
        for channel, name in enumerate(DRIVE):
            column = data.on_time(name)
            if column is not None:
                drive[:, channel] = column[first : first + count]
    elif count > 1 or frame not in (0, -1):
        raise OptionError(
            f"more than one frame was asked for; {title} holds one spectrum",
            remedy="Give a run, or leave --given and --frame out",
        )
    else:
        frames = [data]
    notes: list[str] = []
    try:
        done = tuple(_prepared(spectrum, model, notes) for spectrum in frames)
    except OpirError as error:
        raise error.at(path=source if isinstance(source, (str, Path)) else None) from None
    return GivenSpectra(done, times, title, tuple(dict.fromkeys(notes)), drive)


def simulated_given(system: System, model: Forecaster) -> GivenSpectra:
    """The static spectrum of a system, simulated: a cell of usual constants, without noise.

    Args:
        system: Named after a system of the library, see :func:`opir.simulate.simulate`.
        model: Whose axis and processing are wanted.

    Raises:
        ModelError: If the model does not say its axis.
        SystemDescriptionError, UnknownNameError: As of :func:`opir.simulate.simulate`.
    """
    from opir.simulate import simulate

    axis = np.asarray(model.recipe.get("wavenumber", []), dtype=np.float64)
    if not (axis.size and model.recipe.get("described")):
        raise ModelError(
            f"the model {model.name!r} was not trained on described systems, so no spectrum can "
            "be made from a composition",
            remedy="Give a measured spectrum",
        )
    try:
        made = simulate(
            system, "rest 10 min", vary=False, instrument=None, frames=2, wavenumber=axis
        ).run.spectrum(0)
    except SystemDescriptionError as error:
        raise SystemDescriptionError(
            f"the spectrum cannot be simulated: {error.problem}",
            remedy="Give a measured spectrum, or describe a variant of a system of the library "
            "(opir chemistry list systems)",
        ) from error
    note = (
        f"No spectrum was given: that of {system.name} is simulated from its composition (usual "
        "constants, no noise). What your own cell would show at the start is not in it."
    )
    return GivenSpectra((as_trained(made, model),), np.zeros(1), "a simulated spectrum", (note,))


def _read(path: Path | str, format: str | None) -> tuple[Spectrum | Run, str]:
    data = read(path, format=format)
    if not isinstance(data, (Spectrum, Run)):
        raise FormatError(
            "the file holds no spectrum", path=path, remedy="Give a spectrum or a run"
        )
    return data, Path(path).name


def _prepared(spectrum: Spectrum, model: Forecaster, notes: list[str]) -> Spectrum:
    """One spectrum, checked where the model needs absorbance, as the training spectra were."""
    wanted = np.asarray(model.recipe.get("wavenumber", []), dtype=np.float64)
    if wanted.size:
        _check_unit_of_axis(spectrum.wavenumber, wanted)
    if model.recipe.get("described"):
        spectrum = _absorbance(spectrum, model, notes)
        inside = slice(None)
        if wanted.size:
            axis = spectrum.wavenumber
            inside = (axis >= wanted.min() - 1e-3) & (axis <= wanted.max() + 1e-3)
        if np.asarray(spectrum.values[inside]).size > 2:
            notes += check_absorbance(spectrum.wavenumber[inside], spectrum.values[inside])
    return as_trained(spectrum, model)


def _check_unit_of_axis(found: Array, wanted: Array) -> None:
    """Refuse an axis whose numbers are wavelengths.

    Raises:
        ModelError: If it does not meet the wavenumbers wanted, and would as wavelengths.
    """
    low, high = float(found.min()), float(found.max())
    if low <= 0 or (low < wanted.max() and high > wanted.min()):
        return
    for unit, factor in (("nm", 1e7), ("µm", 1e4)):
        if factor / high < wanted.max() and factor / low > wanted.min():
            raise ModelError(
                f"the axis goes from {low:g} to {high:g}, which does not meet the model's "
                f"{wanted.min():g} to {wanted.max():g} cm-1, but would as wavelengths in {unit}",
                remedy=f"Give wavenumbers in cm-1: {factor:,.0f} over the wavelength in {unit}",
            )


def _absorbance(spectrum: Spectrum, model: Forecaster, notes: list[str]) -> Spectrum:
    """The spectrum as absorbance, converted where it says that it is transmittance.

    Raises:
        ModelError: If it is something else, or was made so by processing.
    """
    steps = Pipeline.from_json(str(model.recipe.get("processing", "[]"))).steps
    own = {step if isinstance(step, str) else step[0] for step in steps}
    strange = [s.name for s in spectrum.history if s.name in _CHANGING and s.name not in own]
    if strange:
        raise ModelError(
            f"the spectrum was processed with {strange[0]!r}, so it is no absorbance any more, "
            f"and the model {model.name!r} forecasts absorbance",
            remedy="Give the spectrum as it was before that step",
        )
    if spectrum.signal == "transmittance":
        middle = float(np.median(spectrum.values))
        if middle > PERCENT:
            raise ModelError(
                f"the transmittance is {middle:.3g} in the median, where 1 lets all light through: "
                "it looks like percent",
                remedy="Divide it by 100, or let the file say that it is in percent ('%')",
            )
        notes.append("The transmittance T was turned into absorbance, -log10(T).")
        return to_absorbance(spectrum)
    if spectrum.signal != "absorbance":
        raise ModelError(
            f"the spectrum is {spectrum.signal.replace('_', ' ')}; the model {model.name!r} "
            "forecasts absorbance",
            remedy="Turn it into absorbance first (opir process FILE to_absorbance)"
            if spectrum.signal == "single_channel"
            else "Give an absorbance or transmittance spectrum",
        )
    return spectrum
