"""What all pictures share: colours, axes with units, the origin of the data, saving.

Matplotlib is imported inside the functions, and only its object interface is used: no pyplot, no
global state, no window system. A figure is a :class:`matplotlib.figure.Figure`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import OptionError, require
from opir.files import atomic_path
from opir.quantities import quantity
from opir.run.processing.base import PROCESSING
from opir.run.spectral import SpectralData

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

__all__ = [
    "COLOURS",
    "DIVERGING",
    "FORMATS",
    "MISSING",
    "SEQUENTIAL",
    "TimeUnit",
    "caption",
    "cell_edges",
    "colour_limits",
    "is_raman",
    "is_signed",
    "new_figure",
    "save",
    "signal_label",
    "spectral_axis",
    "spectral_mesh",
    "time_unit",
    "title",
    "with_gaps",
]

SEQUENTIAL = "cividis"
"""Colour map of values that start at nothing; read alike with and without colour vision."""

DIVERGING = "RdBu_r"
"""Colour map of changes, white at 0, red above; told apart with any colour vision."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
"""Line colours of Okabe and Ito, told apart with any colour vision."""

MISSING = "#d9d9d9"
"""Colour of the ground where nothing was measured."""

FORMATS = (".png", ".svg", ".pdf")
"""Endings that :func:`save` writes."""

_MOST_CELLS = 2400

_GAP = 4.0
"""A step longer than this many usual steps is a gap, drawn empty."""


def new_figure(width: float = 8.0, height: float = 5.0) -> Figure:
    """An empty figure that keeps labels from overlapping.

    Args:
        width, height: Its size in inch.
    """
    module = require("matplotlib.figure", extra="all")
    figure: Figure = module.Figure(figsize=(width, height), layout="constrained")
    return figure


# -- axes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TimeUnit:
    """The unit that times are drawn in: ``shown = seconds / seconds_per_unit``."""

    name: str
    seconds: float

    @property
    def label(self) -> str:
        """Axis label: ``Time / h``."""
        return f"Time / {self.name}"

    def __call__(self, seconds: ArrayLike) -> NDArray[np.float64]:
        """Seconds in this unit."""
        return np.asarray(seconds, dtype=np.float64) / self.seconds


def time_unit(seconds: ArrayLike) -> TimeUnit:
    """The unit in which a range of times [s] reads best: s, min, h or d."""
    times = np.asarray(seconds, dtype=np.float64)
    span = float(np.ptp(times)) if times.size else 0.0
    for name, length, least in (("d", 86400, 5 * 86400), ("h", 3600, 5400), ("min", 60, 300)):
        if span >= least:
            return TimeUnit(name, float(length))
    return TimeUnit("s", 1.0)


def spectral_axis(
    axes: Axes, wavenumber: ArrayLike, *, label: bool = True, raman: bool = False
) -> None:
    """Wavenumbers on the x axis over exactly their range: falling from left to right.

    Raman shifts rise instead, as is the custom there.

    Args:
        axes: Where.
        wavenumber: The axis [cm-1], either direction, shape ``[wavenumber]``.
        label: Write the axis label.
        raman: The axis holds Raman shifts.
    """
    values = np.asarray(wavenumber, dtype=np.float64)
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    axes.set_xlim(*((low, high) if raman else (high, low)))
    if label:
        text = quantity("wavenumber").label
        axes.set_xlabel(text.replace("Wavenumber", "Raman shift") if raman else text)


_NORMALISED = {"snv": "SNV", "max": "maximum = 1", "area": "unit area", "vector": "unit length"}


def signal_label(data: SpectralData) -> str:
    """Label of the ordinate, with what the processing made of it.

    ``Absorbance``, ``Change of absorbance``, ``Absorbance (SNV)``,
    ``2nd derivative of absorbance / cm²``.
    """
    label = quantity(data.signal).label
    for step in data.history:
        kind = str(step.parameters.get("method", "snv"))
        lower = label[0].lower() + label[1:]
        if step.name == "difference":
            label = f"Change of {lower}"
        elif step.name == "derivative":
            order = int(step.parameters.get("order", 1))
            count = {1: "1st", 2: "2nd", 3: "3rd"}.get(order, f"{order}th")
            power = {1: "", 2: "²", 3: "³"}.get(order, f"^{order}")
            label = f"{count} derivative of {lower} / cm{power}"
        elif step.name == "normalise":
            label = f"{label} ({_NORMALISED.get(kind, kind)})"
    return label


def is_raman(data: SpectralData) -> bool:
    """Whether the axis holds Raman shifts."""
    return data.signal == "raman_intensity"


