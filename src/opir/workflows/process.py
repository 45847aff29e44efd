"""Any readable file, processed step by step, as NetCDF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opir.errors import OptionError
from opir.files import check_output
from opir.run import Electrochemistry, Table
from opir.run.netcdf import write_netcdf
from opir.run.processing import Pipeline, undo
from opir.run.readers import Block, read
from opir.workflows.settings import parse_step

__all__ = ["process_file"]


def process_file(
    path: Path | str,
    steps: Sequence[str] = (),
    *,
    out: Path | str,
    undo_steps: int = 0,
    block: str | None = None,
    format: str | None = None,
    overwrite: bool = False,
) -> Block:
    """Read a file, undo or do processing steps, and write NetCDF. No steps: a conversion.

    Args:
        path: Any file that opir reads.
        steps: Steps as words, in order: ``"cut low=950 high=1500"``, ``"smooth"``.
        out: The file to write, ``.nc``.
        undo_steps: Undo so many of the file's last steps first.
        block, format: As in :func:`opir.read`.
        overwrite: Replace ``out`` if it is there.

    Raises:
        OpirError: Names file, step and remedy of whatever is wrong.
    """
    out = check_output(out, overwrite=overwrite)
    if out.suffix.lower() not in (".nc", ".nc4"):
        raise OptionError(f"the output {out.name!r} does not end in .nc")
    pipeline = Pipeline(tuple(parse_step(step) for step in steps))
    data = read(path, format=format, block=block)
    if isinstance(data, Table):
        raise OptionError("the file holds a plain table, which is not written as NetCDF", path=path)
    if isinstance(data, Electrochemistry):
        if steps or undo_steps:
            raise OptionError("the file holds electrochemistry; the steps are for spectra")
    else:
        if undo_steps:
            data = undo(data, undo_steps)
        data = pipeline(data)
    write_netcdf(data, out, overwrite=overwrite)
    return data
