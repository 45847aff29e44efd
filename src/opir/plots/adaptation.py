"""A forecast before and after a model was adapted, beside what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import (
    COLOURS,
    DIVERGING,
    colour_limits,
    new_figure,
    signal_label,
    spectral_axis,
    spectral_mesh,
    time_unit,
    title,
)
from opir.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["adaptation_figure"]

_LINES = {
    "persistence": ("0.45", ":"),
    "before": (COLOURS[0], "--"),
    "after": (COLOURS[1], "-"),
}


def adaptation_figure(
    wavenumber: NDArray[np.float64],
    lead: NDArray[np.float64],
    changes: Mapping[str, NDArray[np.floating]],
    errors: Mapping[str, NDArray[np.floating]],
    *,
    like: Run,
    text: str,
) -> Figure:
    """Change from the given frame, measured and forecast, and the error by lead time.

    The maps share one colour scale.

    Args:
        wavenumber: Axis [cm-1], ``[wavenumber]``, either direction.
        lead: Time after the given frame [s], ``[frames]``.
        changes: ``measured``, ``before`` and ``after``: change of the spectrum in one held-back
            window, ``[frames, wavenumber]``.
        errors: ``persistence``, ``before`` and ``after``: mean absolute error over all held-back
            windows, ``[frames]``.
        like: A run whose signal, processing and origin label the picture.
        text: Title.
    """
    figure = new_figure(11.0, 7.0)
    grid = figure.add_gridspec(2, 6)
    unit = time_unit(lead)
    label = signal_label(like)
    label = label[0].lower() + label[1:]
    low, high, extend = colour_limits(np.concatenate(list(changes.values())), centred=True)
    maps = [figure.add_subplot(grid[0, 2 * place : 2 * place + 2]) for place in range(3)]
    for axes, (name, values) in zip(maps, changes.items(), strict=True):
        mesh = spectral_mesh(
            axes, wavenumber, unit(lead), values, cmap=DIVERGING, limits=(low, high)
        )
        axes.set_title(f"change, {_called(name, like)}", loc="left", fontsize=10)
    maps[0].set_ylabel(f"Time after the given frame / {unit.name}")
    figure.colorbar(mesh, ax=maps, extend=extend).set_label(f"Change of {label}")

    curves = figure.add_subplot(grid[1, :3])
    curves.axhline(0, color="0.6", lw=0.8)
    for name, values in changes.items():
        colour, style = _LINES.get(name, ("black", "-"))
        curves.plot(
            wavenumber, values[-1], color=colour, ls=style, lw=1.3, label=_called(name, like)
        )
    spectral_axis(curves, wavenumber)
    curves.set_ylabel(f"Change of {label}", fontsize=8)
    curves.set_title(
        f"the last of these frames, {unit(lead[-1]):.3g} {unit.name} after", loc="left", fontsize=10
    )
    curves.legend(frameon=False, fontsize=8)

    below = figure.add_subplot(grid[1, 3:])
    for name, values in errors.items():
        colour, style = _LINES[name]
        below.plot(unit(lead), values, color=colour, ls=style, lw=1.6, label=name)
    below.set_ylim(bottom=0)
    below.set_xlabel(f"Time after the given frame / {unit.name}")
    below.set_ylabel(f"Mean absolute error of\n{label}", fontsize=8)
    below.set_title("error, all held-back windows", loc="left", fontsize=10)
    below.legend(frameon=False, fontsize=8)
    figure.suptitle(text, x=0.01, ha="left", fontsize=11)
    title(maps[0], maps[0].get_title(loc="left"), like.origin)
    return figure


def _called(name: str, like: Run) -> str:
    """What was measured is called so only where it was."""
    if name in ("before", "after"):
        return f"forecast {name} adapting"
    return name if like.origin in ("measured", "unknown") else like.origin