def is_signed(data: SpectralData) -> bool:
    """Whether the processing made the values changes or deviations, so that 0 is the middle."""
    return any(
        step.name in ("difference", "derivative")
        or (step.name == "normalise" and step.parameters.get("method", "snv") == "snv")
        for step in data.history
    )


def caption(data: SpectralData, *more: str) -> str:
    """Name and, in a second line, size and processing of what is shown.

    Args:
        data: Spectrum or run.
        *more: What else to say there.
    """
    name = data.name or Path(str(data.dataset.attrs.get("source", ""))).name or data.KIND
    facts = []
    if "time" in data.dataset.dims:
        times = np.asarray(data.dataset["time"].values)
        unit = time_unit(times)
        facts.append(f"{times.size} spectra over {float(unit(np.ptp(times))):.3g} {unit.name}")
    steps = [step.name.replace("_", " ") for step in data.history if step.name in PROCESSING]
    facts += [", ".join(steps)] if steps else []
    facts += [text for text in more if text]
    return name + ("\n" + "; ".join(facts) if facts else "")


def title(axes: Axes, text: str, origin: str) -> None:
    """A title at the left and, unless the data were measured, their origin at the right.

    Args:
        axes: The topmost axes of the figure.
        text: The title; its first line is set larger.
        origin: One of :data:`opir.run.described.ORIGINS`.
    """
    head, _, rest = text.partition("\n")
    axes.set_title(head + ("\n" if rest else ""), loc="left", fontsize=10)
    if rest:
        axes.annotate(
            rest,
            (0, 1),
            (0, 5),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=8,
            color="#555555",
        )
    if origin != "measured":
        axes.annotate(
            "origin unknown" if origin == "unknown" else origin,
            (1, 1),
            (-3, 23 if rest else 8),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            fontsize=10,
            color=COLOURS[1],
            fontweight="bold",
            bbox={"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": COLOURS[1]},
        )


# -- values -------------------------------------------------------------------------------------


def colour_limits(
    values: ArrayLike, *, centred: bool = False, share: float = 0.998
) -> tuple[float, float, str]:
    """Limits of a colour scale that a few extreme values do not flatten.

    Args:
        values: Any shape; NaN is passed over.
        centred: Make the limits equal on both sides of 0, for a diverging map.
        share: The share of values that lies inside.

    Returns:
        Lower limit, upper limit, and which ends values lie beyond, as the ``extend`` of a
        colour bar (``neither``, ``min``, ``max``, ``both``).
    """
    array = np.asarray(values, dtype=np.float64)
    array = array[np.isfinite(array)]
    if array.size == 0:
        return 0.0, 1.0, "neither"
    low, high = (float(q) for q in np.quantile(array, [(1 - share) / 2, (1 + share) / 2]))
    if centred:
        high = max(abs(low), abs(high))
        low = -high
    if high <= low:
        low, high = low - 0.5, high + 0.5
    below, above = bool(array.min() < low), bool(array.max() > high)
    extend = {(False, False): "neither", (True, False): "min", (False, True): "max"}
    return low, high, extend.get((below, above), "both")


