"""Own store: any OpIRSpec store that a user names."""

from __future__ import annotations

import math
from typing import ClassVar

from opir.bench.data import FoldData, Sources, load_fold
from opir.bench.fold import Fold, place
from opir.bench.index import RunIndex
from opir.bench.tasks.base import StoreTask, register_task
from opir.bench.tasks.blocks import block_folds, block_hash, load_blocks
from opir.bench.time_blocks import BlockDesign
from opir.errors import OptionError
from opir.run import Run

__all__ = ["OwnStore"]

_BLOCKS = 10
_LEAST_RUNS = 3
_TEST, _VALIDATION = 0.14, 0.07


@register_task
class OwnStore(StoreTask):
    """How the models do on runs of one's own."""

    name: ClassVar[str] = "own-store"
    title: ClassVar[str] = "A store of one's own"
    description: ClassVar[str] = (
        "The runs of any OpIRSpec store, as they are: process them before, alike for all. 14 % of "
        "the runs are held out and 7 % used for validation, by the hash of their ids and one at "
        "least; of one run or two, blocks of time are held out (10 blocks, five rotations). One "
        "frame given."
    )

    def split(self, index: RunIndex) -> list[Fold]:
        """One fold of whole runs."""
        ordered = sorted(index, key=place)
        tested = max(1, round(_TEST * len(ordered)))
        chosen = tested + max(1, round(_VALIDATION * len(ordered)))
        train, validation = sorted(ordered[chosen:]), sorted(ordered[tested:chosen])
        test = sorted(ordered[:tested])
        return [Fold(self.name, "all", tuple(train), tuple(validation), tuple(test))]

    def folds(self, sources: Sources) -> list[Fold]:
        """One fold of whole runs, or five of blocks of time."""
        if len(sources.index("main")) >= _LEAST_RUNS or not sources.index("main"):
            return super().folds(sources)
        runs = _runs(sources)
        return block_folds(self.name, runs, _design(runs))

    def load(self, fold: Fold, sources: Sources) -> FoldData:
        """The data; systems are described if all of them can be."""
        if len(sources.index("main")) >= _LEAST_RUNS:
            return load_fold(fold, sources, described="if all can be")
        runs = _runs(sources)
        return load_blocks(fold, runs, _design(runs))

    def hash_of(self, sources: Sources, source: str, id: str) -> str:
        """Of a run, or of a block of time."""
        if len(sources.index("main")) >= _LEAST_RUNS:
            return super().hash_of(sources, source, id)
        return block_hash(_runs(sources), id)


def _runs(sources: Sources) -> dict[str, Run]:
    store = sources.store("main")
    return {id: store.run(id) for id in store.ids}


def _design(runs: dict[str, Run]) -> BlockDesign:
    """Windows of two thirds of a block, of as many frames as there are spectra."""
    shortest = min(run.time.size for run in runs.values())
    frames = math.floor(shortest / _BLOCKS * 2 / 3)
    if frames < 2:
        raise OptionError(
            f"the shortest run has {shortest} spectra; held-out blocks of time need "
            f"{3 * _BLOCKS} or more",
            remedy=f"Use a store of {_LEAST_RUNS} runs or more, of which whole runs are held out",
        )
    return BlockDesign(blocks=_BLOCKS, frames=frames, co_added=1)
