"""The demonstration: the main job on the real runs that can be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from opir.workflows.real_runs import RealRunReport, fermentation, tga_ir

__all__ = ["demo"]

SHARED = Path("../shared/real/infrared/omnic/tga_ir.srs")


def demo(
    out: Path | str = "results/demo",
    *,
    overwrite: bool = False,
    rotations: int = 5,
    tga_file: Path | str | None = None,
    say: Callable[[str], None] | None = print,
) -> list[RealRunReport]:
    """Forecast real runs from single frames; a few minutes on two cores.

    Args:
        out: Folder for the results, one folder per run in it.
        overwrite: Replace what is there.
        rotations: Rotations of the block cycle.
        tga_file: OMNIC series of the thermogravimetric run; by default the one in
            ``../shared/real`` where that is there, and none otherwise.
        say: Takes a line of text now and then.
    """
    target = Path(out)
    where = target / "fermentation"
    reports = [fermentation(where, overwrite=overwrite, rotations=rotations, say=say)]
    series = SHARED if tga_file is None and SHARED.is_file() else tga_file
    if series is not None:
        where = target / "tga_ir"
        reports.append(tga_ir(series, where, overwrite=overwrite, rotations=rotations, say=say))
    elif say:
        say(f"TGA-IR is left out: {SHARED} is not there")
    for report in reports:
        if say:
            say("\n" + report.text)
            say(f"Results: {report.folder}")
    return reports
