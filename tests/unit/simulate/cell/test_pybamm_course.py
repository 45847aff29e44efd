"""Potentials from PyBaMM; most of it runs only where PyBaMM is installed."""

from __future__ import annotations

import numpy as np
import pytest

from opir.errors import MissingDependencyError, ProtocolError, SimulationError, UnknownNameError
from opir.simulate.single_run import simulate


def test_an_unknown_source_of_the_potential_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="pybamm"):
        simulate("lp57-graphite", "rest", potential="pybam")


def test_without_pybamm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pybamm", None)
    with pytest.raises(MissingDependencyError, match=r"opir\[pybamm\]"):
        simulate("lp57-graphite", "formation-c10", potential="pybamm")


@pytest.mark.parametrize("system", ["lp57-graphite", "lp57-graphite-nmc622"])
def test_the_same_protocol_gives_a_like_film(system: str) -> None:
    pytest.importorskip("pybamm")
    found = simulate(system, "formation-c10", vary=False, potential="pybamm", instrument=None)
    own = simulate(system, "formation-c10", vary=False, instrument=None)
    assert found.run.dataset.voltage.values.max() > 1.0
    film = [float(s.truth.amounts.sel(species="LEDC")[-1]) for s in (found, own)]
    assert 0.5 < film[0] / film[1] < 2.0
    assert (np.diff(found.truth.extents.values, axis=0) >= 0).all()


def test_what_pybamm_cannot_do_is_refused() -> None:
    pytest.importorskip("pybamm")
    with pytest.raises(SimulationError, match="graphite"):
        simulate("lp30-lto", "formation-c10", potential="pybamm")
    with pytest.raises(ProtocolError, match="sweep"):
        simulate("lp30-graphite", "sweep-slow", potential="pybamm")
