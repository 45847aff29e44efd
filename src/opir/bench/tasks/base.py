"""What a task is: folds of runs, and how the data of a fold is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, TypeVar

from opir.bench.data import FoldData, Sources, load_fold
from opir.bench.fold import Fold
from opir.bench.index import RunIndex
from opir.errors import OptionError
from opir.registry import Registry

__all__ = ["TASKS", "StoreTask", "Task", "register_task"]


class Task(ABC):
    """A frozen definition of what is trained on, tested on, given and scored.

    Attributes:
        name: The name it is registered under.
        version: Raised with every change that moves a run from one side to another.
        title, description: What it asks of a model, for tables and documentation.
        needs: Sources that it reads: ``main``, ``shifted``, ``shared``.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    title: ClassVar[str]
    description: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ("main",)

    @abstractmethod
    def folds(self, sources: Sources) -> list[Fold]:
        """Its folds on the sources, each with runs to train on and to test on.

        Raises:
            OptionError: If a source is missing, or has not what the task needs.
        """

    @abstractmethod
    def load(self, fold: Fold, sources: Sources) -> FoldData:
        """The data of one of its folds.

        Raises:
            OptionError, StoreError: If the data cannot be read or do not fit.
        """

    @abstractmethod
    def hash_of(self, sources: Sources, source: str, id: str) -> str:
        """Content hash of a run (or block of time), by which a changed one is noticed.

        Raises:
            UnknownNameError: If there is no such run.
        """

    def fold_json(self, fold: Fold, sources: Sources) -> dict[str, Any]:
        """The fold as JSON values, each run with its content hash."""
        return fold.to_json(lambda source, id: self.hash_of(sources, source, id))


class StoreTask(Task):
    """A task on the runs of a store: all that it has to say is how they are split."""

    @abstractmethod
    def split(self, index: RunIndex) -> list[Fold]:
        """The folds on the runs of the main store; some may lack runs.

        Raises:
            OptionError: If the store has not what the task needs.
        """

    def folds(self, sources: Sources) -> list[Fold]:
        """See :class:`Task`."""
        index = sources.index("main")
        if not index:
            raise OptionError("the store holds no runs", path=sources.store("main").url)
        return self.whole(self.split(index), sources)

    def whole(self, folds: list[Fold], sources: Sources) -> list[Fold]:
        """The folds, if each has runs for every role.

        Raises:
            OptionError: If one has not.
        """
        for fold in folds:
            for role in ("train", "validation", "test"):
                if not getattr(fold, role):
                    raise OptionError(
                        f"task {self.name!r}: fold {fold.name!r} has no {role} runs; the store "
                        f"holds {len(sources.index('main'))} runs in all",
                        remedy="Use a larger store (the full set has about 100 test runs of each "
                        "system), or the task own-store, which takes any number of runs",
                        path=sources.store("main").url,
                    )
        return folds

    def load(self, fold: Fold, sources: Sources) -> FoldData:
        """See :func:`opir.bench.data.load_fold`."""
        return load_fold(fold, sources)

    def hash_of(self, sources: Sources, source: str, id: str) -> str:
        """The content hash that the index of the store has."""
        return sources.index(source)[id].content_hash


TASKS: Registry[Task] = Registry("task", group="opir.tasks")
"""Every task by name."""

Kind = TypeVar("Kind", bound=Task)


def register_task(kind: type[Kind]) -> type[Kind]:
    """Decorator that makes a task known by its name.

    Raises:
        OptionError: If the name is taken.
    """
    TASKS.add(kind.name, kind())
    return kind
