"""The files of what was recovered of a run: JSON, tables, pictures and a page."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from opir.files import atomic_path, check_folder, output_errors
from opir.pathways.result import Onset, Pathways
from opir.plots import save
from opir.workflows.pathways_pictures import fit_picture, network_picture, timeline_picture
from opir.workflows.pathways_report import report_page
from opir.workflows.pathways_tables import Stated
from opir.workflows.pathways_words import amount_unit

__all__ = ["ENDINGS", "check_files", "write_files"]

ENDINGS = (
    "-pathways.json",
    "-species.csv",
    "-reactions.csv",
    "-courses.csv",
    "-network.png",
    "-timeline.png",
    "-fit.png",
    "-pathways.html",
)
"""What follows the name of a run in the names of the files."""

_ONSET = ("time", "potential")
_DPI = 200
"""Of the pictures: nearly two dots for each pixel of a usual screen."""


def check_files(folder: Path | str, name: str, *, overwrite: bool) -> None:
    """Refuse a folder that cannot be written to, before anything is worked out.

    Raises:
        OutputExistsError: If a file is there and ``overwrite`` is false.
        OutputError: If the folder's folder does not exist, or it is a file.
    """
    check_folder(folder, (f"{name}{ending}" for ending in ENDINGS), overwrite=overwrite)


def write_files(
    pathways: Pathways,
    folder: Path | str,
    name: str,
    *,
    overwrite: bool = False,
    stated: Stated | None = None,
) -> tuple[Path, ...]:
    """Write what was recovered of a run; all files or none.

    ``-pathways.json`` holds everything but the spectra. ``-species.csv`` and ``-reactions.csv``
    have a row for each, ``-courses.csv`` amounts and extents over time with their limits. Then
    come the pictures, and ``-pathways.html``, a page that asks nothing of any network.

    Args:
        pathways: What was recovered.
        folder: Where to; made where it is missing.
        name: How the names of the files begin.
        overwrite: Replace files that are there.
        stated: What a forecast itself says, see :func:`report_page`.

    Raises:
        OutputExistsError: If a file exists and ``overwrite`` is false.
        OutputError: If one cannot be written.
    """
    check_files(folder, name, overwrite=overwrite)
    target = Path(folder)
    made = not target.exists()
    with output_errors(target):
        target.mkdir(exist_ok=True)
    files = [target / f"{name}{ending}" for ending in ENDINGS]
    fresh = [path for path in files if not path.exists()]
    try:
        content = json.dumps(pathways.to_json(), ensure_ascii=False, allow_nan=False, indent=1)
        _write(files[0], content + "\n", overwrite)
        _write(files[1], _species(pathways), overwrite)
        _write(files[2], _reactions(pathways), overwrite)
        _write(files[3], _courses(pathways), overwrite)
        save(network_picture(pathways), files[4], overwrite=overwrite, dpi=_DPI)
        save(timeline_picture(pathways), files[5], overwrite=overwrite, dpi=_DPI)
        save(fit_picture(pathways), files[6], overwrite=overwrite, dpi=_DPI)
        pictures = dict(
            zip(("network", "timeline", "fit"), (f.read_bytes() for f in files[4:7]), strict=True)
        )
        _write(files[7], report_page(pathways, pictures, stated), overwrite)
    except BaseException:
        for path in fresh:
            path.unlink(missing_ok=True)
        if made:
            target.rmdir()
        raise
    return tuple(files)


def _write(path: Path, text: str, overwrite: bool) -> None:
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


# -- tables ---------------------------------------------------------------------------------------


def _table(rows: Sequence[Mapping[str, object]], head: Sequence[str]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, head)
    writer.writeheader()
    writer.writerows({key: _text(value) for key, value in row.items()} for row in rows)
    return file.getvalue()


def _text(value: object) -> object:
    """Numbers with ten digits, nothing where there is none."""
    if isinstance(value, bool) or not isinstance(value, float):
        return value
    return f"{value:.10g}" if math.isfinite(value) else ""


def _onset(onset: Onset | None) -> dict[str, object]:
    """Onset in seconds and volts with its limits; empty where there is none."""
    found: dict[str, object] = {"onset_frame": "" if onset is None else onset.frame}
    for what, unit in zip(_ONSET, ("s", "V"), strict=True):
        for side in ("", "_lower", "_upper"):
            value = None if onset is None else getattr(onset, f"{what}{side}")
            found[f"onset_{what}{side}_{unit}"] = "" if value is None else float(value)
    return found


def _species(pathways: Pathways) -> str:
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "source": one.source,
            "change_last": float(one.amount[-1]),
            "change_last_lower": float(one.lower[-1]),
            "change_last_upper": float(one.upper[-1]),
            "unit": "mmol m-2" if one.source == "library" else amount_unit(one),
            **_onset(one.onset),
            "growth": one.growth.law if one.growth else "",
            "confidence": float(one.confidence),
            "gain": float(one.gain),
            "signal": float(one.signal),
            "bands_cm-1": _joined(f"{band.position + band.shift:.1f}" for band in one.bands),
            "twins": _joined(one.twins),
        }
        for one in pathways.species
    ]
    head = ["name", "title", "source", "change_last", "change_last_lower", "change_last_upper",
            "unit", *_onset(None), "growth", "confidence", "gain", "signal", "bands_cm-1",
            "twins"]  # fmt: skip
    return _table(rows, head)


def _reactions(pathways: Pathways) -> str:
    rows = [
        {
            "name": one.name,
            "title": one.title,
            "equation": one.equation,
            "source": one.source,
            "status": one.status,
            "extent_last_mmol_m-2": float(one.extent[-1]),
            "extent_last_lower_mmol_m-2": float(one.lower[-1]),
            "extent_last_upper_mmol_m-2": float(one.upper[-1]),
            **_onset(one.onset),
            "confidence": float(one.confidence),
            "gain": float(one.gain),
            "held_out": float(one.held_out),
            "alternatives": _joined(" + ".join(names) for names in one.alternatives),
            "seen_by": _joined(one.species),
            "reason": one.reason,
        }
        for one in pathways.reactions
    ]
    extents = [f"extent_last{side}_mmol_m-2" for side in ("", "_lower", "_upper")]
    head = ["name", "title", "equation", "source", "status", *extents, *_onset(None), "confidence",
            "gain", "held_out", "alternatives", "seen_by", "reason"]  # fmt: skip
    return _table(rows, head)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(texts)


def _courses(pathways: Pathways) -> str:
    columns = {"time / s": pathways.time}
    if pathways.voltage is not None:
        columns["voltage / V"] = pathways.voltage
    for species in pathways.species:
        unit = "mmol m-2" if species.source == "library" else amount_unit(species)
        sides = {"": species.amount, "lower limit, ": species.lower, "upper limit, ": species.upper}
        for side, course in sides.items():
            columns[f"{side}change of {species.name} / {unit}"] = course
    for step in pathways.reactions:
        if step.status == "not needed":
            continue
        sides = {"": step.extent, "lower limit, ": step.lower, "upper limit, ": step.upper}
        for side, course in sides.items():
            columns[f"{side}extent of {step.name} / mmol m-2"] = course
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(
        [_text(float(value)) for value in row] for row in zip(*columns.values(), strict=True)
    )
    return file.getvalue()
