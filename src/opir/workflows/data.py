"""Stores of runs: what they hold, their faults, in and out, together and apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from opir.errors import OptionError, UnknownNameError
from opir.run.content import content_hash
from opir.run.importing import import_items, read_mapping
from opir.run.netcdf import read_dataset
from opir.run.readers import read_all
from opir.run.run import Run
from opir.run.store import Fault, Item, Store, check_mergeable
from opir.run.store import export_run as _export_run
from opir.run.store import merge as _merge
from opir.run.store import split_store as _split_store
from opir.run.store import validate as _validate

__all__ = [
    "StoreInfo",
    "add",
    "export",
    "ids",
    "import_",
    "info",
    "make_split",
    "merge",
    "parse_shares",
    "split",
    "validate",
]


@dataclass(frozen=True)
class StoreInfo:
    """What a store holds.

    Attributes:
        url: Where it lies.
        attributes: Its title, description, licence and provenance.
        runs, parts: How many.
        with_truth: Runs that carry ground truth.
        origins, licences, signals, systems, shapes: Value -> number of runs.
        splits: Name of a split -> (name of a subset -> number of runs).
    """

    url: str
    attributes: Mapping[str, Any]
    runs: int
    parts: int
    with_truth: int
    origins: Mapping[str, int]
    licences: Mapping[str, int]
    signals: Mapping[str, int]
    systems: Mapping[str, int]
    shapes: Mapping[str, int]
    splits: Mapping[str, Mapping[str, int]]

    def sentences(self) -> list[str]:
        """The same for people, one line each."""
        title = str(self.attributes.get("title") or self.url)
        said = [f"{title}: {self.runs} runs in {self.parts} part(s), {self.with_truth} with truth."]
        rows = {
            "origin": self.origins,
            "licence": self.licences,
            "signal": self.signals,
            "system": self.systems,
            "frames x wavenumbers": self.shapes,
        }
        for name, counts in rows.items():
            shown = [f"{key or 'not stated'} ({n})" for key, n in list(counts.items())[:12]]
            more = ", ..." if len(counts) > 12 else ""
            if shown:
                said.append(f"{name}: {', '.join(shown)}{more}")
        for name, subsets in self.splits.items():
            inner = ", ".join(f"{key} {n}" for key, n in subsets.items())
            said.append(f"split {name}: {inner}")
        return said


def info(url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> StoreInfo:
    """What a store holds.

    Raises:
        StoreError: If there is no store, or it is damaged.
    """
    with Store.open(url, storage_options=storage_options) as store:
        table = store.table()

        def count(key: Callable[[dict[str, Any]], str]) -> dict[str, int]:
            return dict(Counter(map(key, table)).most_common())

        splits = {}
        for name in store.splits:
            subsets = store.splits.load(name).subsets
            splits[name] = {subset: len(ids) for subset, ids in subsets.items()}
        return StoreInfo(
            store.url,
            store.attributes,
            len(store),
            len(store.parts),
            sum(bool(record["truth"]) for record in table),
            count(lambda r: str(r["origin"])),
            count(lambda r: str(r["licence"])),
            count(lambda r: str(r["signal"])),
            count(lambda r: str(r["system"])),
            count(lambda r: f"{r['frames']} x {r['wavenumbers']}"),
            splits,
        )


def ids(url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> list[str]:
    """Ids of the runs of a store, in its order."""
    with Store.open(url, storage_options=storage_options) as store:
        return list(store.ids)


def validate(url: Path | str, *, storage_options: Mapping[str, Any] | None = None) -> list[Fault]:
    """Every fault of a store, with run and element; an empty list where there is none."""
    return _validate(url, storage_options=storage_options)


def export(
    url: Path | str,
    id: str,
    output: Path | str,
    *,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> list[Path]:
    """One run of a store as NetCDF, CSV or JCAMP-DX, told by the ending of ``output``.

    Returns:
        The files written (of a run with ground truth also ``NAME.truth.nc``).

    Raises:
        UnknownNameError: If the run or the ending is unknown.
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    with Store.open(url, storage_options=storage_options) as store:
        return _export_run(store, id, output, overwrite=overwrite)


