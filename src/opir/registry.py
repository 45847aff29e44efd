"""A registry of named variants: readers, processing steps, models.

Built-in variants register themselves on import of their part; other packages add theirs
through an entry point group (``opir.readers``, ``opir.models``), loaded at the first look-up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import TypeVar

from opir.errors import OptionError, UnknownNameError

__all__ = ["Registry"]


T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Names to variants, with the nearest names in the error.

    Args:
        kind: What the variants are, for messages (``"reader"``).
        group: Entry point group that other packages add to, if any.
    """

    def __init__(self, kind: str, *, group: str | None = None) -> None:
        self.kind = kind
        self.group = group
        self._items: dict[str, T] = {}
        self._loaded = group is None

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that registers its object under ``name``.

        Raises:
            OptionError: If the name is taken.
        """

        def add(item: T) -> T:
            self.add(name, item)
            return item

        return add

    def add(self, name: str, item: T) -> None:
        """Register ``item`` under ``name``.

        Raises:
            OptionError: If the name is taken by another object.
        """
        if name in self._items and self._items[name] is not item:
            raise OptionError(
                f"the {self.kind} name {name!r} is taken", remedy="Choose another name"
            )
        self._items[name] = item

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        for entry in entry_points(group=self.group or ""):
            self.add(entry.name, entry.load())

    def __getitem__(self, name: str) -> T:
        self._load()
        try:
            return self._items[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, self._items) from None

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._items)

    def __len__(self) -> int:
        self._load()
        return len(self._items)
