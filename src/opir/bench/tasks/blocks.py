"""Tasks on blocks of time: a long run, or a few, with whole blocks held out."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np

from opir.bench.data import FoldData, Sources
from opir.bench.fold import Fold
from opir.bench.tasks.base import Task
from opir.bench.time_blocks import BlockDesign, join, segments, windows_of
from opir.errors import UnknownNameError
from opir.models import Windows
from opir.run import Run

__all__ = ["BlockTask", "block_folds", "block_hash", "load_blocks"]


def block_folds(task: str, runs: Mapping[str, Run], design: BlockDesign) -> list[Fold]:
    """One fold for each rotation of the roles over the blocks; every block is tested on once.

    Args:
        task: Name of the task.
        runs: Name -> run.
        design: How a run is cut; its rotation is that of the first fold.

    Raises:
        OptionError: If a block is too short for a window.
    """
    found = []
    for rotation in range(len(design.cycle)):
        turned = replace(design, rotation=design.rotation + rotation)
        train, validation, test = (_blocks(runs, turned, role) for role in _ROLES)
        found.append(Fold(task, f"rotation-{rotation}", train, validation, test))
    return found


_ROLES = ("train", "validation", "test")


def _blocks(runs: Mapping[str, Run], design: BlockDesign, role: str) -> tuple[str, ...]:
    """Names of the stretches of a role: run, first spectrum, last spectrum."""
    return tuple(
        f"{name}/{item.start}-{item.stop - 1}"
        for name, run in sorted(runs.items())
        for item in segments(run.time.size, design)
        if item.role == role
    )


def load_blocks(fold: Fold, runs: Mapping[str, Run], design: BlockDesign) -> FoldData:
    """The windows of a fold of :func:`block_folds`; the runs are processed already, alike for all.

    Descriptors are empty. Times count from the start of each window.

    Raises:
        OptionError: If the runs differ in their wavenumbers.
    """
    turned = replace(design, rotation=design.rotation + int(fold.name.rsplit("-", 1)[-1]))
    parts: dict[str, Windows] = {}
    names: list[str] = []
    systems: list[str] = []
    for role in _ROLES:
        found = []
        for name, run in sorted(runs.items()):
            windows = windows_of(run, role, turned)
            found.append(windows)
            if role == "test":
                names += _window_names(_blocks({name: run}, turned, role), windows)
                systems += [run.system.name if run.system else name] * len(windows)
        parts[role] = join(found)
    origins = {run.origin for run in runs.values()}
    return FoldData(
        fold=fold,
        train=parts["train"],
        validation=parts["validation"],
        test=parts["test"],
        test_ids=tuple(names),
        systems=np.array(systems, dtype=np.str_),
        origin=origins.pop() if len(origins) == 1 else "mixed",
        notes=(
            "Windows of one block of time overlap and are not independent; intervals have to "
            "resample blocks.",
        ),
    )


def _window_names(blocks: tuple[str, ...], windows: Windows) -> list[str]:
    count: dict[int, int] = {}
    found = []
    for number in windows.block.tolist():
        count[number] = count.get(number, -1) + 1
        found.append(f"{blocks[number]}/window-{count[number]}")
    return found


def block_hash(runs: Mapping[str, Run], id: str) -> str:
    """Content hash of the stretch that an id of :func:`block_folds` names.

    Raises:
        UnknownNameError: If there is no such stretch.
    """
    name, _, span = id.rpartition("/")
    first, _, last = span.partition("-")
    if name not in runs or not (first.isdigit() and last.isdigit()):
        raise UnknownNameError("block", id, runs)
    run, rows = runs[name], slice(int(first), int(last) + 1)
    digest = hashlib.sha256(run.wavenumber.tobytes())
    for values in (run.time[rows], np.ascontiguousarray(run.values[rows])):
        digest.update(values.tobytes())
    return f"sha256:{digest.hexdigest()}"


class BlockTask(Task):
    """A task on one long measured run."""

    needs: ClassVar[tuple[str, ...]] = ()

    @property
    @abstractmethod
    def design(self) -> BlockDesign:
        """How the run is cut."""

    @abstractmethod
    def raw(self, sources: Sources) -> Run:
        """The run as measured; its hashes are those of the splits."""

    @abstractmethod
    def processed(self, sources: Sources) -> Run:
        """The run as every model sees it: as many spectra as the raw one."""

    def folds(self, sources: Sources) -> list[Fold]:
        """One fold for each rotation."""
        return block_folds(self.name, {self.name: self.raw(sources)}, self.design)

    def load(self, fold: Fold, sources: Sources) -> FoldData:
        """See :func:`load_blocks`."""
        return load_blocks(fold, {self.name: self.processed(sources)}, self.design)

    def hash_of(self, sources: Sources, source: str, id: str) -> str:
        """See :func:`block_hash`; of the raw run."""
        return block_hash({self.name: self.raw(sources)}, id)
