"""The registry: names, nearest names, entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

import opir.registry
from opir.errors import OptionError, UnknownNameError
from opir.registry import Registry


def test_register_and_look_up() -> None:
    shapes: Registry[type] = Registry("shape")
    shapes.add("gauss", int)
    assert shapes["gauss"] is int
    assert list(shapes) == ["gauss"]
    assert "lorentz" not in shapes


def test_unknown_name_lists_the_nearest() -> None:
    shapes: Registry[type] = Registry("shape")
    shapes.add("gauss", int)
    with pytest.raises(UnknownNameError, match="unknown shape 'gaus'. Nearest: gauss"):
        shapes["gaus"]


def test_names_that_begin_so_come_first() -> None:
    shapes: Registry[type] = Registry("shape")
    for name in ("voigt", "pseudo-voigt", "Voigt-Faddeeva"):
        shapes.add(name, int)
    with pytest.raises(UnknownNameError, match="Nearest: Voigt-Faddeeva, voigt."):
        shapes["vo"]


def test_of_many_names_the_first_are_listed_and_the_others_counted() -> None:
    shapes: Registry[type] = Registry("shape")
    for number in range(15):
        shapes.add(f"n{number:02}", int)
    with pytest.raises(UnknownNameError, match=r"Known: n00, .*, n11 and 3 more\.$"):
        shapes["gauss"]


def test_a_taken_name_is_refused() -> None:
    shapes: Registry[type] = Registry("shape")
    shapes.register("gauss")(int)
    shapes.add("gauss", int)
    with pytest.raises(OptionError, match="taken"):
        shapes.add("gauss", str)


def test_other_packages_add_theirs_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = EntryPoint("fraction", "fractions:Fraction", "opir.shapes")
    monkeypatch.setattr(opir.registry, "entry_points", lambda group: [entry])
    shapes: Registry[type] = Registry("shape", group="opir.shapes")
    assert shapes["fraction"].__name__ == "Fraction"
