"""The registry of pictures, and the trace of the cell that stands beside the spectra."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.plots.style import COLOURS, TimeUnit, with_gaps
from opir.quantities import quantity
from opir.registry import Registry
from opir.run.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PLOTS", "drive_name", "drive_note", "drive_panel", "trace"]

PLOTS: Registry[Callable[..., Any]] = Registry("kind of picture", group="opir.plots")
"""Kind -> function that draws it: ``(spectrum, run or record, **options) -> Figure``."""

_COLOUR = {"voltage": COLOURS[0], "current": COLOURS[1], "temperature": COLOURS[2]}


def drive_name(run: Run) -> str | None:
    """What of the cell stands beside the spectra: voltage, else current, else temperature."""
    for name in ("voltage", "current", "temperature"):
        column = run.on_time(name)
        if column is not None and np.isfinite(column).any():
            return name
    return None


def drive_note(run: Run) -> str:
    """What is missing of the voltage, in words; empty where nothing is."""
    missing, count = run.missing["voltage"], run.time.size
    if missing == count:
        return "no voltage recorded"
    return f"voltage missing in {missing} of {count} frames" if missing else ""


def trace(
    axes: Axes,
    times: NDArray[np.float64],
    values: ArrayLike,
    name: str,
    *,
    upright: bool = False,
    least_gap: float = 0.0,
) -> None:
    """A line over time with breaks where values are missing or times have a gap.

    Args:
        axes: Where.
        times: In the unit that is shown, shape ``[time]``.
        values: In the unit inside, NaN where missing.
        name: Their quantity.
        upright: Time runs upwards instead of to the right.
        least_gap: Smallest share of the whole time that counts as a gap.
    """
    factor, label = _readable(np.asarray(values, dtype=np.float64), name)
    x, y = with_gaps(times, np.asarray(values, dtype=np.float64) / factor, least=least_gap)
    known = np.isfinite(y)
    before = np.concatenate([[False], known[:-1]])
    after = np.concatenate([known[1:], [False]])
    alone = known & ~before & ~after
    colour = _COLOUR.get(name, COLOURS[6])
    axes.plot(*((y, x) if upright else (x, y)), color=colour, linewidth=1.2)
    if alone.any():
        points = (y[alone], x[alone]) if upright else (x[alone], y[alone])
        axes.plot(*points, color=colour, linestyle="none", marker=".", markersize=3)
    axes.set_xlabel(label) if upright else axes.set_ylabel(label)
    axes.grid(True, color="#e5e5e5", linewidth=0.6)
    axes.set_axisbelow(True)


def _readable(values: NDArray[np.float64], name: str) -> tuple[float, str]:
    """The unit a trace reads best in: its size in the unit inside, and the axis label."""
    item = quantity(name)
    largest = float(np.nanmax(np.abs(values), initial=0.0, where=np.isfinite(values)))
    if name == "current" and 0 < largest < 0.1:
        size, unit = (1e-3, "mA") if largest >= 1e-4 else (1e-6, "µA")
        return size, f"{item.long_name} / {unit}"
    return 1.0, item.label


def drive_panel(axes: Axes, run: Run, unit: TimeUnit, name: str) -> None:
    """The trace of the cell beside a heat map whose time axis it shares.

    Args:
        axes: Where; its y axis is the heat map's.
        run: Whose.
        unit: Unit of the time axis.
        name: Which trace.
    """
    column = run.on_time(name)
    if column is not None:
        trace(axes, unit(run.time), column, name, upright=True)
    axes.tick_params(labelleft=False)
