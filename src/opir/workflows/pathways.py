"""A run, measured, simulated or forecast, to its pathways: read, recover, write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from opir.chemistry import Library
from opir.errors import FormatError, OptionError
from opir.pathways.result import Pathways
from opir.run import Run, Spectrum
from opir.run.readers import read
from opir.run.readers.base import Block
from opir.system import System
from opir.workflows.absorbance_run import absorbance_run
from opir.workflows.given_system import given_system
from opir.workflows.pathways_words import summary, table_lines

__all__ = ["PathwaysResult", "pathways_run", "read_for_pathways", "read_reference"]

_FORECAST = "forecast.nc"
"""The file in the folder of a forecast that holds all of it."""


@dataclass(frozen=True)
class PathwaysResult:
    """What was recovered of one run.

    Attributes:
        path: Where the run came from; ``""`` for one that was given as it is.
        run: The run; of a forecast with the spectra it starts from as first frames.
        pathways: What was recovered.
        files: What was written, if anything.
    """

    path: str
    run: Run
    pathways: Pathways
    files: tuple[Path, ...] = ()

    def records(self) -> list[dict[str, Any]]:
        """One record a species and a reaction, with the run that it is of."""
        return [{"run": self.path, **record} for record in self.pathways.records()]

    def sentences(self) -> list[str]:
        """What a reader should know first."""
        return summary(self.pathways)

    def table(self) -> list[str]:
        """Species and reactions as lines of text."""
        return table_lines(self.pathways)


def pathways_run(
    path: Path | str | Run,
    *,
    out: Path | str | None = None,
    name: str | None = None,
    system: System | Path | str | None = None,
    references: Mapping[str, Spectrum | Path | str] | None = None,
    species: Sequence[str] | None = None,
    reactions: Sequence[str] | None = None,
    user_reactions: Sequence[str] = (),
    voltage: ArrayLike | None = None,
    library: Library | None = None,
    second_way: bool = True,
    overwrite: bool = False,
    format: str | None = None,
) -> PathwaysResult:
    """Recover species, onsets and reactions from a run.

    Args:
        path: Any file or folder that opir reads as a run, the forecast of ``opir predict`` (its
            folder or ``forecast.nc``), or a run. Transmittance is turned into absorbance.
        out: Folder for the files, see :func:`opir.workflows.pathways_files.write_files`; nothing
            is written without.
        name: How the names of the files begin; by default that of the file.
        system: The cell, where the run does not say: a system, its file or text, or the name of
            one in the library.
        references: Name -> reference spectrum of one's own, or its file.
        species: Names of the only species to weigh; by default all that the system can have.
        reactions: Names of the only reactions of the library to weigh.
        user_reactions: Equations of one's own to weigh besides (``"EC -> PEO + CO2"``).
        voltage: Of the cell [V], ``[time]``, in place of that of the file.
        library: Where species, reactions and systems are; the built-in one by default.
        second_way: Unmix without the library, too.
        overwrite: Replace the files where they are.
        format: Name of a reader, to skip telling the format by content.

    Raises:
        FormatError: If the file cannot be read, or holds no run.
        OutputExistsError: If a file exists and ``overwrite`` is false.
        ModelError: If the spectra are said to be absorbance and cannot be.
        OpirError: See :func:`opir.pathways.recover`.
    """
    from opir.pathways import recover
    from opir.workflows.pathways_files import check_files, write_files

    given = "" if isinstance(path, Run) else str(path)
    begun = name or (Path(_main_file(Path(given))).stem if given else "run")
    if out is not None:
        check_files(out, begun, overwrite=overwrite)
    whole = path if isinstance(path, Run) else _read_run(Path(given), format)
    absorbance, strange = absorbance_run(whole, check=not references and whole.origin != "forecast")
    run, remark = read_for_pathways(absorbance)
    remark = (*remark, *strange)
    if voltage is not None:
        run = _with_voltage(run, voltage)
    cell, notes = given_system(system, known=library)
    known = {key: read_reference(key, item) for key, item in (references or {}).items()}
    found = recover(
        run,
        system=cell,
        species=species,
        reactions=reactions,
        user_reactions=user_reactions,
        references=known or None,
        library=library,
        second_way=second_way,
    )
    found = replace(found, remarks=(*found.remarks, *remark, *notes, *_simulated(run)))
    files: tuple[Path, ...] = ()
    if out is not None:
        files = write_files(found, out, begun, overwrite=overwrite, stated=_stated(whole))
    return PathwaysResult(given, run, found, files)


def _simulated(run: Run) -> tuple[str, ...]:
    if run.origin != "simulated":
        return ()
    return (
        "The run is simulated, by opir most likely: then its bands and reactions are those of the "
        "library that they are told by, and a measured cell is told less well.",
    )


def read_for_pathways(run: Run) -> tuple[Run, tuple[str, ...]]:
    """The run to recover from, and what is to be said of it.

    Changes of a forecast count from the spectra it starts from, so these become its first
    frames. The amounts that it holds are not looked at.
    """
    data = run.dataset
    if run.origin != "forecast" or "given_absorbance" not in data:
        return run, ()
    before = data["given_absorbance"]
    earlier = np.asarray(data["given_time"].values, dtype=np.float64)
    columns = {}
    for name in ("voltage", "current", "temperature"):
        ahead = run.on_time(name)
        if ahead is not None:
            first = data.get(f"given_{name}")
            known = np.full(earlier.size, np.nan) if first is None else first.values
            columns[name] = np.append(known, ahead)
    whole = Run.from_arrays(
        np.append(earlier, run.time),
        run.wavenumber,
        np.concatenate([before.values, run.values]),
        on_time=columns,
        system=run.system,
        protocol=run.protocol,
        name=run.name,
        origin="forecast",
        source=str(data.attrs.get("source", "")),
    )
    origin = str(before.attrs.get("origin", "unknown"))
    start = "of unknown origin" if origin == "unknown" else origin
    count = earlier.size
    said = (
        "The first frame is the spectrum" if count == 1 else f"The first {count} frames are those"
    )
    return whole, (
        f"{said} that the forecast starts from ({start}); all others are forecast, so the "
        "pathways are what the model expects and nobody has measured.",
    )


def _main_file(path: Path) -> Path:
    """The file in the folder of a forecast; else the path as it is."""
    return path / _FORECAST if (path / _FORECAST).is_file() else path


def _read_run(path: Path, format: str | None) -> Run:
    block: Block = read(_main_file(path), format=format)
    if isinstance(block, Run):
        return block
    if isinstance(block, Spectrum):
        raise FormatError(
            "the file holds one spectrum; a run of several is needed",
            remedy="Name the run, or forecast what follows the spectrum first (opir predict)",
            path=path,
        )
    raise FormatError(
        f"the file holds {_named(block)}, not a run of spectra",
        remedy="Name a file of spectra; opir show tells what a file holds",
        path=path,
    )


def _with_voltage(run: Run, voltage: ArrayLike) -> Run:
    values = np.asarray(voltage, dtype=np.float64)
    if values.shape != run.time.shape:
        raise OptionError(
            f"the voltage has {values.size} values for {run.time.size} frames",
            remedy="Give one value a frame, or bring a cycler's file beside it with opir ingest",
        )
    return Run(run.dataset.assign(voltage=("time", values)))


def read_reference(name: str, item: Spectrum | Path | str) -> Spectrum:
    """A reference spectrum, or that of a file.

    Raises:
        FormatError: If the file cannot be read, or holds something else than one spectrum.
    """
    if isinstance(item, Spectrum):
        return item
    block = read(item)
    if isinstance(block, Run) and block.time.size == 1:
        return block.spectrum(0)
    if not isinstance(block, Spectrum):
        raise FormatError(
            f"the reference {name!r} is to be one spectrum; the file holds {_named(block)}",
            remedy="Take one frame out of it, or name another file",
            path=item,
        )
    return block


def _named(block: Block) -> str:
    return block.KIND if block.KIND == "electrochemistry" else f"a {block.KIND}"


def _stated(run: Run) -> dict[str, float]:
    """What a forecast itself says: change of amounts and extents at the end [mmol m-2]."""
    data = run.dataset
    if run.origin != "forecast":
        return {}
    said: dict[str, float] = {}
    if "amount_given" in data and "amount" in data:
        change = data["amount"].values[-1] - data["amount_given"].values
        names = [str(name) for name in data["component"].values]
        said |= {name: float(value) for name, value in zip(names, change, strict=True)}
    if "extent" in data and data["extent"].attrs.get("units") == "mmol m-2":
        names = [str(name) for name in data["reaction"].values]
        last = data["extent"].values[-1]
        said |= {name: float(value) for name, value in zip(names, last, strict=True)}
    return said
