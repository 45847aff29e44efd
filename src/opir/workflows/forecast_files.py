"""The files of a forecast: NetCDF, two tables, a picture and a page."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from opir.bench.report.page import Row
from opir.chemistry import library
from opir.files import atomic_path, check_folder, output_errors
from opir.models.inputs import DRIVE
from opir.plots import save
from opir.plots.prediction import SPECIES_SHOWN, changed_species, prediction_figure
from opir.plots.style import time_unit
from opir.run import Run
from opir.run.netcdf import write_run
from opir.workflows.web_page import Words, image, prose, quantity_cell, table, web_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["FILES", "check_files", "picture_of", "write_files"]

FILES = ("forecast.nc", "forecast.csv", "forecast-species.csv", "forecast.png", "forecast.html")
"""What a forecast leaves; the species only of models that know any."""

_DPI = 160
"""Of the picture: nearly two dots for each pixel of a usual screen."""
_UNITS = dict(zip(DRIVE, "VAK", strict=True))
_LEAST = 1e-4
"""Share of the largest change below which a species or a reaction is left out of the table."""
_REACTIONS_SHOWN = 12


def check_files(folder: Path | str, *, overwrite: bool) -> None:
    """Refuse a folder that cannot be written to, before anything is worked out.

    Raises:
        OutputExistsError: If a file is there and ``overwrite`` is false.
        OutputError: If the folder's folder does not exist, or it is a file.
    """
    check_folder(folder, FILES, overwrite=overwrite)


def write_files(
    run: Run, notes: Sequence[str], folder: Path | str, *, overwrite: bool = False
) -> tuple[Path, ...]:
    """Write a forecast into a folder; all of its files or none.

    ``forecast.nc`` holds everything. ``forecast.csv`` has a spectrum a row. The table of species,
    ``forecast-species.csv``, has amounts and extents of what changes [mmol m-2] beside the
    potential, from the given spectrum on. ``forecast.png`` is the picture, and ``forecast.html``
    a page with notes, picture and tables that asks nothing of any network.

    Args:
        run: The forecast, see :class:`opir.workflows.predict.Prediction`.
        notes: What the user should know.
        folder: Where to; made where it is missing.
        overwrite: Replace files that are there.

    Raises:
        OutputExistsError: If a file exists and ``overwrite`` is false.
        OutputError: If one cannot be written.
    """
    check_files(folder, overwrite=overwrite)
    target = Path(folder)
    made = not target.exists()
    with output_errors(target):
        target.mkdir(exist_ok=True)
    fresh = [target / name for name in FILES if not (target / name).exists()]
    files = [target / name for name in FILES]
    species = bool(changed_species(run))
    try:
        write_run(run, files[0], overwrite=overwrite)
        _write_spectra(run, files[1], overwrite)
        if species:
            _write_species(run, files[2], overwrite)
        save(picture_of(run, notes), files[3], overwrite=overwrite, dpi=_DPI)
        with atomic_path(files[4], overwrite=overwrite) as temporary:
            temporary.write_text(_page(run, notes, files[3].read_bytes()), encoding="utf-8")
    except BaseException:
        for path in fresh:
            path.unlink(missing_ok=True)
        if made:
            target.rmdir()
        raise
    if not species:
        files[2].unlink(missing_ok=True)  # that of an earlier forecast would not belong to this
        del files[2]
    return tuple(files)


def picture_of(run: Run, notes: Sequence[str]) -> Figure:
    """The picture of a forecast, with its title and where it comes from."""
    count = f"{len(notes)} note{'s' if len(notes) != 1 else ''} to read" if notes else "no notes"
    return prediction_figure(run, text=_title(run), note=f"{_origin(run)}; {count}")


def _title(run: Run) -> str:
    known = [("", run.system), ("under ", run.protocol)]
    facts = " ".join(f"{how}{item.name}" for how, item in known if item is not None and item.name)
    return f"What follows {run.dataset.attrs['source']}" + (f": {facts}" if facts else "")


def _origin(run: Run) -> str:
    attributes = run.dataset.attrs
    learned = attributes.get("trained_on") or "unknown"
    start = run.dataset["given_absorbance"].attrs.get("origin", "unknown")
    weights = attributes.get("weights")
    model = f"{weights} ({attributes['model']})" if weights else attributes["model"]
    return (
        f"Forecast by {model}, trained on {learned} runs, from a spectrum "
        f"{'of unknown origin' if start == 'unknown' else f'that is {start}'}"
    )


# -- tables ---------------------------------------------------------------------------------------


def _columns(run: Run) -> dict[str, NDArray[np.float64]]:
    """Time and what is known of the cell, by the head of the column."""
    columns = {"time / s": run.time}
    for name, unit in _UNITS.items():
        values = run.on_time(name)
        if values is not None:
            columns[f"{name} / {unit}"] = np.asarray(values, dtype=np.float64)
    return columns


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]], overwrite: bool) -> None:
    with (
        atomic_path(path, overwrite=overwrite) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def _text(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.10g}"


def _write_spectra(run: Run, path: Path, overwrite: bool) -> None:
    columns = _columns(run)
    rows = (
        [*(_text(values[row]) for values in columns.values()), *(f"{v:.8g}" for v in spectrum)]
        for row, spectrum in enumerate(run.values)
    )
    _write(path, [*columns, *(f"{nu:g}" for nu in run.wavenumber)], rows, overwrite)


def _write_species(run: Run, path: Path, overwrite: bool) -> None:
    """The first row is that of the first given spectrum."""
    data = run.dataset
    heads = {"voltage": "voltage / V", "potential": "potential of the working electrode / V"}
    columns = {"time / s": np.append(0.0, run.time)}
    columns |= {
        head: np.append(data[f"given_{name}"].values[0], data[name].values)
        for name, head in heads.items()
        if name in data
    }
    for name in changed_species(run, least=_LEAST):
        course = data["amount"].sel(component=name).values
        start = float(data["amount_given"].sel(component=name))
        columns[f"amount of {name} / mmol m-2"] = np.append(start, course)
    for name in _reactions(run):
        course = data["extent"].sel(reaction=name).values
        columns[f"extent of {name} / mmol m-2"] = np.append(0.0, course)
    rows = ([_text(v) for v in row] for row in zip(*columns.values(), strict=True))
    _write(path, list(columns), rows, overwrite)


def _reactions(run: Run) -> list[str]:
    """The reactions that proceed, the furthest first."""
    extent = run.dataset["extent"].values[-1]
    names = [str(name) for name in run.dataset["reaction"].values]
    order = np.argsort(-extent, kind="stable")
    return [names[at] for at in order if extent[at] > max(_LEAST * extent.max(), 0.0)]


# -- page -----------------------------------------------------------------------------------------


def _page(run: Run, notes: Sequence[str], png: bytes) -> str:
    said = "".join(f"<li>{prose(note)}</li>" for note in notes) or "<li>Nothing to note.</li>"
    species = bool(changed_species(run))
    places = {"notes": "To be read first", "forecast": "The forecast"}
    places |= {"species": "Species", "reactions": "Reactions"} if species else {}
    links = "".join(f'<a href="#{place}">{text}</a>' for place, text in places.items())
    parts = [
        f"<header><h1>{prose(_title(run))}</h1>",
        f'<p><span class="origin">forecast</span> {prose(_origin(run))}.</p>'
        f'<nav aria-label="Contents">{links}</nav></header><main>',
        f'<h2 id="notes">To be read first</h2><ul>{said}</ul>',
        '<h2 id="forecast">The forecast</h2>',
        image(
            png,
            f"{_title(run)}: spectra, their change, and what changes in the cell",
            wide=True,
        ),
        _parts(run),
        _facts(run),
    ]
    if species:
        parts += [
            '<h2 id="species">Species</h2>', _species_table(run),
            '<h2 id="reactions">Reactions</h2>', _reaction_table(run),
        ]  # fmt: skip
    more = ", and amounts and extents at all times in forecast-species.csv" if species else ""
    parts.append(
        '<p class="soft">All numbers, with their units, are in forecast.nc; the spectra are also '
        f"in forecast.csv{more}.</p></main>"
    )
    return web_page(f"Forecast: {_title(run)}", parts)


def _parts(run: Run) -> str:
    """What adds up to the forecast; nothing for models that do not say."""
    names = [str(name).removeprefix("stream_") for name in run.dataset if "stream_" in str(name)]
    if not names:
        return ""
    return f'<p class="soft">The forecast is the sum of {prose(", ".join(names))}.</p>'


def _facts(run: Run) -> str:
    """What it was made from and for, a line each."""
    unit = time_unit(np.append(run.time, 0.0))
    data = run.dataset
    facts = {
        "Frames": f"{run.time.size}, up to {float(unit(run.time[-1])):.4g} {unit.name} after "
        "the first given spectrum",
        "Axis": f"{run.wavenumber.size} points, {run.wavenumber.min():g} to "
        f"{run.wavenumber.max():g} cm⁻¹",
    }
    temperature = run.on_time("temperature")
    if temperature is not None:
        low, high = float(np.nanmin(temperature)), float(np.nanmax(temperature))
        facts["Temperature"] = f"{low:.5g} K" if high - low < 0.01 else f"{low:.5g} to {high:.5g} K"
    if "absorbance_lower" in data:
        facts["Intervals"] = (
            f"{100 * data['absorbance_lower'].attrs['level']:.3g} %. "
            f"{data['absorbance_lower'].attrs['comment']}"
        )
    else:
        facts["Intervals"] = "none"
    details = [("System", run.system.to_yaml())] if run.system is not None else []
    details += [("Protocol", run.protocol.to_text())] if run.protocol is not None else []
    lines = "".join(f"<li>{name}: {prose(text)}</li>" for name, text in facts.items())
    folded = "".join(
        f"<details><summary>{name}</summary><pre>{escape(text)}</pre></details>"
        for name, text in details
    )
    return f"<ul>{lines}</ul>{folded}"


def _species_table(run: Run) -> str:
    data = run.dataset
    rows = []
    for name in changed_species(run, least=_LEAST)[: 2 * SPECIES_SHOWN]:
        start = float(data["amount_given"].sel(component=name))
        end = float(data["amount"].sel(component=name)[-1])
        numbers = (quantity_cell(value) for value in (start, end, end - start))
        rows.append(Row([Words(name, name, kind="name"), *numbers]))
    return table(
        ["Species", "at first\n/ mmol m⁻²", "at the end\n/ mmol m⁻²", "change\n/ mmol m⁻²"],
        rows,
        caption="Amounts as an interphase on the electrode would show them; those that change "
        "most.",
    )


def _reaction_table(run: Run) -> str:
    data, known = run.dataset, library().reactions
    rows = [
        Row(
            [
                Words(name, name, kind="name"),
                Words(known[name].equation if name in known else "–", kind="long"),
                quantity_cell(float(data["extent"].sel(reaction=name)[-1])),
            ]
        )
        for name in _reactions(run)[:_REACTIONS_SHOWN]
    ]
    return table(
        ["Reaction", "equation", "extent at the end\n/ mmol m⁻²"],
        rows,
        caption="Extents since the first given spectrum, which never fall; the furthest.",
    )
