"""One spectrum, or none, and the conditions ahead, to a forecast: spectra, streams, species."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import ModelError, OptionError
from opir.models import Forecaster, ForecastInputs, from_pretrained
from opir.models.inputs import DRIVE
from opir.protocol import Protocol
from opir.quantities import parse
from opir.run import Run, Spectrum
from opir.system import System
from opir.workflows.conditions import conditions
from opir.workflows.forecast_run import bounds_of, labelled
from opir.workflows.given_spectra import GivenSpectra, read_given, simulated_given
from opir.workflows.given_system import given_system

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Prediction", "even_times", "predict"]

Array = NDArray[np.float64]

_MOST_FRAMES = 100_000


@dataclass(frozen=True)
class Prediction:
    """A forecast with all that belongs to it.

    Attributes:
        run: The forecast. Beside ``absorbance [time, wavenumber]`` it holds, as far as the model
            has them, ``stream_<name> [time, wavenumber]``; ``absorbance_lower`` and
            ``absorbance_upper``, and the same with ``_whole`` for the trajectory as a whole;
            ``amount [time, component]``, ``amount_given [component]`` at the first given spectrum
            and ``extent [time, reaction]`` since then [mmol m-2], with the mean ``rate`` since the
            frame before [mmol m-2 s-1]; ``shift [time, component]`` [cm-1]; voltage, current,
            temperature and ``potential`` of the working electrode ``[time]``; and of what was given
            ``given_absorbance [given_time, wavenumber]`` and ``given_voltage [given_time]``, ....
        given: The spectra forecast from.
        notes: What the user should know, a sentence each.
        files: What was written, if anything.
    """

    run: Run
    given: GivenSpectra
    notes: tuple[str, ...]
    files: tuple[Path, ...] = ()

    def figure(self) -> Figure:
        """The forecast as one picture, see :func:`opir.plots.prediction.prediction_figure`."""
        from opir.workflows.forecast_files import picture_of

        return picture_of(self.run, self.notes)

    def save(self, folder: Path | str, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write the files of a forecast, see :func:`opir.workflows.forecast_files.write_files`."""
        from opir.workflows.forecast_files import write_files

        return write_files(self.run, self.notes, folder, overwrite=overwrite)


