"""Drawing what a file holds."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from opir.errors import OptionError, UnknownNameError
from opir.files import check_output
from opir.plots import PLOTS, save
from opir.plots.style import check_ending
from opir.run import Electrochemistry, Run, Table
from opir.run.processing import Pipeline, cut
from opir.run.readers import read
from opir.run.spectral import SpectralData

__all__ = ["plot"]

Steps = Iterable[str | tuple[str, Mapping[str, Any]]]


def plot(
    path: Path | str,
    kind: str | None = None,
    *,
    region: tuple[float, float] | None = None,
    steps: Steps = (),
    out: Path | str | None = None,
    overwrite: bool = False,
    format: str | None = None,
    block: str | None = None,
    **options: Any,
) -> Path:
    """Draw what a file holds and save the picture.

    Args:
        path: Any file that opir reads.
        kind: ``heatmap``, ``waterfall``, ``difference``, ``spectrum`` or ``electrochemistry``; by
            default a heat map of a run, the spectrum, or the traces of a cycler's record.
        region: Only these wavenumbers [cm-1], in either order, after the steps.
        steps: Processing before drawing, as in :func:`opir.run.processing.process`.
        out: The picture; its ending chooses PNG, SVG or PDF. By default it lies beside ``path``
            as ``<name>-<kind>.png``.
        overwrite: Replace a picture that is there.
        format, block: As in :func:`opir.read`.
        **options: Of the picture (``count=8``, ``limits=(-0.1, 0.1)``, ``name="..."``).

    Returns:
        Where the picture lies.

    Raises:
        UnknownNameError: If the kind is unknown; the nearest are listed.
        FormatError: If the file cannot be read.
        OptionError: If the kind does not suit what the file holds, or has no such option.
        AxisError: If no point lies in the region.
        OutputExistsError, OutputError: If the picture cannot be written.
    """
    path = Path(path)
    if kind is not None and kind not in PLOTS:
        raise UnknownNameError("kind of picture", kind, PLOTS)
    if out is not None:
        check_ending(out)
        check_output(out, overwrite=overwrite)
    data = read(path, format=format, block=block)
    if isinstance(data, Table):
        raise OptionError(
            "the file holds a plain table; spectra and cyclers' records are drawn",
            remedy="Look at it with: opir show",
            path=path,
        )
    pipeline = Pipeline(tuple(steps))
    if isinstance(data, SpectralData):
        data = pipeline(data)
        data = data if region is None else cut(data, *region, keep=False)
    elif pipeline.steps or region is not None:
        raise OptionError("a cycler's record has no wavenumbers to process", path=path)
    if kind is None:
        kind = "spectrum"
        if isinstance(data, Run):
            kind = "heatmap"
        elif isinstance(data, Electrochemistry):
            kind = "electrochemistry"
    target = Path(out) if out is not None else path.with_name(f"{path.stem}-{kind}.png")
    check_output(target, overwrite=overwrite)
    known = list(inspect.signature(PLOTS[kind]).parameters)[1:]
    for name in options:
        if name not in known:
            raise OptionError(
                f"the picture {kind!r} has no option {name!r}", remedy=f"It has {', '.join(known)}"
            )
    return save(PLOTS[kind](data, **options), target, overwrite=overwrite)
