"""Reversible state functions: balances, closed forms, limits, monotony, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import AxisError, ValueRangeError
from opir.simulate.reversible import (
    Breathing,
    IonPairing,
    ShiftRule,
    Solvation,
    local_concentration,
    van_t_hoff,
)

ROOM = 298.15
amounts = st.one_of(st.just(0.0), st.floats(1e-6, 2e4))


@given(
    solvent=st.lists(amounts, min_size=3, max_size=3),
    cation=amounts,
    constants=st.lists(st.one_of(st.just(0.0), st.floats(1e-8, 1e3)), min_size=3, max_size=3),
    temperature=st.floats(230, 370),
)
def test_solvation_closes_every_balance(solvent, cation, constants, temperature) -> None:
    model = Solvation(tuple(constants))
    bound = model.bound(solvent, cation, temperature)
    places = float(model.number(cation) * cation)
    assert (bound >= 0).all()
    assert (bound <= np.array(solvent)).all()
    assert bound.sum() <= places * (1 + 1e-12)
    # mass action of each solvent with the places left over
    constant = np.array(constants) * float(van_t_hoff(model.enthalpy, temperature))
    vacant = places - bound.sum()
    expected = constant * (np.array(solvent) - bound) * vacant
    # what the subtractions above cannot resolve
    blur = 1e-11 * constant * (np.array(solvent) + 1) * (places + 1) + 1e-9 * bound
    assert (np.abs(bound - expected) <= blur + 1e-300).all()


@given(total=amounts, cation=amounts, constant=st.floats(1e-7, 10))
def test_one_solvent_is_the_quadratic(total: float, cation: float, constant: float) -> None:
    model = Solvation((constant,), enthalpy=0.0)
    places = float(model.number(cation) * cation)
    pairs = IonPairing(constant, enthalpy=0.0).pairs(total, places, ROOM)
    assert float(model.bound([total], cation, ROOM)[0]) == pytest.approx(float(pairs), rel=1e-9)


def test_solvation_limits() -> None:
    model = Solvation.from_preferences([2.0, 1.0])
    solvent = np.array([6000.0, 6000.0])
    assert not model.bound(solvent, 0.0, ROOM).any()
    # dilute: each place is taken as by Langmuir with all solvent free
    filled = np.array(model.constants) * solvent
    dilute = model.bound(solvent, 1e-3, ROOM) / (1e-3 * float(model.number(0.0)))
    np.testing.assert_allclose(dilute, filled / (1 + filled.sum()), rtol=1e-5)
    # without end of cation and of binding: all of the solvent is bound
    strong = Solvation((1e3, 1e3), half_concentration=1e9)
    np.testing.assert_allclose(strong.coordinated_fraction(solvent, 1e6, ROOM), 1, atol=1e-6)
    # a solvent that is absent or does not bind
    none = Solvation((4e-4, 0.0, 4e-4)).coordinated_fraction([6e3, 6e3, 0.0], 1e3, ROOM)
    assert none[0] > 0
    assert none[1] == none[2] == 0


@given(c=st.floats(1, 5000), more=st.floats(1.01, 2), t=st.floats(260, 340))
def test_more_salt_binds_more_and_heat_frees(c: float, more: float, t: float) -> None:
    model = Solvation.from_preferences([2.0, 1.0])
    solvent = [6000.0, 6000.0]
    here = model.coordinated_fraction(solvent, c, t)
    assert (model.coordinated_fraction(solvent, c * more, t) > here).all()
    assert (model.coordinated_fraction(solvent, c, t + 5) < here).all()


def test_defaults_give_the_numbers_they_are_chosen_for() -> None:
    model = Solvation.from_preferences([2.0, 1.0])
    cation = np.array([500.0, 1500.0, 3000.0])
    solvent = np.broadcast_to([6000.0, 6000.0], (3, 2))
    bound = model.bound(solvent, cation, ROOM)
    np.testing.assert_allclose(bound.sum(axis=1) / cation, [4.2, 3.5, 2.5], rtol=0.1)
    assert 0.5 < (bound[1, 0] / bound[1].sum()) < 0.7
    hot = model.bound(solvent, cation, ROOM + 10)
    change = (hot.sum(axis=1) / bound.sum(axis=1) - 1) / 10
    assert ((change < -0.001) & (change > -0.002)).all()


def test_solvation_is_vectorised() -> None:
    model = Solvation.from_preferences([2.0, 1.0, 0.5])
    rng = np.random.default_rng(0)
    solvent, cation = rng.uniform(0, 9e3, (5, 7, 3)), rng.uniform(0, 4e3, (5, 7))
    temperature = rng.uniform(280, 330, 7)
    found = model.bound(solvent, cation, temperature)
    for i, j in np.ndindex(5, 7):
        one = model.bound(solvent[i, j], cation[i, j], temperature[j])
        np.testing.assert_allclose(found[i, j], one, rtol=1e-11)


@given(a=amounts, b=amounts, k=st.one_of(st.just(0.0), st.floats(1e-7, 1e4)))
def test_ion_pairs_obey_mass_action(a: float, b: float, k: float) -> None:
    pairs = float(IonPairing(k, enthalpy=0).pairs(a, b, ROOM))
    assert 0 <= pairs <= min(a, b)
    blur = 1e-11 * k * (a + 1) * (b + 1) + 1e-9 * pairs
    assert abs(pairs - k * (a - pairs) * (b - pairs)) <= blur + 1e-300


def test_ion_pairs_of_equal_totals_and_heat() -> None:
    # degree of pairing 1/2 at K c = 2
    model = IonPairing(2e-3)
    assert float(model.pairs(1000.0, 1000.0, ROOM)) == pytest.approx(500)
    assert model.pairs(1000.0, 1000.0, 330.0) > 500
    assert float(van_t_hoff(0.0, 400.0)) == 1.0


@given(c0=st.floats(0, 5000), w=st.floats(-800, 800))
def test_local_salt_stays_within_bounds_and_follows_the_swing(c0: float, w: float) -> None:
    c = float(local_concentration(c0, w))
    assert 0 <= c <= 6000 * (1 + 1e-12)
    assert (c - c0) * w >= -1e-9
    # half of saturation at w turns to its mirror image at -w
    mirror = float(local_concentration(3000.0, -w))
    assert float(local_concentration(3000.0, w)) + mirror == pytest.approx(6000)


def test_local_salt_at_rest_and_for_small_swings() -> None:
    assert float(local_concentration(1000.0, 0.0)) == pytest.approx(1000, rel=1e-15)
    small = float(local_concentration(1000.0, 1e-4, saturation=1e9))
    assert small == pytest.approx(1000 * (1 + 1e-4), rel=1e-8)


def test_breathing_is_that_of_silicon() -> None:
    model = Breathing()
    empty, full = model.thickness(180.0, 0.0), model.thickness(180.0, 1.0)
    assert float(empty) == pytest.approx(250)
    assert float(full) == pytest.approx(180)
    x = np.linspace(-0.2, 1.2, 29)
    assert (np.diff(model.factor(x)) <= 0).all()
    np.testing.assert_allclose(model.thickness(3.0, x) - model.uptake(3.0, x), 3.0)
    assert float(model.uptake(3.0, 1.0)) == pytest.approx(0, abs=1e-15)


def test_shift_rules_are_linear() -> None:
    rule = ShiftRule(concentration_shift=[1e-3, 0.0])
    found = rule.shift([ROOM, ROOM + 10], [1000.0, 2000.0], 2)
    np.testing.assert_allclose(found, [[0, 0], [1 - 0.3, -0.3]], atol=1e-12)
    broad = rule.broadening([ROOM, ROOM + 10], [20.0, 10.0])
    np.testing.assert_allclose(broad, [[0, 0], [0.01, 0.02]], atol=1e-12)
    assert rule.shift(np.full((4, 3), ROOM), 1000.0, 2).shape == (4, 3, 2)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: Solvation((-1.0,)), ValueRangeError, "does not bind"),
        (lambda: Solvation((1.0,), places=0), ValueRangeError, "positive"),
        (lambda: Solvation((1.0,)).bound([1.0, 2.0], 1.0, ROOM), AxisError, "1 solvents"),
        (lambda: Solvation((1.0,)).bound([-1.0], 1.0, ROOM), ValueRangeError, "not below 0"),
        (lambda: Solvation((1.0,)).bound([1.0], np.nan, ROOM), ValueRangeError, "cation"),
        (lambda: Solvation((1.0,)).bound([1.0], 1.0, 25.0), ValueRangeError, "25 degC"),
        (lambda: IonPairing(np.nan), ValueRangeError, "0 or more"),
        (lambda: IonPairing(1.0).pairs(-1.0, 1.0, ROOM), ValueRangeError, "not below 0"),
        (lambda: local_concentration(7000.0, 0.0), ValueRangeError, "unit"),
        (lambda: local_concentration(1.0, np.nan), ValueRangeError, "kinetics"),
        (lambda: Breathing(1.0), ValueRangeError, "below 1"),
        (lambda: Breathing().factor(np.inf), ValueRangeError, "kinetics"),
        (lambda: ShiftRule(temperature_shift=np.inf), ValueRangeError, "one for each"),
        (lambda: ShiftRule([1.0, 2.0]).shift(ROOM, 1.0, 3), AxisError, "meets 3"),
        (lambda: ShiftRule().broadening(200.0, [1.0]), ValueRangeError, "tenth"),
    ],
)
def test_refused_with_a_remedy(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        call()