def predict(
    spectrum: Spectrum | Run | Path | str | None,
    *,
    system: System | Path | str | None = None,
    protocol: Protocol | Path | str | None = None,
    model: Forecaster | Path | str = "opir-base",
    times: ArrayLike | None = None,
    frames: int | None = None,
    temperature: float | str | None = None,
    given: int = 1,
    frame: int = 0,
    out: Path | str | None = None,
    overwrite: bool = False,
    format: str | None = None,
) -> Prediction:
    """Forecast what follows one spectrum.

    The spectrum is processed as the model's training spectra were. It counts as time 0, and the
    protocol starts there; where several are given, the first of them does.

    Args:
        spectrum: A spectrum, or a run of which one frame is taken, or any file that opir reads;
            None: the static spectrum is simulated from the composition of the system.
        system: The system, its YAML or JSON file or text, or the name of one in the library. What
            it leaves out is taken from the library's system of the same name.
        protocol: What the cell will do, or its file; for models of described systems also a
            cycler's file, the name of a protocol or a text, as of ``opir simulate``.
        model: A model, the name of one that ships, or the file of one.
        times: Times to forecast [s], rising; by default those trained on, or evenly to the end of
            the protocol for models of described systems.
        frames: In their place, how many, evenly to the end of the protocol.
        temperature: In place of the system's [K, or a text such as ``"25 degC"``].
        given: How many frames of a run are given to the model.
        frame: The first of them, counted from 0.
        out: Folder for the files, see :meth:`Prediction.save`; nothing is written without.
        overwrite: Replace the files where they are.
        format: Name of a reader, to skip telling the format by content.

    Raises:
        FormatError: If a file cannot be read or holds something else.
        ModelError: If the spectrum is not what the model takes (range, measure, sign), the model
            needs the system and it is not given, or memory does not suffice.
        OptionError: If there is no default for the times, or both kinds are given; or a name of a
            protocol is given to a model that is not told of systems.
        UnknownNameError: If a name is not in the library, or no such model ships.
        UnitError, ValueRangeError: If a temperature is in another unit, or none of a cell.
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    if out is not None:
        from opir.workflows.forecast_files import check_files

        check_files(out, overwrite=overwrite)
    if times is not None and frames is not None:
        raise OptionError("times and a number of frames were both given", remedy="Give one of them")
    if frames is not None and not 1 <= frames <= _MOST_FRAMES:
        raise OptionError(
            f"{frames} frames were asked for", remedy=f"Ask for 1 to {_MOST_FRAMES:,}"
        )
    forecaster = model if isinstance(model, Forecaster) else from_pretrained(model)
    weights = "" if isinstance(model, Forecaster) else Path(model).stem
    cell, notes = given_system(system, temperature)
    if spectrum is not None:
        start = read_given(spectrum, forecaster, frame=frame, count=given, format=format)
    elif cell is None:
        raise OptionError(
            "there is neither a spectrum nor a system to simulate one of",
            remedy="Give a spectrum, or a system (--system lp57-graphite)",
        )
    else:
        start = simulated_given(cell, forecaster)
    notes += start.notes
    outside, potential, asked = False, None, None
    if forecaster.recipe.get("described"):
        told = conditions(
            forecaster,
            cell,
            protocol,
            times,
            frames=frames,
            given_times=start.times,
            given_drive=start.drive,
        )
        plan, inputs = told.protocol, told.inputs(start.values, start.last.wavenumber)
        notes, outside = notes + told.notes, told.outside
        potential, asked = told.potential, told.asked
        if told.unlike:
            forecaster, said = _careful(forecaster)
            notes += said
    else:
        plan = _plan(protocol, forecaster)
        ahead = _times(times, frames, plan, start, forecaster)
        inputs, said, outside = _inputs(start, ahead, plan, cell, forecaster)
        notes += said
    with _enough_memory(inputs):
        forecast = forecaster.forecast(inputs)
        remarks = forecaster.remarks(inputs)
        notes += remarks
        if asked is not None:
            forecast, inputs = forecast.at(asked), inputs.at(asked)
        run = labelled(forecast, inputs, start, forecaster)
        run.attrs |= {"weights": weights} if weights else {}
        if potential is not None:
            count = start.times.size
            attributes = {"units": "V", "long_name": "potential of the working electrode"}
            run["potential"] = ("time", potential[count:][asked], attributes)
            run["given_potential"] = ("given_time", potential[:count], attributes)
        bounds, said = bounds_of(forecast, inputs, forecaster, outside or bool(remarks))
        run = run.assign(bounds)
        notes += said
        if cell is not None:
            run.attrs["system"] = cell.to_json()
        if plan is not None:
            run.attrs["protocol"] = plan.to_text()
        run.attrs["title"] = _title(run.attrs, cell, plan)
        made = Prediction(Run(run), start, notes)
        if out is None:
            return made
        return Prediction(made.run, start, notes, made.save(out, overwrite=overwrite))


def _title(attributes: dict[str, Any], cell: System | None, plan: Protocol | None) -> str:
    """The cell and its protocol, then what it is a forecast of, and by which weights."""
    facts = [cell.name] if cell is not None and cell.name else []
    facts += [f"under {plan.name}"] if plan is not None and plan.name else []
    model = attributes.get("weights") or attributes["model"]
    made = f"forecast from {attributes['source']} by {model}"
    return ", ".join([*([" ".join(facts)] if facts else []), made])


def even_times(every: str | float, until: str | float) -> Array:
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
    if count > _MOST_FRAMES:
        raise OptionError(
            f"{count} times were asked for", remedy=f"Ask for {_MOST_FRAMES:,} at most"
        )
    return step * np.arange(1, count + 1, dtype=np.float64)


def _careful(model: Forecaster) -> tuple[Forecaster, tuple[str, ...]]:
    """The model with the share of its change that is kept on a system like none trained on."""
    share = model.recipe.get("trust_unlike")
    if share is None or model.trust is None or share >= model.trust:
        return model, ()
    less = copy(model)
    less.trust = float(share)
    note = (
        f"Of the forecast change {share:.0%} is kept, since that was best on the average over "
        "systems held out of training."
    )
    return less, (note,)


def _plan(protocol: Protocol | Path | str | None, model: Forecaster) -> Protocol | None:
    """The protocol for a model that is not told of systems: names and texts need one."""
    if protocol is None or isinstance(protocol, Protocol):
        return protocol
    path = Path(protocol)
    if not (path.suffix or path.exists()):
        raise OptionError(
            f"the model {model.name!r} is not told of systems, so {str(protocol)!r} must be the "
            "file of a protocol, and there is none",
            remedy="Give a YAML file of the protocol, or take a model of described systems",
        )
    return Protocol.from_file(path)


def _times(
    times: ArrayLike | None,
    frames: int | None,
    protocol: Protocol | None,
    given: GivenSpectra,
    model: Forecaster,
) -> Array:
    """Times to forecast on the clock of the given spectra [s]."""
    begin = given.times[-1]
    if times is not None:
        return np.asarray(times, dtype=np.float64)
    lead = np.asarray(model.recipe.get("lead") or [], dtype=np.float64)
    if frames is not None and (protocol is not None or lead.size):
        end = begin + lead[-1] if protocol is None else protocol.duration
        return np.asarray(np.linspace(begin, end, frames + 1)[1:])
    if not lead.size:
        raise OptionError("the model does not say which times it was trained on; give times")
    return np.asarray(begin + lead)


def _inputs(
    given: GivenSpectra,
    ahead: Array,
    protocol: Protocol | None,
    system: System | None,
    model: Forecaster,
) -> tuple[ForecastInputs, tuple[str, ...], bool]:
    """Inputs without what the model never saw, notes, and whether times are beyond the trained."""
    clock = np.concatenate([given.times, ahead])
    drive = np.full((clock.size, len(DRIVE)), np.nan)
    if protocol is not None:
        drive = protocol.sample(clock).table.copy()
    if system is not None and system.temperature is not None:
        missing = np.isnan(drive[:, DRIVE.index("temperature")])
        drive[missing, DRIVE.index("temperature")] = system.temperature
    seen: list[Any] = list(model.recipe.get("drive", []))
    notes = []
    for channel, name in enumerate(DRIVE):
        if not np.isnan(drive[:, channel]).all() and name not in seen:
            drive[:, channel] = np.nan
            notes.append(f"The {name} was left out: the model was trained without it.")
    inputs = ForecastInputs(
        given=given.values[None],
        given_times=given.times[None],
        times=ahead[None],
        wavenumber=given.last.wavenumber,
        drive=drive[None],
    )
    longest = max(model.recipe.get("lead", [np.inf]))
    beyond = bool(inputs.lead.max() > longest * (1 + 1e-9))
    if beyond:
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
    return inputs, tuple(notes), beyond


@contextmanager
def _enough_memory(inputs: ForecastInputs) -> Iterator[None]:
    """Say what to do where memory does not suffice."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch says it with a RuntimeError
        if not (isinstance(error, MemoryError) or "allocate memory" in str(error)):
            raise
        raise ModelError(
            f"{inputs.frames} frames of {inputs.wavenumber.size} points need more memory than "
            "there is",
            remedy="Ask for fewer frames (--frames), or for a shorter stretch (--every, --until)",
        ) from error
