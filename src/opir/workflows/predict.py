"""One measured spectrum and the conditions ahead, to a forecast: NetCDF, CSV and a picture."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import library
from opir.errors import FormatError, ModelError, OptionError
from opir.files import atomic_path, check_output
from opir.models import Forecaster, ForecastInputs, load_model
from opir.models.inputs import DRIVE
from opir.plots import save
from opir.plots.forecast import prediction_figure
from opir.protocol import Protocol
from opir.quantities import parse
from opir.run import Run, Spectrum
from opir.run.netcdf import write_run
from opir.run.processing import Pipeline, resample
from opir.run.readers import read
from opir.system import System
from opir.workflows.conditions import conditions

__all__ = ["Prediction", "even_times", "predict"]


@dataclass(frozen=True)
class Prediction:
    """What a prediction left behind.

    Attributes:
        run: The forecast, with streams, amounts, extents and shift beside the spectra.
        files: The NetCDF file, the table and the picture.
        notes: What the user should know: conditions that the model cannot use, times beyond
            those it was trained on.
    """

    run: Run
    files: tuple[Path, ...]
    notes: tuple[str, ...]


def predict(
    spectrum_path: Path | str,
    *,
    model: Path | str | Forecaster,
    out: Path | str,
    system: System | Path | str | None = None,
    protocol: Protocol | Path | str | None = None,
    times: ArrayLike | None = None,
    frame: int = 0,
    overwrite: bool = False,
    format: str | None = None,
) -> Prediction:
    """Forecast what follows one spectrum.

    The spectrum is processed as the model's training spectra were. It counts as time 0, and the
    protocol starts there.

    Args:
        spectrum_path: Any file that opir reads; of a run, ``frame`` is taken.
        model: A model, or the file of one.
        out: Folder for ``forecast.nc``, ``forecast.csv`` and ``forecast.png``.
        system: The system, its YAML or JSON file, or the name of one in the library. Its
            temperature is used where the protocol gives none, and all of it by models that were
            trained on described systems.
        protocol: What the cell will do, or its file; for models that were trained on described
            systems also the name of a protocol or a text, as of ``opir simulate``.
        times: Times to forecast after the spectrum [s], rising; by default those trained on, or
            evenly to the end of the protocol where its course is simulated.
        frame: Which spectrum of a run, counted from 0.
        overwrite: Replace the files where they are.
        format: Name of a reader, to skip telling the format by content.

    Raises:
        FormatError: If a file cannot be read or holds something else.
        ModelError: If the spectrum does not cover the model's wavenumbers, or the model needs the
            system and it is not given.
        OptionError: If there is no default for the times.
        UnknownNameError: If a name is not in the library.
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    target = Path(out)
    check_output(target, overwrite=True)
    files = tuple(target / f"forecast.{ending}" for ending in ("nc", "csv", "png"))
    for path in files:
        if path.exists():
            check_output(path, overwrite=overwrite)
    forecaster = model if isinstance(model, Forecaster) else load_model(model)
    cell = _system(system)
    given = _processed(_spectrum(spectrum_path, frame, format), forecaster)
    if forecaster.recipe.get("described"):
        told = conditions(forecaster, cell, protocol, times)
        plan, inputs, notes = told.protocol, told.inputs(given), told.notes
    else:
        if not isinstance(protocol, Protocol) and protocol is not None:
            protocol = Protocol.from_file(protocol)
        plan = protocol
        ahead = _times(times, forecaster)
        inputs, notes = _inputs(given, ahead, plan, cell, forecaster)
    forecast = forecaster.forecast(inputs)
    notes += forecaster.remarks(inputs)

    source = Path(spectrum_path).name
    run = forecast.to_run(name=f"forecast from {source} by {forecaster.name}")
    for channel, name in enumerate(DRIVE):
        column = inputs.drive[0, 1:, channel]
        if not np.isnan(column).all():
            run.dataset[name] = ("time", column)
    attributes = {"history": str(given.dataset.attrs.get("history", "")), "source": source}
    if cell is not None:
        attributes["system"] = cell.to_json()
    if plan is not None:
        attributes["protocol"] = plan.to_text()
    run = Run(run.dataset.assign_attrs(attributes))

    target.mkdir(exist_ok=True)
    write_run(run, files[0], overwrite=overwrite)
    _write_table(run, files[1], overwrite)
    figure = prediction_figure(given, run, text=f"What follows {source}, by {forecaster.name}")
    save(figure, files[2], overwrite=overwrite)
    return Prediction(run, files, notes)


