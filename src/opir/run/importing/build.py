"""Runs out of a mapping: each array is cut along ``run``, converted, and checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, FormatError, OpirError, UnknownNameError
from opir.quantities import QUANTITIES, convert
from opir.run.importing.mapping import AxisSource, ImportMapping, ValueSource
from opir.run.importing.sources import LazyArray, open_array, read_table
from opir.run.run import Run
from opir.run.store.writer import Item
from opir.system import System

__all__ = ["import_items"]

_PLACE = re.compile(r"\{([^{}]+)\}")


def import_items(mapping: ImportMapping, base: Path | str) -> Iterator[Item]:
    """The runs that a mapping describes, one at a time.

    Args:
        mapping: See :func:`~opir.run.importing.mapping.read_mapping`.
        base: The folder that the file names in it start from.

    Raises:
        FormatError: If a file is missing or damaged.
        AxisError: If shapes do not fit the axes that the mapping names.
        UnitError, ValueRangeError, UnknownNameError: As for any run, with the run's id.
    """
    source = _Source(mapping, Path(base))
    for number in range(source.count):
        try:
            yield source.item(number)
        except OpirError as error:
            inside = f", {error.place}" if error.place else ""
            error.place = f"run {source.id(number)!r}{inside}"
            raise


class _Source:
    def __init__(self, mapping: ImportMapping, base: Path) -> None:
        self.mapping = mapping
        self.base = base
        runs = mapping.runs
        self.table = read_table(base / runs.table) if runs.table else {}
        for name in filter(None, (runs.id, runs.start, runs.frames, *runs.tags.values())):
            if name not in self.table:
                raise UnknownNameError("column of the table", name, self.table)
        self._arrays: dict[str, LazyArray] = {}
        self.count = self._count()
        self.system = self._system()

    def _count(self) -> int:
        count = self.mapping.runs.count or 0
        if self.table:
            count = len(next(iter(self.table.values())))
        spectra = self.mapping.spectra
        axes = spectra.axes or ()
        if "run" in axes:
            found = self._array(str(spectra.from_), 0).shape
            _fits(found, axes, "spectra")
            runs = found[axes.index("run")]
            if count not in (0, runs):
                raise AxisError(
                    f"the spectra hold {runs} runs; the table or 'count' says {count}",
                    remedy="Give a row for each run, in the order of the array",
                )
            count = runs
        return count or 1

    def _system(self) -> System | None:
        given = self.mapping.system
        if isinstance(given, dict):
            return System(**given)
        return System.from_file(self.base / given) if given else None

    def column(self, name: str, number: int) -> str:
        if name not in self.table:
            raise UnknownNameError("column of the table", name, self.table)
        return self.table[name][number]

    def id(self, number: int) -> str:
        name = self.mapping.runs.id
        return self.column(name, number) if name in self.table else f"run-{number:05d}"

    def _array(self, reference: str, number: int) -> LazyArray:
        """The array of a reference, ``{column}`` in it replaced by the run's cell."""
        full = _PLACE.sub(lambda match: self.column(match[1], number), reference)
        if full != reference:
            if Path(full.partition("#")[0]).is_absolute() or ".." in Path(full).parts:
                raise FormatError(f"the table leads out of the folder: {full!r}")
            return open_array(full, self.base)
        if full not in self._arrays:
            self._arrays[full] = open_array(full, self.base)
        return self._arrays[full]

    def values(
        self, reference: str, axes: Sequence[str] | None, default: Sequence[str], number: int,
        name: str,
    ) -> tuple[NDArray[Any], tuple[str, ...]]:  # fmt: skip
        """A run's piece of an array, and the axes that it has left."""
        array = self._array(reference, number)
        if axes is None:
            if len(array.shape) != len(default):
                raise AxisError(
                    f"{name} has shape {array.shape}; its axes are not said",
                    remedy="Say which is which: axes: [run, time, wavenumber]",
                )
            axes = default
        _fits(array.shape, axes, name)
        if "run" not in axes:
            return array.take(None, 0), tuple(axes)
        position = list(axes).index("run")
        if not number < array.shape[position]:
            raise AxisError(f"{name} holds {array.shape[position]} runs; run {number} is asked for")
        return array.take(position, number), tuple(a for a in axes if a != "run")

    def axis(self, name: str, source: AxisSource, number: int) -> NDArray[np.float64]:
        if source.grid is not None:
            found = np.linspace(source.grid.first, source.grid.last, source.grid.count)
        elif source.values is not None:
            found = np.array(source.values)
        else:
            found, left = self.values(str(source.from_), source.axes, (name,), number, name)
            found = _ordered(found, left, (name,), name)
        return convert(found, name, source.unit)

    def on_time(
        self, name: str, source: ValueSource, number: int, frames: int
    ) -> NDArray[np.float64]:
        if source.value is not None:
            values = np.full(frames, source.value)
        else:
            reference = str(source.from_)
            default = ("run",) if self._is_table(reference) else ("time",)
            found, left = self.values(reference, source.axes, default, number, name)
            found = found.astype(np.float64)
            whole = np.ndim(found) == 0
            values = (
                np.full(frames, float(found)) if whole else _ordered(found, left, ("time",), name)
            )
            values = np.array(values[:frames])
        if source.missing is not None:
            values[values == source.missing] = np.nan
        values = source.sign * values
        return convert(values, name, source.unit) if name in QUANTITIES else values

    def _is_table(self, reference: str) -> bool:
        return reference.partition("#")[0] == self.mapping.runs.table

    def item(self, number: int) -> Item:
        mapping, runs = self.mapping, self.mapping.runs
        wavenumber = self.axis("wavenumber", mapping.wavenumber, number)
        time = self.axis("time", mapping.time, number)
        needed = ("time", "wavenumber")
        spectra, left = self.values(
            str(mapping.spectra.from_), mapping.spectra.axes, needed, number, "spectra"
        )
        spectra = _ordered(spectra, left, needed, "spectra")
        frames = time.size
        if runs.frames:
            frames = _whole(self.column(runs.frames, number), runs.frames)
            if frames > time.size:
                raise AxisError(f"{frames} frames are said; the time axis has {time.size}")
            time, spectra = time[:frames], spectra[:frames]
        columns = {n: self.on_time(n, s, number, frames) for n, s in mapping.on_time.items()}
        id = self.id(number)
        run = Run.from_arrays(
            time,
            wavenumber,
            spectra,
            signal=mapping.signal,
            unit=mapping.spectra.unit,
            on_time=columns,
            system=self.system,
            name=id,
            origin=mapping.origin,
            start=self.column(runs.start, number) if runs.start else None,
            metadata={k: v[number] for k, v in self.table.items()} or None,
            source=mapping.source,
            licence=mapping.licence,
        )
        tags = {tag: _tag(self.column(name, number)) for tag, name in runs.tags.items()}
        return Item(run, id, self._truth(number), tags)

    def _truth(self, number: int) -> xr.Dataset | None:
        if not self.mapping.truth:
            return None
        data = {}
        for name, source in self.mapping.truth.items():
            values, left = self.values(source.from_, source.axes, (), number, f"truth {name}")
            data[name] = (left, values, {"units": source.unit})
        try:
            return xr.Dataset(data, dict(self.mapping.labels))
        except ValueError as error:
            raise AxisError(f"the truth does not fit together ({error})") from error


def _fits(shape: Sequence[int], axes: Sequence[str], name: str) -> None:
    if len(shape) != len(axes) or len(set(axes)) != len(axes):
        raise AxisError(
            f"{name} has shape {tuple(shape)}; the mapping names the axes {list(axes)}",
            remedy="Name each axis once, in the order of the array",
        )


def _ordered(
    values: NDArray[Any], axes: Sequence[str], needed: Sequence[str], name: str
) -> NDArray[Any]:
    """The values with their axes in the needed order; axes of length one may be left over."""
    extra = [a for a in axes if a not in needed]
    if any(values.shape[list(axes).index(a)] != 1 for a in extra) or set(needed) - set(axes):
        raise AxisError(f"{name} has the axes {list(axes)}; {list(needed)} are needed")
    order = [list(axes).index(a) for a in (*needed, *extra)]
    return values.transpose(order).reshape([values.shape[list(axes).index(a)] for a in needed])


def _whole(text: str, name: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise FormatError(f"{text!r} is not a number of frames", place=f"column {name!r}")
    return number


def _tag(text: str) -> Any:
    """A cell as a number where it is one."""
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        return value if np.isfinite(value) else text
    return text
