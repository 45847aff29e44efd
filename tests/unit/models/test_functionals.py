"""Integrals of a protocol: closed forms, any grid, halves that join."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from opir.errors import AxisError
from opir.models.abcc.functionals import Functionals, Settings, _end_of_peak, functionals

SETTINGS = Settings(times=(50.0, 2000.0), potentials=(0.1, 0.8, 3.0), width=0.05)


def of(samples: np.ndarray, drive: np.ndarray, times: np.ndarray) -> Functionals:
    """Of one run, in double precision."""
    return functionals(
        torch.tensor(samples)[None], torch.tensor(drive)[None], torch.tensor(times)[None], SETTINGS
    )


def protocol(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    times = np.cumsum(random.choice([0.5, 30.0, 700.0, 5e4], count)) - 0.5
    drive = np.stack([random.uniform(0, 4.2, count), random.normal(size=count) * 1e-3], axis=1)
    drive[1::4] = drive[::4][: len(drive[1::4])]  # constant pieces too
    return times, drive


def straight(drive: np.ndarray) -> bool:
    """Whether all pieces count as straight lines: none begins with a peak of current."""
    both = torch.tensor(drive)[None].flip(-1)
    return bool((_end_of_peak(both[:, :-1], both[:, 1:]) == both[:, :-1]).all())


def together(found: Functionals) -> np.ndarray:
    return torch.cat([found.relaxed, found.dose, found.charge], dim=-1)[0].numpy()


def test_a_constant_current_relaxes_exponentially() -> None:
    found = of(np.array([0.0, 1e4]), np.full((2, 2), 2.0), np.array([0.0, 50.0, 3000.0]))
    expected = 2 * (1 - np.exp(-np.array([0.0, 1.0, 60.0])))
    assert found.relaxed[0, :, 0].numpy() == pytest.approx(expected, rel=1e-12)
    assert found.charge[0].numpy() == pytest.approx(np.array([[0, 0], [100, 0], [6000, 0]]))


@pytest.mark.parametrize("seed", range(3))
def test_every_integral_is_that_of_straight_lines(seed: int) -> None:
    samples, drive = protocol(seed, 6)
    end = float(samples[-1] - 0.3 * (samples[-1] - samples[-2]))

    def x(channel: int, s: float) -> float:
        return float(np.interp(s, samples, drive[:, channel]))

    def integral(function) -> float:  # type: ignore[no-untyped-def]
        edges = [*samples[samples < end], end]
        pieces = (quad(function, a, b, limit=200)[0] for a, b in itertools.pairwise(edges))
        return sum(pieces)

    found = of(samples, drive, np.array([end]))
    for column, (tau, channel) in enumerate((t, c) for c in (1, 0) for t in SETTINGS.times):
        expected = integral(lambda s, t=tau, c=channel: np.exp(-(end - s) / t) / t * x(c, s))
        assert found.relaxed[0, 0, column].item() == pytest.approx(expected, rel=1e-6, abs=1e-9)
    for column, level in enumerate(SETTINGS.potentials):
        expected = integral(lambda s, e=level: 1 / (1 + np.exp((x(0, s) - e) / SETTINGS.width)))
        assert found.dose[0, 0, column].item() == pytest.approx(expected, rel=1e-6, abs=1e-3)
    for column, sign in enumerate((1, -1)):
        expected = integral(lambda s, k=sign: max(k * x(1, s), 0.0))
        assert found.charge[0, 0, column].item() == pytest.approx(expected, rel=1e-4, abs=1e-9)


@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_finer_samples_and_other_times_change_nothing(seed: int, count: int, more: int) -> None:
    samples, drive = protocol(seed, count)
    random = np.random.default_rng(seed + 1)
    between = random.uniform(samples[0], samples[-1], more)
    finer = np.sort(np.concatenate([samples, between]))
    filled = np.stack([np.interp(finer, samples, drive[:, c]) for c in (0, 1)], axis=1)
    assume(straight(drive) and straight(filled))
    times = random.permutation(np.concatenate([samples, between]))
    whole = together(of(samples, drive, times))
    assert together(of(finer, filled, times)) == pytest.approx(whole, rel=1e-6, abs=1e-6)
    some = random.choice(len(times), 3)
    assert together(of(samples, drive, times[some])) == pytest.approx(whole[some], rel=1e-12)
    rising = np.argsort(times)
    doses = whole[rising][:, 2 * len(SETTINGS.times) :]
    assert (np.diff(doses, axis=0) >= -1e-9 * (1 + np.abs(doses[1:]))).all()


def test_the_samples_themselves_may_be_asked_for() -> None:
    times, drive = protocol(3, 12)
    samples, values = torch.tensor(times)[None], torch.tensor(drive)[None]
    found = together(functionals(samples, values, samples, SETTINGS))
    assert np.allclose(found, together(of(times, drive, times)), rtol=1e-12, atol=0)


def test_two_halves_make_the_whole() -> None:
    samples, drive = protocol(5, 9)
    middle = 4
    whole = of(samples, drive, samples[-1:])
    first = of(samples[: middle + 1], drive[: middle + 1], samples[middle : middle + 1])
    second = of(samples[middle:], drive[middle:], samples[-1:])
    assert torch.allclose(whole.dose, first.dose + second.dose, rtol=1e-9)
    assert torch.allclose(whole.charge, first.charge + second.charge, rtol=1e-9)
    fade = torch.exp(-(samples[-1] - samples[middle]) / torch.tensor(SETTINGS.times * 2))
    assert torch.allclose(whole.relaxed, fade * first.relaxed + second.relaxed, rtol=1e-9)


def test_what_is_not_known_adds_nothing() -> None:
    samples = np.array([0.0, 10.0, 20.0, 30.0])
    drive = np.array([[0.0, 1.0], [0.0, 1.0], [np.nan, np.nan], [np.nan, np.nan]])
    found = together(of(samples, drive, samples))
    assert np.isfinite(found).all()
    assert found[2:, 4:] == pytest.approx(np.tile(found[1, 4:], (2, 1)))


def test_single_precision_is_near() -> None:
    samples, drive = protocol(3, 40)
    double = functionals(*(torch.tensor(x)[None] for x in (samples, drive, samples)))
    single = functionals(*(torch.tensor(x)[None].float() for x in (samples, drive, samples)))
    for name in ("relaxed", "dose", "charge"):
        fine, rough = getattr(double, name), getattr(single, name).double()
        assert torch.allclose(rough, fine, rtol=2e-3, atol=1e-3 * float(fine.abs().max()))


def ends(current: list[float], voltage: float = 1.0) -> list[float]:
    """The currents that the pieces begin with, at a steady voltage."""
    both = torch.tensor([[one, voltage] for one in current], dtype=torch.float64)[None]
    return [float(one) for one in _end_of_peak(both[:, :-1], both[:, 1:])[0, :, 0]]


def test_a_peak_of_current_is_over_at_once() -> None:
    assert ends([0.0, -10.0, -1.0, -0.9]) == [0.0, -1.0, -1.0]
    assert ends([0.0, -10.0, -9.0, -8.0]) == [0.0, -10.0, -9.0]


def test_a_current_that_crosses_zero_has_no_peak() -> None:
    crossing = [-1.0, -0.3, -0.08, -0.01, -0.001, 0.05, 0.3]
    assert ends(crossing) == crossing[:-1]
    assert ends([1e3 * one for one in crossing]) == [1e3 * one for one in crossing[:-1]]


def test_what_is_refused() -> None:
    samples, drive = protocol(0, 4)
    with pytest.raises(AxisError, match="after the last sample"):
        of(samples, drive, samples + 1)
    with pytest.raises(AxisError, match="do not fit"):
        of(samples[:-1], drive, samples)