def even_times(every: str | float, until: str | float) -> NDArray[np.float64]:
    """Evenly spaced times [s] after the spectrum, from ``every`` up to ``until``, both included.

    Args:
        every: Spacing, in seconds or with a unit (``"10 min"``).
        until: Last time, likewise (``"5 h"``).

    Raises:
        OptionError: If one is missing or not above 0, or more than 100,000 times would follow.
        UnitError: If a unit is unknown.
    """
    if every == "" or until == "":
        raise OptionError("a spacing and a last time are needed", remedy="Give --every and --until")
    step, last = parse(every, "time"), parse(until, "time")
    if not 0 < step <= last:
        raise OptionError(
            f"every {step:g} s until {last:g} s gives no time", remedy="Give 0 < every <= until"
        )
    count = int(np.floor(last / step * (1 + 1e-12)))
    if count > 100_000:
        raise OptionError(f"{count} times were asked for", remedy="Ask for 100,000 at most")
    return step * np.arange(1, count + 1, dtype=np.float64)


def _system(system: System | Path | str | None) -> System | None:
    """A system, from its file, or by its name in the library."""
    if system is None or isinstance(system, System):
        return system
    if Path(system).exists() or Path(system).suffix:
        return System.from_file(system)
    return library().systems[str(system)].system


def _spectrum(path: Path | str, frame: int, format: str | None) -> Spectrum:
    data = read(path, format=format)
    if isinstance(data, Run):
        return data.spectrum(frame)
    if isinstance(data, Spectrum):
        return data
    raise FormatError("the file holds no spectrum", path=path, remedy="Give a spectrum or a run")


def _processed(spectrum: Spectrum, model: Forecaster) -> Spectrum:
    """The spectrum as the model's training spectra were, on their axis."""
    text = str(model.recipe.get("processing", "[]"))
    if Pipeline.from_history(spectrum).to_json() != text:
        spectrum = Pipeline.from_json(text)(spectrum)
    wanted = np.asarray(model.recipe.get("wavenumber", []), dtype=np.float64)
    found = spectrum.wavenumber
    if wanted.size == 0 or (found.shape == wanted.shape and np.allclose(found, wanted, atol=1e-3)):
        return spectrum
    if found.min() > wanted.min() + 1e-3 or found.max() < wanted.max() - 1e-3:
        raise ModelError(
            f"the spectrum covers {found.min():g} to {found.max():g} cm-1 after processing; the "
            f"model needs {wanted.min():g} to {wanted.max():g} cm-1",
            remedy="Give a spectrum with that range, or train a model on yours",
        )
    return resample(spectrum, wanted, keep=False)


def _times(times: ArrayLike | None, model: Forecaster) -> NDArray[np.float64]:
    if times is not None:
        return np.asarray(times, dtype=np.float64)
    lead = model.recipe.get("lead")
    if not lead:
        raise OptionError("the model does not say which times it was trained on; give times")
    return np.asarray(lead, dtype=np.float64)


def _inputs(
    given: Spectrum,
    ahead: NDArray[np.float64],
    protocol: Protocol | None,
    system: System | None,
    model: Forecaster,
) -> tuple[ForecastInputs, tuple[str, ...]]:
    """Inputs without what the model never saw, and notes on what was left out."""
    inputs = ForecastInputs.from_spectrum(
        given,
        ahead,
        protocol=protocol,
        temperature=None if system is None else system.temperature,
    )
    seen: list[Any] = list(model.recipe.get("drive", []))
    notes = []
    for channel, name in enumerate(DRIVE):
        known = not np.isnan(inputs.drive[..., channel]).all()
        if known and name not in seen:
            inputs.drive[..., channel] = np.nan
            notes.append(f"The {name} was left out: the model was trained without it.")
    longest = max(model.recipe.get("lead", [np.inf]))
    if ahead[-1] > longest * (1 + 1e-9):
        notes.append(
            f"Times beyond {longest:g} s after the spectrum were never trained on; the forecast "
            "there is an extrapolation."
        )
    origins = [str(item) for item in model.recipe.get("origin", [])]
    if system is not None and (system.electrolyte or system.working_electrode):
        notes.append(
            "Of the system only the temperature was used: the model was trained without its "
            "composition. The rest is kept with the forecast."
        )
    if "simulated" in origins:
        notes.append("The model was trained on simulated runs: the forecast is only as real.")
    return inputs, tuple(notes)


def _write_table(run: Run, path: Path, overwrite: bool) -> None:
    columns = {"time / s": run.time}
    for name, unit in zip(DRIVE, ("V", "A", "K"), strict=True):
        values = run.on_time(name)
        if values is not None:
            columns[f"{name} / {unit}"] = values
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow([*columns, *(f"{nu:g}" for nu in run.wavenumber)])
        for row, spectrum in enumerate(run.values):
            cells = [float(values[row]) for values in columns.values()]
            shown = ["" if np.isnan(cell) else f"{cell:.10g}" for cell in cells]
            writer.writerow([*shown, *(f"{value:.8g}" for value in spectrum)])
