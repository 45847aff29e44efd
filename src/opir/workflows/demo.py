"""The demonstration: the main job on a battery, simulated, and on the real runs there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from opir.workflows.battery_demo import battery
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
    """Forecast a battery from one spectrum, then real runs; a few minutes on two cores.

    The battery is simulated; no open operando infrared data of a real one is known to us.

    Args:
        out: Folder for the results, one folder per run in it.
        overwrite: Replace what is there.
        rotations: Rotations of the block cycle.
        tga_file: OMNIC series of the thermogravimetric run; by default the one in
            ``../shared/real`` where that is there, and none otherwise.
        say: Takes a line of text now and then.
    """
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    cell = battery(target / "battery", overwrite=overwrite)
    if say:
        say(f"{cell.text}\nResults: {cell.folder}\n")
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
