"""Drawing what a file holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opir.errors import UnknownNameError
from opir.files import check_output
from opir.plots import PLOTS, save
from opir.plots.style import check_ending
from opir.run import Electrochemistry, Run
from opir.run.readers import read

__all__ = ["plot"]


def plot(
    path: Path | str,
    kind: str | None = None,
    *,
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
        OptionError: If the kind does not suit what the file holds.
        OutputExistsError, OutputError: If the picture cannot be written.
    """
    path = Path(path)
    if kind is not None and kind not in PLOTS:
        raise UnknownNameError("kind of picture", kind, PLOTS)
    if out is not None:
        check_ending(out)
        check_output(out, overwrite=overwrite)
    data = read(path, format=format, block=block)
    if kind is None:
        kind = "spectrum"
        if isinstance(data, Run):
            kind = "heatmap"
        elif isinstance(data, Electrochemistry):
            kind = "electrochemistry"
    target = Path(out) if out is not None else path.with_name(f"{path.stem}-{kind}.png")
    check_output(target, overwrite=overwrite)
    return save(PLOTS[kind](data, **options), target, overwrite=overwrite)
