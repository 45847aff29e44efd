"""Answers held against the truth: counts of a run, and scores of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opir.bench.pathways.methods.base import Answer
from opir.bench.pathways.truth import ABSENT, PRESENT, RunTruth
from opir.metrics import Interval, bootstrap

__all__ = ["STRICT", "Counts", "Judged", "Scores", "f1_of", "judge", "score"]

Array = NDArray[np.float64]

STRICT = float(np.sqrt(PRESENT * ABSENT))
"""Where nothing is left out: there from this signal on, not there below."""

_CLOSE = 0.05
"""An onset is near the true one up to so far from it [V]."""


@dataclass(frozen=True)
class Counts:
    """Right, false and missed names."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    @property
    def row(self) -> tuple[int, int, int]:
        """As numbers."""
        return self.hits, self.false, self.missed


@dataclass(frozen=True)
class Judged:
    """What came of the answer to one run.

    Attributes:
        run, system: Its id and the name of its system.
        reactions, strict, species: Counts.
        onsets: Absolute errors of onsets of reactions rightly named, where both are known [V].
        quiet: Whether next to nothing can happen in it: a negative control.
        seconds: How long the method looked.
    """

    run: str
    system: str
    reactions: Counts
    strict: Counts
    species: Counts
    onsets: tuple[float, ...]
    quiet: bool
    seconds: float


@dataclass(frozen=True)
class Scores:
    """Scores of a method over runs; None where there is nothing to divide by.

    Attributes:
        runs: How many.
        precision, recall: Of reactions, of all runs together.
        f1: The same, with its interval, runs resampled.
        f1_by_system: Mean over systems of the F1 of their runs.
        f1_strict: Nothing left out of the truth.
        onset_error: Median absolute error [V].
        onsets_close: Share of reactions rightly named, with an onset in both, within 50 mV.
        onsets: How many these are.
        species_f1: Of species.
        false_alarms: Share of the negative controls with a reaction named that is not there.
        quiet: How many controls there are.
        seconds: Median time that the method took for a run.
    """

    runs: int
    precision: float | None
    recall: float | None
    f1: Interval | None
    f1_by_system: float | None
    f1_strict: float | None
    onset_error: float | None
    onsets_close: float | None
    onsets: int
    species_f1: float | None
    false_alarms: float | None
    quiet: int
    seconds: float | None


def judge(
    answer: Answer, truth: RunTruth, *, run: str = "", quiet: bool = False, seconds: float = 0.0
) -> Judged:
    """Hold the answer to one run against its truth.

    A name that the truth does not list is not there. What lies between the limits of
    :mod:`opir.bench.pathways.truth` is not counted, but for the strict counts.

    Args:
        answer: Of a method.
        truth: Of the run.
        run: Its id.
        quiet: Whether it is a negative control.
        seconds: How long the method looked.
    """
    errors = []
    for name, potential in answer.reactions.items():
        true = truth.onsets.get(name)
        if (
            truth.seen.get(name, 0.0) >= PRESENT
            and potential is not None
            and true is not None
            and true.potential is not None
        ):
            errors.append(abs(potential - true.potential))
    return Judged(
        run=run,
        system=truth.system,
        reactions=_counts(set(answer.reactions), truth.seen, PRESENT, ABSENT),
        strict=_counts(set(answer.reactions), truth.seen, STRICT, STRICT),
        species=_counts(set(answer.species), truth.species, PRESENT, ABSENT),
        onsets=tuple(errors),
        quiet=quiet,
        seconds=seconds,
    )


def score(judged: Sequence[Judged], *, samples: int = 2000, seed: int = 0) -> Scores:
    """The scores of a method over runs.

    Args:
        judged: One for each run.
        samples: Resamples of the interval.
        seed: Of these.
    """
    rows = np.array([one.reactions.row for one in judged], dtype=np.float64).reshape(-1, 3)
    hits, false, missed = rows.sum(axis=0)
    errors = np.array([error for one in judged for error in one.onsets])
    quiet = [one for one in judged if one.quiet]
    systems = sorted({one.system for one in judged})
    each = [f1_of(rows[[one.system == system for one in judged]].sum(axis=0)) for system in systems]
    whole = f1_of(rows.sum(axis=0))
    interval = None
    if whole is not None:
        interval = bootstrap(
            rows,
            np.arange(len(rows)),
            lambda drawn: _or(f1_of(drawn.sum(axis=0)), whole),
            samples=samples,
            seed=seed,
        )
    return Scores(
        runs=len(judged),
        precision=_share(hits, hits + false),
        recall=_share(hits, hits + missed),
        f1=interval,
        f1_by_system=_mean([one for one in each if one is not None]),
        f1_strict=_together([one.strict for one in judged]),
        onset_error=float(np.median(errors)) if errors.size else None,
        onsets_close=float((errors <= _CLOSE + 1e-12).mean()) if errors.size else None,
        onsets=int(errors.size),
        species_f1=_together([one.species for one in judged]),
        false_alarms=_mean([float(one.reactions.false > 0) for one in quiet]),
        quiet=len(quiet),
        seconds=float(np.median([one.seconds for one in judged])) if judged else None,
    )


def f1_of(counts: Any) -> float | None:
    """F1 of right, false and missed names; None where there is none of them."""
    hits, false, missed = (float(one) for one in counts)
    return _share(2 * hits, 2 * hits + false + missed)


def _counts(named: set[str], sizes: Mapping[str, float], least: float, below: float) -> Counts:
    present = {name for name, size in sizes.items() if size >= least}
    wrong = {name for name in named if sizes.get(name, 0.0) < below}
    return Counts(len(named & present), len(wrong), len(present - named))


def _together(counts: Sequence[Counts]) -> float | None:
    return f1_of(np.sum([one.row for one in counts], axis=0)) if counts else None


def _or(value: float | None, other: float) -> float:
    """Draws in which nothing is there and nothing named say nothing: they count as all runs."""
    return other if value is None else value


def _share(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
