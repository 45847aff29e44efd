"""Errors of several forecasters by how far ahead they look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.plots.style import COLOURS, new_figure, time_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["lead_figure"]

_STYLES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))


def lead_figure(
    lead: NDArray[np.float64], errors: Mapping[str, NDArray[np.float64]], *, text: str, label: str
) -> Figure:
    """Mean absolute error over lead time.

    Args:
        lead: Time after the given frame [s], shape ``[frames]``.
        errors: Forecaster -> error at these times, shape ``[frames]``; drawn in this order.
        text: Title.
        label: Label of the ordinate.
    """
    figure = new_figure(7.0, 4.5)
    axes = figure.subplots()
    unit = time_unit(lead)
    for number, (name, values) in enumerate(errors.items()):
        strong = name == "abcc"
        axes.plot(
            unit(lead),
            values,
            color=COLOURS[number % len(COLOURS)],
            ls="-" if strong else _STYLES[number % len(_STYLES)],
            lw=2.4 if strong else 1.4,
            label="ABCC" if strong else name,
        )
    axes.set_ylim(bottom=0)
    axes.set_xlabel(f"Time after the given frame / {unit.name}")
    axes.set_ylabel(label)
    axes.set_title(text, loc="left", fontsize=10)
    axes.legend(frameon=False, fontsize=8)
    return figure
