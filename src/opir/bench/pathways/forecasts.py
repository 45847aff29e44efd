"""A run of a store as a forecaster continues it: its first frame, then what it forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from opir.errors import OptionError
from opir.models import Forecaster, ForecastInputs
from opir.models.descriptor import describe
from opir.models.inputs import DRIVE
from opir.run import Run
from opir.run.between import record_of

__all__ = ["UNSEEN", "WEIGHTS", "check_weights", "forecast_run", "weights_of"]

WEIGHTS = "opir-base"
"""The forecaster of all runs but those of an unseen system."""
UNSEEN = "unseen-system"
"""The task whose forecaster has seen no run of the system."""


def weights_of(task: str, fold: str, folder: Path | str | None) -> str:
    """Name or file of the weights for a fold of a task."""
    if task != UNSEEN:
        return WEIGHTS
    return str(Path(folder or ".") / f"{WEIGHTS}-without-{fold}.safetensors")


def check_weights(folds: Sequence[str], folder: Path | str | None) -> None:
    """Check that there are weights for each system that is held out.

    Raises:
        OptionError: If no folder is named, or a file is missing.
    """
    if folder is None:
        raise OptionError(
            f"forecasts of the task {UNSEEN!r} need weights that have not seen the system",
            remedy=f"Give --weights DIR with {WEIGHTS}-without-SYSTEM.safetensors of each system",
        )
    missing = [fold for fold in folds if not Path(weights_of(UNSEEN, fold, folder)).is_file()]
    if missing:
        raise OptionError(
            f"there are no weights without {', '.join(missing)}",
            remedy=f"Make {WEIGHTS}-without-{missing[0]}.safetensors (opir train --without "
            f"{missing[0]}), or leave out the task {UNSEEN!r} or the source forecast",
            path=folder,
        )


def forecast_run(run: Run, model: Forecaster, tags: dict[str, Any]) -> Run:
    """The first frame of a run, and all others as a model forecasts them.

    Times, voltage, current and temperature are those of the run. The model is told what the
    forecasters of OpIRBench are told, and what the cycler recorded between the frames, where the
    run has it: as by :func:`opir.predict`.

    Args:
        run: With its system.
        model: The forecaster.
        tags: Of the store: temperature [K] and water of the run.

    Raises:
        OptionError: If the run does not state its system.
    """
    if run.system is None:
        raise OptionError(
            "the run does not state its system, so it cannot be forecast",
            remedy="Leave out the source forecast",
        )
    columns = {name: run.on_time(name) for name in DRIVE}
    none = np.full(run.time.size, np.nan)
    drive = np.stack([none if item is None else item for item in columns.values()], axis=-1)
    descriptor = describe(run.system, temperature=tags.get("temperature"), water=tags.get("water"))
    record = record_of(run)
    inputs = ForecastInputs(
        given=run.values[None, :1],
        given_times=run.time[None, :1],
        times=run.time[None, 1:],
        wavenumber=run.wavenumber,
        drive=drive[None],
        descriptor=descriptor[None],
        record=np.empty(0) if record is None else record[None],
    )
    ahead = model.forecast(inputs).spectra[0]
    return Run.from_arrays(
        run.time,
        run.wavenumber,
        np.concatenate([run.values[:1], ahead]),
        on_time={name: item for name, item in columns.items() if item is not None},
        system=run.system,
        name=run.name,
        origin="forecast",
    )
