"""A forecast as one labelled run: what it starts from, the cell beside it, units, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from opir.chemistry import library
from opir.models import Forecast, Forecaster, ForecastInputs
from opir.models.inputs import DRIVE
from opir.quantities import quantity
from opir.workflows.given_spectra import GivenSpectra

__all__ = ["LEVEL", "bounds_of", "labelled"]

LEVEL = 0.9
"""Coverage of the intervals that come with a forecast."""

_AS_SHOWN = "as an interphase on the electrode would show it"


def labelled(
    forecast: Forecast, inputs: ForecastInputs, given: GivenSpectra, model: Forecaster
) -> xr.Dataset:
    """The forecast with the spectrum it starts from, the drive, and units.

    Amounts and extents get a unit, and amounts at the first given spectrum are added, where they
    are those of species and reactions of the library.
    """
    run = forecast.to_dataset()
    count, last = given.times.size, given.last
    attributes = {"units": "s", "long_name": "times of the given spectra"}
    run = run.assign_coords(given_time=("given_time", given.times, attributes))
    run["given_absorbance"] = (
        ("given_time", "wavenumber"),
        given.values,
        {"units": "1", "long_name": "the given spectra", "origin": last.origin},
    )
    for channel, name in enumerate(DRIVE):
        column = inputs.drive[0, :, channel]
        if not np.isnan(column[count:]).all():
            run[name] = ("time", column[count:])
            run[f"given_{name}"] = ("given_time", column[:count], {"units": quantity(name).unit})
    known = library()
    if forecast.reactions and set(forecast.reactions) <= set(known.reactions):
        # What was there at first: amounts less what the extents made of it.
        moved = np.zeros(len(forecast.components))
        place = {name: at for at, name in enumerate(forecast.components)}
        extents = run["extent"].values[0]
        for name, extent in zip(forecast.reactions, extents, strict=True):
            for species, number in known.reactions[name].stoichiometry.items():
                if species in place:
                    moved[place[species]] += number * extent
        start = np.maximum(run["amount"].values[0] - moved, 0.0)
        unit = {"units": "mmol m-2"}
        run["amount_given"] = ("component", start, unit)
        run["amount"].attrs = unit | {"long_name": f"amount of the species, {_AS_SHOWN}"}
        run["extent"].attrs = unit | {"long_name": f"extent of the reaction, {_AS_SHOWN}"}
        since = inputs.given_times[0, 0]
        steps = np.diff(inputs.times[0] - since, prepend=0.0)
        rates = np.diff(run["extent"].values, axis=0, prepend=0.0) / steps[:, None]
        run["rate"] = (
            ("time", "reaction"),
            np.maximum(rates, 0.0),  # extents never fall, but for rounding
            {
                "units": "mmol m-2 s-1",
                "long_name": "mean rate since the frame before",
                "comment": "Of the first frame: since the first given spectrum.",
            },
        )
    run.attrs |= {
        "title": f"forecast from {given.source} by {model.name}",
        "history": str(last.dataset.attrs.get("history", "")),
        "source": given.source,
        "trained_on": ", ".join(str(item) for item in model.recipe.get("origin", [])),
    }
    return run


def bounds_of(
    forecast: Forecast, inputs: ForecastInputs, model: Forecaster, outside: bool
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Intervals of :data:`LEVEL` as variables, and what is to be said of them.

    Args:
        forecast, inputs, model: The forecast, and what it was made from and by.
        outside: Something lies outside of what the model was trained on.
    """
    known = model.intervals
    if known is None:
        return {}, ("The model has no intervals, so how sure the forecast is cannot be said.",)
    known = known.at(inputs.wavenumber)
    widened = known.beyond if outside else 1.0
    promise = (
        f"Holds on the average over runs like the {known.runs} calibrated on, not for each run or "
        "system by itself."
    )
    found: dict[str, Any] = {}
    kinds = [("", False, f"a share of {LEVEL:g} of all points lies between")]
    if any(abs(level - LEVEL) < 1e-6 for level in known.whole_levels):
        kinds.append(
            ("_whole", True, f"a share of {LEVEL:g} of runs lies between, with all their points")
        )
    for ending, whole, what in kinds:
        sides = known.around(forecast.spectra, inputs.lead, LEVEL, whole=whole, outside=outside)
        for side, values in zip(("lower", "upper"), sides, strict=True):
            found[f"absorbance_{side}{ending}"] = (
                ("time", "wavenumber"),
                values[0],
                {
                    "units": "1",
                    "long_name": f"{side} end of the interval: {what}",
                    "comment": promise,
                    "level": LEVEL,
                    "widened": widened,
                },
            )
    if not outside:
        return found, ()
    note = (
        f"Since that lies outside of what the model was trained on, the intervals were widened "
        f"{widened:.3g} times."
        if widened > 1
        else "Outside of what the model was trained on the intervals are too narrow: by how much "
        "was not measured for this model."
    )
    return found, (note,)