def _gaps(axis: NDArray[np.float64]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which steps of an axis are gaps, and the usual step around each, shape ``[point - 1]``."""
    steps = np.abs(np.diff(axis))
    around = np.lib.stride_tricks.sliding_window_view(np.pad(steps, 5, mode="reflect"), 11)
    usual = np.asarray(np.median(around, axis=-1))
    return steps > _GAP * usual, usual


def with_gaps(
    axis: ArrayLike, values: ArrayLike, *, least: float = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A line's points with a break (NaN) in each gap of the axis.

    Args:
        axis: Shape ``[point]``, monotonic; points may repeat.
        values: Shape ``[point]``; NaN where missing.
        least: Smallest share of the whole range that counts as a gap.
    """
    x = np.asarray(axis, dtype=np.float64)
    y = np.asarray(values, dtype=np.float64)
    if x.size < 3:
        return x, y
    gap = _gaps(x)[0] & (np.abs(np.diff(x)) > least * np.ptp(x))
    after = np.flatnonzero(gap) + 1
    return np.insert(x, after, (x[after - 1] + x[after]) / 2), np.insert(y, after, np.nan)


def cell_edges(axis: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Edges of the cells that a heat map draws around the points of an axis.

    Edges lie midway between neighbours; where the axis has a gap, the cells keep their usual
    width and an empty cell lies between.

    Args:
        axis: Shape ``[point]``, strictly monotonic, either direction.

    Returns:
        Edges, shape ``[cell + 1]``, and for each cell the point it shows, -1 for an empty one.
    """
    x = np.asarray(axis, dtype=np.float64)
    if x.size == 1:
        return np.array([x[0] - 0.5, x[0] + 0.5]), np.array([0])
    gap, usual = _gaps(x)
    half = usual / 2 * np.sign(x[-1] - x[0])
    middle = (x[:-1] + x[1:]) / 2
    edges = [np.array([x[0] - (half[0] if gap[0] else middle[0] - x[0])])]
    edges += [
        np.array([x[i] + half[i], x[i + 1] - half[i]]) if gap[i] else middle[i : i + 1]
        for i in range(gap.size)
    ]
    edges.append(np.array([x[-1] + (half[-1] if gap[-1] else x[-1] - middle[-1])]))
    cells = np.insert(np.arange(x.size), np.flatnonzero(gap) + 1, -1)
    return np.concatenate(edges), cells


def _thinned(
    table: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means of neighbouring rows, where there are more than a picture can show."""
    block = -(-len(table) // _MOST_CELLS)
    if block == 1:
        return table, edges
    starts = np.arange(0, len(table), block)
    known = np.isfinite(table)
    counts = np.add.reduceat(known, starts, axis=0, dtype=np.float64)
    sums = np.add.reduceat(np.where(known, table, 0.0), starts, axis=0)
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return means, np.append(edges[starts], edges[-1])


def spectral_mesh(
    axes: Axes,
    wavenumber: ArrayLike,
    times: ArrayLike,
    values: ArrayLike,
    *,
    cmap: str,
    limits: tuple[float, float],
    raman: bool = False,
) -> QuadMesh:
    """A heat map: wavenumber along, as :func:`spectral_axis` has it, time upwards, gaps empty.

    Args:
        axes: Where.
        wavenumber: Shape ``[wavenumber]`` [cm-1], either direction.
        times: Shape ``[time]``, in the unit that is shown.
        values: Shape ``[time, wavenumber]``; NaN is left empty.
        cmap: Colour map.
        limits: Of the colour scale.
        raman: The wavenumbers are Raman shifts.
    """
    x_edges, x_cells = cell_edges(wavenumber)
    y_edges, y_cells = cell_edges(times)
    table = np.asarray(values, dtype=np.float64)[np.ix_(y_cells, x_cells)]
    table[y_cells < 0] = np.nan
    table[:, x_cells < 0] = np.nan
    table, x_edges = _thinned(table.T, x_edges)
    table, y_edges = _thinned(table.T, y_edges)
    axes.set_facecolor(MISSING)
    mesh = axes.pcolormesh(
        x_edges, y_edges, table, cmap=cmap, vmin=limits[0], vmax=limits[1], rasterized=True
    )
    spectral_axis(axes, x_edges, raman=raman)
    axes.set_ylim(float(y_edges[0]), float(y_edges[-1]))
    return mesh


# -- saving -------------------------------------------------------------------------------------


def save(
    figure: Figure,
    path: Path | str,
    *,
    overwrite: bool = False,
    dpi: int = 150,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write a figure; the ending chooses PNG, SVG or PDF. Nothing half-written stays.

    Args:
        figure: What to write.
        path: Where to.
        overwrite: Replace what is there.
        dpi: Dots per inch, of PNG and of the heat maps inside SVG and PDF.
        metadata: Texts to keep in the file.

    Raises:
        OptionError: If the ending is none of :data:`FORMATS`.
        OutputExistsError: If ``path`` exists and ``overwrite`` is false.
        OutputError: If it cannot be written.
    """
    path = Path(path)
    check_ending(path)
    kept = metadata or {}
    with atomic_path(path, overwrite=overwrite) as temporary:
        if path.suffix.lower() == ".png":
            _save_pixels(figure, temporary, dpi, {"Software": "opir"} | kept)
        else:
            ending = path.suffix.lower()[1:]
            figure.savefig(temporary, format=ending, dpi=dpi, metadata={"Creator": "opir"} | kept)
    return path


def _save_pixels(figure: Figure, path: Path, dpi: int, metadata: dict[str, Any]) -> None:
    """Write a PNG, drawn once: ``savefig`` draws everything once more to work out the layout."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    before = figure.get_dpi()
    figure.set_dpi(dpi)
    try:
        canvas: Any = FigureCanvasAgg(figure)
        canvas.print_png(path, metadata=metadata)
    finally:
        figure.set_dpi(before)


def check_ending(path: Path | str, endings: Sequence[str] = FORMATS) -> None:
    """Refuse a picture file with another ending.

    Raises:
        OptionError: If the ending is none of ``endings``.
    """
    suffix = Path(path).suffix
    if suffix.lower() not in endings:
        raise OptionError(
            f"a picture with the ending {suffix!r} cannot be written",
            remedy=f"Name it with one of {', '.join(endings)}",
        )