def import_(
    mapping: Path | str,
    output: Path | str,
    *,
    append: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> Store:
    """An operando set of others (arrays and a table of conditions) into a store.

    Args:
        mapping: The mapping file (docs/import.md); file names in it start from its folder.
        output: The store to create.
        append: Add to an existing store; runs that it has are passed over.

    Raises:
        FormatError: If the mapping or a file that it names is wrong.
        OutputExistsError: If the store exists and ``append`` is false.
    """
    mapping = Path(mapping)
    found = read_mapping(mapping)
    if append:
        store = Store.open(output, storage_options=storage_options)
    else:
        # The first run is made before the store is, so that a wrong mapping leaves nothing.
        next(import_items(found, mapping.parent))
        record = found.model_dump_json(by_alias=True, exclude_defaults=True)
        store = Store.create(
            output,
            title=found.title,
            description=found.description,
            licence=found.licence,
            provenance={"source": found.source, "import_mapping": record},
            storage_options=storage_options,
        )
    store.append(import_items(found, mapping.parent), exist_ok=append)
    return store


def add(
    files: Sequence[Path | str],
    output: Path | str,
    *,
    tags: Mapping[str, Any] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> list[str]:
    """Runs in files (any that ``opir.read`` reads) into a store, made where there is none.

    A file ``NAME.truth.nc`` beside ``NAME.nc`` is taken as its ground truth. A run without a
    title gets the file's name as id. A run that the store has already, with the same content,
    is passed over, so that an interrupted job can be repeated.

    Returns:
        The ids.

    Raises:
        OptionError: If a file holds something else than a run, or an id is taken.
    """
    items = []
    for path in map(Path, files):
        contents = read_all(path)
        run = contents.blocks[contents.main]
        if not isinstance(run, Run):
            raise OptionError(
                f"the file holds {run.KIND}, not a run",
                remedy="Make a run of it first: opir ingest SPECTRA ELECTROCHEMISTRY -o run.nc",
                path=str(path),
            )
        beside = path.with_name(f"{path.stem}.truth.nc")
        truth = read_dataset(beside) if beside.is_file() else None
        items.append(Item(run, run.name or path.stem, truth, dict(tags or {})))
    if Store.exists(output, storage_options=storage_options):
        store = Store.open(output, storage_options=storage_options)
    else:
        store = Store.create(output, storage_options=storage_options)
    new: dict[str, Item] = {}
    hashes = {id: store.content_hash(id) for id in store}
    for path, item in zip(map(Path, files), items, strict=True):
        content = content_hash(item.run.dataset)
        if hashes.setdefault(item.id, content) != content:
            raise OptionError(
                f"another run has the id {item.id!r}",
                remedy="Give one another title: opir ingest --name, run.replace(title=...)",
                path=path,
            )
        if item.id not in store:
            new[item.id] = item
    store.append(new.values())
    return list(dict.fromkeys(item.id for item in items))


def merge(
    urls: Sequence[Path | str],
    output: Path | str,
    *,
    title: str = "",
    storage_options: Mapping[str, Any] | None = None,
) -> Store:
    """Several stores into a new one; a run that two of them have alike is taken once.

    Raises:
        OptionError: If two stores have different runs of one id.
        OutputExistsError: If ``output`` exists.
    """
    if not urls:
        raise OptionError("no store to merge was named", remedy="Name at least one")
    sources = [Store.open(url, storage_options=storage_options) for url in urls]
    check_mergeable(sources)
    licences = sorted({str(s.attributes.get("licence", "")) for s in sources} - {""})
    target = Store.create(
        output,
        title=title,
        licence="; ".join(licences),
        provenance={"merged_from": [s.url for s in sources]},
        storage_options=storage_options,
    )
    _merge(sources, target)
    return target


def parse_shares(text: str) -> dict[str, float]:
    """Shares from words: ``train=0.8,test=0.2``.

    Raises:
        OptionError: If a word is not ``name=number``, or a name repeats.
    """
    shares: dict[str, float] = {}
    for word in text.split(","):
        key, _, value = word.strip().partition("=")
        try:
            share = float(value)
        except ValueError:
            share = float("nan")
        if not key or key in shares or not np.isfinite(share):
            raise OptionError(
                f"{word!r} is not a share", remedy="Write train=0.8,validation=0.1,test=0.1"
            )
        shares[key] = share
    return shares


def make_split(
    url: Path | str,
    name: str,
    shares: Mapping[str, float],
    *,
    seed: int = 0,
    by: str = "",
    storage_options: Mapping[str, Any] | None = None,
) -> dict[str, int]:
    """Divide the runs of a store at random and store the split with it.

    Args:
        url: The store.
        name: Name of the split.
        shares: Name of a subset -> its share of the runs; they add up to 1.
        seed: Seed of the division.
        by: A column of the store's table (``"system"``) whose runs of one value stay together;
            the shares are then of the values.

    Returns:
        Name of the subset -> number of runs.

    Raises:
        OptionError: If the shares do not add up to 1, or a subset would be empty.
        UnknownNameError: If there is no such column.
        OutputExistsError: If there is a split of that name.
    """
    if any(not share > 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        raise OptionError(
            f"the shares {dict(shares)} are not above 0 with the sum 1",
            remedy="Give for example train=0.8,validation=0.1,test=0.1",
        )
    with Store.open(url, storage_options=storage_options) as store:
        table = store.table()
        if by and table and by not in table[0]:
            raise UnknownNameError("column", by, table[0])
        groups: dict[str, list[str]] = {}
        for record in table:
            groups.setdefault(str(record[by] if by else record["id"]), []).append(record["id"])
        order = np.random.default_rng(seed).permutation(sorted(groups))
        edges = np.round(np.cumsum([0.0, *shares.values()]) * len(order)).astype(int)
        subsets = {}
        for number, subset in enumerate(shares):
            chosen = order[edges[number] : edges[number + 1]]
            subsets[subset] = [run for group in chosen for run in groups[str(group)]]
            if not subsets[subset]:
                raise OptionError(
                    f"the subset {subset!r} would be empty: there are {len(order)} "
                    f"{by + ' values' if by else 'runs'}",
                    remedy="Give larger shares, or fewer subsets",
                )
        how = f"random, seed {seed}" + (f", runs of one {by} together" if by else "")
        store.splits.add(name, subsets, description=how)
        return {subset: len(chosen) for subset, chosen in subsets.items()}


def split(
    url: Path | str,
    name: str,
    folder: Path | str,
    *,
    storage_options: Mapping[str, Any] | None = None,
) -> dict[str, Store]:
    """One new store for each subset of a split that is stored with a store.

    Returns:
        Name of the subset -> its store, ``FOLDER/SUBSET``.

    Raises:
        UnknownNameError: If there is no such split.
        StoreError: If a run of the split is missing or changed.
        OutputExistsError: If one of the new stores exists.
    """
    with Store.open(url, storage_options=storage_options) as store:
        return _split_store(store, name, folder)
