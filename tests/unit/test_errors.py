"""Errors say what came, where, and what to do."""

from __future__ import annotations

import pytest

from opir.errors import MissingDependencyError, OpirError, UnknownNameError, require


def test_the_sentence_holds_path_place_problem_and_remedy() -> None:
    error = OpirError("the axis is unsorted", remedy="Sort it", path="a.csv", place="line 3")
    assert str(error) == "a.csv: line 3: the axis is unsorted. Sort it."


def test_at_fills_in_only_what_is_missing() -> None:
    error = OpirError("bad", place="line 3").at(path="a.csv", place="line 9")
    assert (error.path, error.place) == ("a.csv", "line 3")


def test_unknown_names_list_the_nearest() -> None:
    assert "Nearest: voltage" in str(UnknownNameError("quantity", "volatge", ["voltage", "time"]))
    assert "Known: time, voltage" in str(UnknownNameError("quantity", "zzz", ["voltage", "time"]))


def test_missing_library_names_the_install_line() -> None:
    with pytest.raises(MissingDependencyError, match=r'pip install "opir\[bench\]"'):
        require("a_library_that_does_not_exist", extra="bench")


def test_require_returns_the_module() -> None:
    assert require("json", extra="bench").loads("1") == 1
