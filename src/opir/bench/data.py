"""The data of a fold: windows to train and test on, and the truth, which no model is handed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.bench.fold import Fold
from opir.bench.index import RunIndex, systems_of
from opir.errors import OpirError, OptionError, StoreError
from opir.models import ForecastInputs, Windows
from opir.models.descriptor import describe
from opir.models.inputs import DRIVE
from opir.run.between import COLUMNS, DIMENSION
from opir.run.store import Store
from opir.run.store.layout import Element

__all__ = ["FoldData", "Sources", "load_fold", "open_sources", "with_all_known"]

Described = Literal["always", "if all can be"]

_AT_ONCE = 256
"""Runs read from a store at once, so that little is held twice."""


@dataclass(frozen=True)
class Sources:
    """Where the runs of the tasks come from.

    Attributes:
        main: The store that is trained on, if any.
        shifted: A store of another domain, for tests only.
        shared: Folder with the real measurements that are not in a package (``tga-ir/``).
        record: Whether models are handed what cyclers recorded between the frames of the runs of
            the stores, too.
    """

    main: Store | None = None
    shifted: Store | None = None
    shared: Path | None = None
    record: bool = False

    def store(self, source: str) -> Store:
        """The store of a source.

        Raises:
            OptionError: If the source is unknown or was not named.
        """
        if source not in ("main", "shifted"):
            raise OptionError(f"{source!r} is not a source", remedy="Use 'main' or 'shifted'")
        found: Store | None = getattr(self, source)
        if found is None:
            raise OptionError(
                f"no {source} store was named",
                remedy="Name an OpIRSpec store; opir data simulate "
                f"--preset {'shifted' if source == 'shifted' else 'opirspec-sim-7k'} makes one",
            )
        return found

    @cached_property
    def _indexes(self) -> dict[str, RunIndex]:
        return {}

    def index(self, source: str = "main") -> RunIndex:
        """The index of a source's store, made once."""
        if source not in self._indexes:
            self._indexes[source] = RunIndex.of(self.store(source))
        return self._indexes[source]

    @cached_property
    def _described(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        return {}

    def descriptors(self, source: str, ids: Sequence[str]) -> NDArray[np.float64]:
        """Descriptor of each run from its system, temperature and water, ``[run, features]``.

        Raises:
            OptionError: If a run does not state its system.
            UnknownNameError: If the chemistry library does not know a component.
        """
        known, store = self._described, self.store(source)
        wanted = tuple(id for id in ids if (source, id) not in known)
        for id, row in zip(wanted, _descriptors(store, wanted), strict=True):
            known[source, id] = row
        return np.array([known[source, id] for id in ids])


def open_sources(
    main: Store | Path | str | None = None,
    shifted: Store | Path | str | None = None,
    shared: Path | str | None = None,
    *,
    record: bool = False,
) -> Sources:
    """Sources from stores, their paths or URLs, and a folder; those not named are not there.

    Args:
        main, shifted, shared, record: See :class:`Sources`.

    Raises:
        StoreError: If there is no store.
    """

    def opened(store: Store | Path | str | None) -> Store | None:
        return store if store is None or isinstance(store, Store) else Store.open(store)

    folder = None if shared is None else Path(shared)
    return Sources(opened(main), opened(shifted), folder, record)


def with_all_known(store: Store | Path | str) -> Sources:
    """A store as the main source, with what was recorded between the frames where it has it.

    Raises:
        StoreError: If there is no store.
    """
    found = open_sources(store)
    held = found.store("main")
    try:
        _record_columns(held, {part.name: part.elements for part in held.parts})
    except StoreError:
        return found
    return replace(found, record=True)


@dataclass(frozen=True)
class FoldData:
    """What a fold is trained and tested with.

    Windows hold all frames after the given ones; a score cuts them at
    ``fold.scored_from - fold.given``. Truth is read when it is asked for, of test runs only, and
    no model is handed any of it.

    Attributes:
        fold: The fold.
        train, validation, test: Windows.
        test_ids: Run, or block and window, of each test window.
        systems: Name of the system of each test window, shape ``[window]``; for tables only.
        origin: ``simulated`` or ``measured``.
        source: Store of the test runs, where there is one.
        notes: What a reader of the results should know.
    """

    fold: Fold
    train: Windows
    validation: Windows
    test: Windows
    test_ids: tuple[str, ...]
    systems: NDArray[np.str_]
    origin: str
    source: Store | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    def truth(self, id: str) -> xr.Dataset:
        """The truth of a test run.

        Raises:
            OptionError: If it is not a test run of this fold, or has no truth.
        """
        if id not in self.test_ids or self.source is None:
            raise OptionError(f"{id!r} is no test run of this fold with a truth beside it")
        found = self.source.truth(id)
        if found is None:
            raise OptionError(f"the store has no truth of run {id!r}")
        return found

    @property
    def has_streams(self) -> bool:
        """Whether the additive parts of the noise-free spectra of all test runs are known."""
        if self.source is None:
            return False
        wanted = set(self.test_ids)
        holding = [part for part in self.source.parts if wanted & set(part.runs["id"])]
        return bool(holding) and all("truth/streams" in part.elements for part in holding)

    @property
    def clean(self) -> NDArray[np.float32] | None:
        """Noise-free truth at the frames of ``test.target``, ``[window, frames, wavenumber]``."""
        return None if self._noise_free is None else self._noise_free[:, 1:]

    @property
    def clean_last(self) -> NDArray[np.float32] | None:
        """Noise-free truth at the last given frame, ``[window, wavenumber]``."""
        return None if self._noise_free is None else self._noise_free[:, 0]

    @cached_property
    def _noise_free(self) -> NDArray[np.float32] | None:
        """Noise-free truth from the last given frame on."""
        if not self.has_streams:
            return None
        runs, frames, points = self.test.target.shape
        found = np.empty((runs, 1 + frames, points), np.float32)
        for rows, streams in self._streams():
            found[rows] = streams.sum(axis=1)
        return found

    @cached_property
    def streams(self) -> NDArray[np.float32] | None:
        """Parts of it, ``solvent`` and ``sei``, shape ``[window, 2, frames, wavenumber]``."""
        if not self.has_streams:
            return None
        runs, frames, points = self.test.target.shape
        found = np.empty((runs, len(self.stream_names), frames, points), np.float32)
        for rows, streams in self._streams():
            found[rows] = streams[:, :, 1:]
        return found

    @property
    def streams_last(self) -> NDArray[np.float32] | None:
        """The same at the last given frame, shape ``[window, 2, wavenumber]``."""
        if not self.has_streams:
            return None
        found = [streams[:, :, 0] for _, streams in self._streams()]
        return np.concatenate(found)

    @property
    def stream_names(self) -> tuple[str, ...]:
        """Names along the second axis of :attr:`streams`; empty where there are none."""
        if self.source is None or not self.has_streams:
            return ()
        place = self.source.record(self.test_ids[0])["part"]
        part = next(part for part in self.source.parts if part.name == place)
        return tuple(part.elements["truth/stream"].labels or ())

    def _streams(self) -> Iterator[tuple[slice, NDArray[np.float32]]]:
        """Rows and their streams from the last given frame on, some runs at a time."""
        if self.source is None:
            return
        for start in range(0, len(self.test_ids), _AT_ONCE):
            some = self.test_ids[start : start + _AT_ONCE]
            found = self.source.batch(some, ["truth/streams"])["truth/streams"]
            yield slice(start, start + len(some)), found[:, :, self.fold.given - 1 :]


def load_fold(fold: Fold, sources: Sources, *, described: Described = "always") -> FoldData:
    """Read the runs of a fold from the stores.

    Args:
        fold: The fold.
        sources: Where its runs are.
        described: ``always``: a run that does not state its system, or of a component that the
            library does not know, is an error; ``if all can be``: descriptors are empty then, for
            every run, and a note says so.

    Raises:
        OptionError: If a part of the fold is empty, or its runs differ in shape.
        StoreError: If the runs do not share a wavenumber axis, one cannot be read, or they have no
            record between frames and it was asked for.
    """
    for role in ("train", "validation", "test"):
        if not getattr(fold, role):
            store = sources.store(fold.test_source if role == "test" else "main")
            raise OptionError(
                f"fold {fold.name!r} of task {fold.task!r} has no {role} runs: "
                f"the store holds {len(store)} in all",
                remedy="Use a larger store (about 100 runs and more), or the task own-store, "
                "which takes any number",
                path=store.url,
            )
    main, tested = sources.store("main"), sources.store(fold.test_source)
    _same_shape(fold, sources)
    last = fold.training_frames
    parts = (("main", fold.train), ("main", fold.validation), (fold.test_source, fold.test))
    notes: tuple[str, ...] = ()
    try:
        descriptors = [sources.descriptors(source, ids) for source, ids in parts]
    except OpirError as error:
        if described == "always":
            raise
        descriptors = [np.zeros((len(ids), 0)) for _, ids in parts]
        notes = (f"Systems are not described, for any run: {error}",)
    told = sources.record
    if told:
        notes += ("Models are handed what cyclers recorded between the frames, too.",)
    train = _load_windows(main, fold.train, fold.given, last, descriptors[0], told)
    validation = _load_windows(main, fold.validation, fold.given, last, descriptors[1], told)
    test = _load_windows(tested, fold.test, fold.given, None, descriptors[2], told)
    for windows, role in ((validation, "validation"), (test, "test")):
        _same_axis(train.inputs.wavenumber, windows.inputs.wavenumber, role, fold)
    index = sources.index(fold.test_source)
    origins = {index[id].origin for id in fold.test}
    return FoldData(
        fold=fold,
        train=train,
        validation=validation,
        test=test,
        test_ids=fold.test,
        systems=np.array([index[id].system for id in fold.test], dtype=np.str_),
        origin=origins.pop() if len(origins) == 1 else "mixed",
        source=tested,
        notes=notes,
    )


def _same_shape(fold: Fold, sources: Sources) -> None:
    """All runs of a fold have as many frames and wavenumbers as the first."""
    first = sources.index("main")[fold.train[0]]
    for role in ("train", "validation", "test"):
        index = sources.index(fold.test_source if role == "test" else "main")
        for id in getattr(fold, role):
            run = index[id]
            if (run.frames, run.wavenumbers) != (first.frames, first.wavenumbers):
                raise OptionError(
                    f"run {id!r} has {run.frames} frames of {run.wavenumbers} wavenumbers, run "
                    f"{first.id!r} has {first.frames} of {first.wavenumbers}; one shape is needed",
                    remedy="Bring the runs to one grid first: opir data process with resample and "
                    "time_bin, or leave the others out",
                )
    least = max(fold.scored_from, fold.given, fold.training_frames or 0)
    if first.frames <= least:
        raise OptionError(
            f"the runs have {first.frames} frames; fold {fold.name!r} of task {fold.task!r} needs "
            f"more than {least}"
        )


def _same_axis(one: NDArray[np.float64], other: NDArray[np.float64], role: str, fold: Fold) -> None:
    if one.shape == other.shape and np.allclose(one, other, rtol=0, atol=1e-3):
        return
    raise OptionError(
        f"fold {fold.name!r} of task {fold.task!r}: training runs have {one.size} points, "
        f"{one[0]:g} to {one[-1]:g} cm-1, {role} runs {other.size}, {other[0]:g} to {other[-1]:g}",
        remedy="Resample the runs to one axis first",
    )


def _load_windows(
    store: Store,
    ids: Sequence[str],
    given: int,
    frames: int | None,
    descriptor: NDArray[np.float64],
    told: bool,
) -> Windows:
    """Runs as windows: the first frames given, the others (those before ``frames``) forecast.

    Raises:
        StoreError: If a spectrum holds NaN or infinity, the runs differ in their wavenumbers, or
            they are to tell of the drive between frames (``told``) and do not.
        OptionError: If the runs differ in what they hold.
    """
    signal = str(store.record(ids[0])["signal"])
    parts = {str(store.record(id)["part"]): id for id in ids}
    elements = {part.name: part.elements for part in store.parts if part.name in parts}
    held = [name for name in DRIVE if all(name in e for e in elements.values())]
    shape = elements[next(iter(elements))][signal].shape
    last = shape[0] if frames is None else min(frames, shape[0])
    spectra: NDArray[np.floating[Any]] | None = None
    times = np.empty((len(ids), last))
    drive = np.full((len(ids), last, len(DRIVE)), np.nan)
    wavenumber = np.empty(0)
    columns = _record_columns(store, elements) if told else []
    rows_between = elements[next(iter(elements))][columns[0]].shape[0] if told else 0
    record = np.empty((len(ids), rows_between, 1 + len(DRIVE)))
    for start in range(0, len(ids), _AT_ONCE):
        some = list(ids[start : start + _AT_ONCE])
        rows = slice(start, start + len(some))
        found = store.batch(some, [signal, "time", "wavenumber", *held, *columns])
        values = found[signal][:, :last]
        bad = ~np.isfinite(values).all(axis=(1, 2))
        if bad.any():
            raise StoreError(
                f"the spectra of run {some[int(bad.argmax())]!r} hold NaN or infinity",
                remedy="Cut these frames or wavenumbers first; a forecast needs whole spectra",
                path=store.url,
            )
        if spectra is None:
            single = values.dtype == np.float32
            spectra = np.empty((len(ids), *values.shape[1:]), np.float32 if single else np.float64)
            wavenumber = np.asarray(found["wavenumber"][0], dtype=np.float64)
        other = ~np.isclose(found["wavenumber"], wavenumber, rtol=0, atol=1e-3).all(axis=1)
        if other.any():
            raise StoreError(
                f"run {some[int(other.argmax())]!r} has other wavenumbers than run {ids[0]!r}",
                remedy="Resample the runs to one axis first",
                path=store.url,
            )
        spectra[rows] = values
        times[rows] = found["time"][:, :last]
        for channel, name in enumerate(DRIVE):
            if name in held:
                drive[rows, :, channel] = found[name][:, :last]
        for column, name in enumerate(columns):
            record[rows, :, column] = found[name]
    if spectra is None:
        raise OptionError("windows of no runs were asked for", remedy="Name at least one run")
    inputs = ForecastInputs(
        given=spectra[:, :given],
        given_times=times[:, :given],
        times=times[:, given:],
        wavenumber=wavenumber,
        drive=drive,
        descriptor=descriptor,
        record=record,
    )
    return Windows(inputs, spectra[:, given:], np.arange(len(ids)))


def _record_columns(store: Store, elements: Mapping[str, Mapping[str, Element]]) -> list[str]:
    """Names of the columns of the record between frames.

    Raises:
        StoreError: If a part has none, or one of another length.
    """
    names = [f"{DIMENSION}_{name}" for name in ("time", *COLUMNS)]
    shapes = [e[name].shape if name in e else () for e in elements.values() for name in names]
    if len(set(shapes)) != 1 or not shapes[0]:
        raise StoreError(
            "not all runs have what the cycler recorded between the frames, or as many rows of it",
            remedy="Leave --record out, or use a store whose runs have it; opir data simulate "
            "makes such ones",
            path=store.url,
        )
    return names


def _descriptors(store: Store, ids: Sequence[str]) -> list[NDArray[np.float64]]:
    systems = systems_of(store, tuple(ids))
    rows = []
    for id in ids:
        system, tags = systems[id], store.record(id)["tags"]
        if system is None:
            raise OptionError(
                f"run {id!r} does not state its system, so it cannot be described",
                remedy="Add the system to the run, or use the task own-store",
                path=store.url,
            )
        try:
            row = describe(system, temperature=tags.get("temperature"), water=tags.get("water"))
        except OpirError as error:
            raise error.at(path=store.url, place=f"run {id}") from None
        rows.append(row)
    return rows
