"""Folds that hold out whatever has a property."""

from __future__ import annotations

from collections.abc import Collection

from opir.bench.fold import Fold

__all__ = ["hold_out"]


def hold_out(
    task: str,
    name: str,
    pools: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
    held: Collection[str],
) -> Fold:
    """A fold that trains on what is not held out and tests on what is.

    Test runs come from the test pool alone, so that no task trains on a run that any other
    tests on.

    Args:
        task, name: Names of the task and the fold.
        pools: Training, validation and test pool.
        held: Runs of any pool that are kept out of training and validation.
    """
    train, validation, test = pools
    kept_out = set(held)
    return Fold(
        task,
        name,
        tuple(id for id in train if id not in kept_out),
        tuple(id for id in validation if id not in kept_out),
        tuple(id for id in test if id in kept_out),
    )
