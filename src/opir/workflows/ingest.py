"""Spectra and electrochemistry in, one checked run on disk out."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import xarray as xr

from opir.errors import FormatError, OpirError, OptionError
from opir.files import check_output, check_regular
from opir.protocol import Protocol
from opir.run.described import parse_metadata
from opir.run.electrochemistry import Electrochemistry
from opir.run.netcdf import write_run
from opir.run.readers import read_all
from opir.run.readers.base import Contents
from opir.run.readers.collection import collect, natural_order
from opir.run.run import Run
from opir.run.spectral import SpectralData
from opir.run.sync import AlignmentReport, align
from opir.system import System

__all__ = ["IngestResult", "ingest"]

Paths = Path | str | Iterable[Path | str]


@dataclass(frozen=True)
class IngestResult:
    """What :func:`ingest` did.

    Attributes:
        run: The run.
        path: The file written.
        alignment: How the clocks were aligned; None without electrochemistry.
        notes: What the readers had to assume or leave out.
    """

    run: Run
    path: Path
    alignment: AlignmentReport | None
    notes: tuple[str, ...]

    def sentences(self) -> list[str]:
        """What was done, for people, one sentence each."""
        run = self.run
        low, high = run.wavenumber.min(), run.wavenumber.max()
        said = [
            f"{run.time.size} spectra of {run.wavenumber.size} points ({low:.0f}-{high:.0f} cm-1) "
            f"over {run.time[-1]:.6g} s, {run.signal}."
        ]
        said += list(self.notes)
        if self.alignment is not None:
            said += self.alignment.sentences()
        missing = {name: count for name, count in run.missing.items() if count}
        if missing:
            parts = ", ".join(f"{name} {count}" for name, count in missing.items())
            said.append(f"Missing values of {run.time.size} spectra: {parts}.")
        said.append(f"Written: {self.path}")
        return said

    def __str__(self) -> str:
        return "\n".join(self.sentences())


def ingest(
    spectra: Paths,
    electrochemistry: Path | str | None = None,
    *,
    out: Path | str,
    overwrite: bool = False,
    format: str | None = None,
    electrochemistry_format: str | None = None,
    time_step: float | None = None,
    file_times: bool = False,
    offset_s: float | None = None,
    spectra_timezone: str | None = None,
    electrochemistry_timezone: str | None = None,
    spectra_start: datetime | str | None = None,
    electrochemistry_start: datetime | str | None = None,
    maximum_gap_s: float | None = None,
    acquisition_s: float | None = None,
    temperature: float | None = None,
    system: System | None = None,
    protocol: Protocol | None = None,
    name: str = "",
    licence: str = "",
    origin: str | None = None,
) -> IngestResult:
    """Make one run of spectra and the electrochemistry beside them, and write it as NetCDF.

    Args:
        spectra: A file with a series, a folder, a zip archive, a pattern (``day1/*.0``), or
            several of these.
        electrochemistry: The record of the potentiostat or cycler, if there is one. Without it,
            a record found in the folder of the spectra is used.
        out: The file to write, ``.nc``.
        overwrite: Replace it if it exists.
        format, electrochemistry_format: Names of readers, to skip telling them by content.
        time_step: Seconds between spectra, where the files hold no times.
        file_times: Trust the files' times more than the clock of the spectrometer.
        offset_s, spectra_timezone, electrochemistry_timezone, spectra_start,
            electrochemistry_start, maximum_gap_s, acquisition_s: See :func:`opir.run.sync.align`.
        temperature: Temperature of the cell [K], where no file holds it.
        system: What the cell is.
        protocol: What was asked of it.
        name: Title; default: that of the files.
        licence: Licence of the data.
        origin: Where the values come from (``simulated``), if not measured as files have it.

    Returns:
        The run, where it lies, and what had to be assumed.

    Raises:
        OpirError: Names file, place and remedy of whatever is wrong.
    """
    out = check_output(out, overwrite=overwrite)
    if out.suffix.lower() not in (".nc", ".nc4"):
        raise OptionError(
            f"the output {out.name!r} does not end in .nc", remedy="A run is written as NetCDF"
        )
    spectra = spectra if isinstance(spectra, (str, Path)) else list(spectra)
    contents, title = _read_spectra(spectra, format, file_times)
    shown = spectra if isinstance(spectra, (str, Path)) else next(iter(spectra), None)
    try:
        run = _as_run(contents, time_step, spectra_start)
    except OpirError as error:
        raise error.at(path=shown) from error.__cause__
    notes = list(contents.notes)
    if time_step is not None:
        notes = [n for n in notes if "time axis is the frame number" not in n]
        notes.append(f"Times by the given step of {time_step:g} s.")
    record = _record(contents, electrochemistry, electrochemistry_format, notes)
    alignment = None
    if record is not None:
        try:
            run, alignment = align(
                run,
                record,
                offset_s=offset_s,
                spectra_timezone=spectra_timezone,
                electrochemistry_timezone=electrochemistry_timezone,
                maximum_gap_s=maximum_gap_s,
                spectra_start=spectra_start,
                electrochemistry_start=electrochemistry_start,
                acquisition_s=acquisition_s,
            )
        except OpirError as error:
            raise error.at(path=electrochemistry or shown) from error.__cause__
        notes += _suspicious_values(run)
    dataset = run.dataset.copy(deep=False)
    dataset.attrs = dict(dataset.attrs)
    if temperature is not None:
        if "temperature" in dataset:
            notes.append("The file holds a temperature; the given one was not used.")
        else:
            dataset["temperature"] = ("time", np.full(run.time.size, float(temperature)))
    dataset = _texts_to_metadata(dataset)
    given = {
        "title": name or run.name or title,
        "licence": licence,
        "origin": origin or "",
        "system": system.to_json() if system is not None else "",
        "protocol": protocol.to_text() if protocol is not None else "",
    }
    dataset.attrs.update({key: value for key, value in given.items() if value})
    run = Run(dataset)
    return IngestResult(run, write_run(run, out, overwrite=overwrite), alignment, tuple(notes))


def _read_spectra(spectra: Paths, format: str | None, file_times: bool) -> tuple[Contents, str]:
    given = [spectra] if isinstance(spectra, (str, Path)) else list(spectra)
    paths: list[Path] = []
    for item in given:
        path = Path(item)
        if not path.exists() and glob.has_magic(str(item)):
            found = sorted(map(Path, glob.glob(str(item))), key=natural_order)
            if not found:
                raise FormatError(
                    "no file has such a name", remedy="Check the pattern", path=str(item)
                )
            paths += found
        else:
            paths.append(path)
    for path in paths:
        check_regular(path)
    if not paths:
        raise OptionError("no spectra were named", remedy="Name a file or a folder of spectra")
    if len(paths) == 1 and not (paths[0].is_dir() and file_times):
        return read_all(paths[0], format=format), paths[0].stem
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += [entry for entry in path.iterdir() if entry.is_file()]
        elif not path.exists():
            raise FormatError("there is no such file", remedy="Check the name", path=path)
        else:
            files.append(path)
    title = paths[0].name if paths[0].is_dir() else paths[0].parent.name
    try:
        found_contents = collect(files, name=title, format="files", prefer_file_times=file_times)
    except OpirError as error:
        raise error.at(path=paths[0].parent) from error.__cause__
    return found_contents, title


def _as_run(contents: Contents, time_step: float | None, start: datetime | str | None) -> Run:
    block = next((b for b in contents.blocks.values() if isinstance(b, Run)), None)
    if block is None:
        single = contents.blocks[contents.main]
        if not isinstance(single, SpectralData):
            raise FormatError(
                f"the spectra's file holds {single.KIND} and no spectra",
                remedy="Name the spectra first, then the electrochemistry",
            )
        block = _single(single)
    dataset = block.dataset.copy(deep=False)
    dataset.attrs = dict(dataset.attrs)
    if time_step is not None:
        if not (np.isfinite(time_step) and time_step > 0):
            raise OptionError(f"time_step is {time_step:g}", remedy="Give seconds above 0")
        if "time_axis" not in dataset.attrs:
            raise OptionError(
                "a time step was given, but the files hold times",
                remedy="Leave it away; to correct a clock give an offset",
            )
        del dataset.attrs["time_axis"]
        dataset = dataset.assign_coords(time=("time", block.time * time_step))
        dataset["time"].attrs.update({"units": "s", "long_name": "Time"})
    if start is not None:
        dataset.attrs["start_time"] = start.isoformat() if isinstance(start, datetime) else start
    return Run(dataset)


def _single(spectrum: SpectralData) -> Run:
    """A run of one frame."""
    dataset = spectrum.dataset.expand_dims(time=np.zeros(1))
    undo = [str(v) for v in dataset.data_vars if str(v).startswith("undo_")]
    return Run(dataset.drop_vars(undo))


def _texts_to_metadata(dataset: xr.Dataset) -> xr.Dataset:
    """Texts over time, such as the titles of the spectra, as lists in the metadata."""
    texts = [n for n, v in dataset.data_vars.items() if v.dtype.kind in "US"]
    if not texts:
        return dataset
    metadata = parse_metadata(str(dataset.attrs.get("metadata", "")))
    metadata |= {f"{name}s": dataset[name].values.tolist() for name in texts}
    return dataset.drop_vars(texts).assign_attrs(metadata=json.dumps(metadata))


def _record(
    contents: Contents, path: Path | str | None, format: str | None, notes: list[str]
) -> Electrochemistry | None:
    if path is None:
        beside = {k: b for k, b in contents.blocks.items() if isinstance(b, Electrochemistry)}
        if len(beside) > 1:
            raise OptionError(
                f"{len(beside)} electrochemistry records lie beside the spectra: "
                + ", ".join(beside),
                remedy="Name the one that is meant",
            )
        if beside:
            notes.append("The electrochemistry record beside the spectra was used.")
        return next(iter(beside.values()), None)
    found = read_all(path, format=format)
    block = found.blocks[found.main]
    if not isinstance(block, Electrochemistry):
        raise FormatError(
            f"the file holds a {block.KIND}, not electrochemistry",
            remedy="Name the spectra first, then the electrochemistry",
            path=path,
        )
    notes += found.notes
    return block


def _suspicious_values(run: Run) -> Sequence[str]:
    """Sentences about values that are allowed, but look like a wrong clock or unit."""
    missing = run.missing
    size = run.time.size
    if missing["voltage"] == size and missing["current"] == size:
        return ["No spectrum got a voltage or current: the record has none at these times."]
    return []
