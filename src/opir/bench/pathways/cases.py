"""Which runs the methods are judged on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opir.bench.data import Sources
from opir.bench.pathways.forecasts import UNSEEN, check_weights, weights_of
from opir.bench.tasks import TASKS
from opir.errors import OptionError, UnknownNameError

__all__ = ["SOURCES", "TASK_NAMES", "VALIDATION", "Case", "cases_of", "spread", "validation_cases"]

TASK_NAMES = ("random", UNSEEN, "shifted-domain")
SOURCES = ("measured", "forecast")
"""Where the spectra come from."""
VALIDATION = "validation"
"""In place of a task: runs on which limits are chosen."""


@dataclass(frozen=True)
class Case:
    """A run to look at.

    Attributes:
        task, fold: Of OpIRBench, or ``validation``.
        source: ``measured`` or ``forecast``.
        store: ``main`` or ``shifted``.
        run: Its id.
        content: Its content hash.
        system: Name of its system.
        weights: Name or file of the forecaster, of forecasts.
        kinds: The only methods that look at it; all where empty.
    """

    task: str
    fold: str
    source: str
    store: str
    run: str
    content: str
    system: str
    weights: str = ""
    kinds: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for whatever is looked at in the same way, from whichever task it comes."""
        weights = Path(self.weights).stem
        return "/".join((self.source, self.store, self.run, self.content[:12], weights))

    def wants(self, kind: str) -> bool:
        """Whether a method is to look at it."""
        return not self.kinds or kind in self.kinds


def spread(ids: Sequence[str], count: int | None) -> list[str]:
    """So many of them, evenly spread in their order; all by default."""
    if count is None or count >= len(ids):
        return list(ids)
    return [ids[at] for at in np.linspace(0, len(ids) - 1, count).round().astype(int)]


def cases_of(
    tasks: Sequence[str],
    origins: Sequence[str],
    sources: Sources,
    *,
    runs: int | None = None,
    weights: Path | str | None = None,
) -> list[Case]:
    """The test runs of tasks, from each origin.

    Args:
        tasks: Of :data:`TASK_NAMES`.
        origins: Of :data:`SOURCES`.
        sources: The stores.
        runs: How many of each task, evenly spread over its test runs; all by default.
        weights: Folder of the forecasters that have not seen a system.

    Raises:
        UnknownNameError: If there is no such task or source.
        OptionError: If a store or weights are missing, or nothing is asked for.
    """
    for what, names, known in (("task", tasks, TASK_NAMES), ("source", origins, SOURCES)):
        if not names:
            raise OptionError(f"no {what} is named", remedy=f"Give --{what} {known[0]}")
        for name in names:
            if name not in known:
                raise UnknownNameError(what, name, known)
    if runs is not None and runs < 1:
        raise OptionError(f"{runs} runs were asked for; at least 1 is needed")
    found = []
    for task in dict.fromkeys(tasks):
        folds = TASKS[task].folds(sources)
        of_fold = {id: fold for fold in folds for id in fold.test}
        chosen = spread([id for fold in folds for id in fold.test], runs)
        for source in dict.fromkeys(origins):
            if source == "forecast" and task == UNSEEN:
                check_weights(list(dict.fromkeys(of_fold[id].name for id in chosen)), weights)
            for id in chosen:
                fold = of_fold[id]
                item = sources.index(fold.test_source)[id]
                name = weights_of(task, fold.name, weights) if source == "forecast" else ""
                found.append(
                    Case(
                        task,
                        fold.name,
                        source,
                        fold.test_source,
                        id,
                        item.content_hash,
                        item.system,
                        name,
                    )
                )
    return found


def validation_cases(kinds: Sequence[str], sources: Sources, runs: int | None) -> list[Case]:
    """Validation runs of the random split, as measured, for methods that have limits to choose."""
    if not kinds:
        return []
    ids = spread(TASKS["random"].folds(sources)[0].validation, runs)
    index = sources.index("main")
    return [
        Case(
            VALIDATION,
            "all",
            "measured",
            "main",
            id,
            index[id].content_hash,
            index[id].system,
            kinds=tuple(kinds),
        )
        for id in ids
    ]
