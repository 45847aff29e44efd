"""Voltage, current and temperature over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from opir.errors import OptionError
from opir.plots.base import PLOTS, trace
from opir.plots.style import new_figure, time_unit, title
from opir.run.electrochemistry import Electrochemistry
from opir.run.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["electrochemistry"]


@PLOTS.register("electrochemistry")
def electrochemistry(record: Electrochemistry | Run, *, name: str | None = None) -> Figure:
    """What the cycler recorded over time, one panel each; broken where values are missing.

    Args:
        record: A cycler's record, or a run that holds voltage or current.
        name: Title; the record's name by default.

    Raises:
        OptionError: If it holds neither voltage nor current nor temperature.
    """
    if isinstance(record, Electrochemistry):
        columns = {key: record.column(key) for key in ("voltage", "current", "temperature")}
        origin = str(record.dataset.attrs.get("origin", "unknown"))
    elif isinstance(record, Run):
        columns = {key: record.on_time(key) for key in ("voltage", "current", "temperature")}
        origin = record.origin
    else:
        raise OptionError(f"a {type(record).__name__} holds no electrochemistry")
    found = {k: v for k, v in columns.items() if v is not None and np.isfinite(v).any()}
    if not found:
        raise OptionError(
            "there is no voltage, current or temperature to draw",
            remedy="Join the spectra with the electrochemistry file first: opir ingest",
        )
    unit = time_unit(record.time)
    figure = new_figure(7.0, 1.0 + 2.0 * len(found))
    panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    notes = [f"{record.time.size} rows"]
    for axes, (key, values) in zip(panels, found.items(), strict=True):
        # Cyclers thin out their rows where little happens; only a long silence is a gap.
        trace(axes, unit(record.time), values, key, least_gap=0.02)
        missing = int(np.isnan(values).sum())
        if missing:
            notes.append(f"{key} missing in {missing}")
    panels[-1].set_xlabel(unit.label)
    times = unit(record.time)
    panels[-1].set_xlim(float(times[0]), float(times[-1]) if times[-1] > times[0] else None)
    head = (record.name or "electrochemistry") if name is None else name
    title(panels[0], head + "\n" + "; ".join(notes), origin)
    return figure
