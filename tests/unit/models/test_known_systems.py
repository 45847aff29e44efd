"""Whether a system is told from those trained on by its descriptor."""

from __future__ import annotations

import json

import numpy as np
import pytest

from opir.chemistry import library
from opir.errors import AxisError, FormatError
from opir.models.descriptor import describe
from opir.models.known_systems import KnownSystems
from opir.system import System

SYSTEMS = {name: item.system for name, item in library().systems.items() if item.system.electrolyte}


def around(system: System, count: int, seed: int) -> list[np.ndarray]:
    """The system with its amounts drawn within 5 %, as cells are filled."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        parts = [
            part.model_copy(update={"amount": part.amount * random.uniform(0.95, 1.05)})
            for part in system.electrolyte
        ]
        fields = {name: getattr(system, name) for name in System.model_fields}
        warmth = random.uniform(280, 330)
        found.append(describe(System(**fields | {"electrolyte": parts}), temperature=warmth))
    return found


def known(names: list[str], seed: int = 0) -> KnownSystems:
    rows = [(name, row) for name in names for row in around(SYSTEMS[name], 20, seed)]
    return KnownSystems.of([name for name, _ in rows], [row for _, row in rows])


def test_runs_of_known_systems_are_like_them_and_others_are_not() -> None:
    names = sorted(SYSTEMS)[:8]
    for held in names:
        without = known([name for name in names if name != held])
        for row in around(SYSTEMS[held], 5, 1):
            assert without.likeness(row).ratio > 1.1
    every = known(names)
    for name in names:
        trained = [every.likeness(row) for row in around(SYSTEMS[name], 20, 0)]
        assert max(item.ratio for item in trained) <= 1 + 1e-9
        assert {item.nearest for item in trained} == {name}


def test_temperature_and_water_are_no_matter_of_likeness() -> None:
    found = known(sorted(SYSTEMS)[:3])
    system = SYSTEMS[found.names[0]]
    cold, wet = (describe(system, temperature=t, water=w) for t, w in ((250, 1e-6), (350, 1e-2)))
    assert found.likeness(cold) == found.likeness(wet)


def test_systems_joined_are_known_from_then_on() -> None:
    names = sorted(SYSTEMS)
    found, (row,) = known(names[:4]), around(SYSTEMS[names[5]], 1, 0)
    assert found.likeness(row).ratio > 1.1
    more = found.joined(["one of mine"], [row])
    assert more.likeness(row).ratio <= 1e-9
    assert more.likeness(row).nearest == "one of mine"
    np.testing.assert_array_equal(more.spread, found.spread)
    trained = around(SYSTEMS[names[0]], 1, 0)[0]
    assert more.likeness(trained).ratio <= found.likeness(trained).ratio
    assert more.likeness(trained).nearest == names[0]
    with pytest.raises(AxisError, match="descriptors have shape"):
        found.joined(["a"], np.zeros((2, 3)))


def test_as_json_and_back() -> None:
    found = known(sorted(SYSTEMS)[:3])
    again = KnownSystems.from_json(json.loads(json.dumps(found.to_json())))
    row = describe(SYSTEMS[sorted(SYSTEMS)[5]])
    assert again.likeness(row).ratio == pytest.approx(found.likeness(row).ratio, rel=1e-4)
    values = found.to_json()
    values["reach"] = values["reach"][:-1]
    with pytest.raises(FormatError, match="do not fit"):
        KnownSystems.from_json(values)
    with pytest.raises(FormatError, match="names"):
        KnownSystems.from_json({})
    with pytest.raises(AxisError, match="descriptors have shape"):
        KnownSystems.of(["a"], np.zeros((2, 3)))
