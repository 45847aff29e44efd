"""Molar spectra and absorbance: Beer-Lambert, areas, derivatives, error bounds, dispersion."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import hilbert

from opir.errors import AxisError, OptionError, UnknownNameError, ValueRangeError
from opir.spectra.bands import AREA_PER_KM_PER_MOL, BandTable, area_from_relative
from opir.spectra.dispersion import distortion, molar_dispersion
from opir.spectra.expansion import MAX_ORDER, remainder_bound, suprema, terms_of
from opir.spectra.molar import displaced, molar_spectra, rows
from opir.spectra.shapes import LINE_SHAPES
from opir.spectra.synthesis import _plan, absorbance, absorption_streams

AXIS = np.linspace(800, 1900, 512)
UNEVEN = np.sort(np.random.default_rng(5).uniform(800, 1900, 300))
EC, PAIR, SALT = ("EC", "free"), ("EC", "Li_coordinated"), ("PF6-", "free")


def table(share: float = 0.4) -> BandTable:
    return BandTable.from_bands(
        [
            (SALT, 842, 2.6, 24, share),
            (EC, 1803, 0.5, 18, share),
            (EC, 1773, 0.5, 20, share),
            (EC, 893, 0.02, 8, share),
            (PAIR, 1770, 0.63, 22, share),
            (PAIR, 903, 0.05, 8, share),
        ],
        populations=[EC, PAIR, ("LiF", "solid"), SALT],
    )


def course(amplitude: float, times: int = 9) -> tuple[np.ndarray, np.ndarray]:
    wave = np.sin(np.linspace(0, 5, times))[:, None]
    amount = np.array([5000.0, 2000.0, 10.0, 900.0]) * (1 + 0.2 * wave)
    return amount, amplitude * wave * np.array([1.0, -0.7, 0.5, 0.3])


def test_one_km_per_mol_is_43_43_litre_per_mol_cm2() -> None:
    # 1 L mol-1 cm-1 = 0.1 m2 mol-1
    assert pytest.approx(43.43, abs=0.005) == AREA_PER_KM_PER_MOL / 0.1
    # A Lorentz band of EC C=O with FWHM 25: 1190 L mol-1 cm-1 at the peak
    peak = 2 * area_from_relative(1.0) / (np.pi * 25) / 0.1
    assert float(peak) == pytest.approx(1190, rel=2e-3)


def test_beer_lambert_is_linear_and_keeps_the_area() -> None:
    wide = np.linspace(-40_000, 40_000, 400_001)
    one = BandTable.from_bands([(EC, 1000.0, 0.7, 20.0, 0.3)])
    found = absorbance(one, [[300.0], [600.0]], wide, 2e-6)
    np.testing.assert_allclose(found[1], 2 * found[0], rtol=1e-14)
    exact = 300 * 2e-6 * float(area_from_relative(0.7))
    assert np.trapezoid(found[0], wide) == pytest.approx(exact, rel=2e-4)


def test_tables_are_sorted_and_keep_populations_without_bands() -> None:
    found = table()
    assert found.populations == (EC, PAIR, ("LiF", "solid"), SALT)
    np.testing.assert_array_equal(found.starts, [0, 3, 5, 5, 6])
    assert found.mean_width()[3] == pytest.approx(24)
    assert not molar_spectra(found, AXIS, 2).of(2).any()
    varied = found.scaled(shift=1.5, area=2.0, width=0.5)
    np.testing.assert_allclose(varied.position - found.position, 1.5)
    np.testing.assert_allclose(varied.width / found.width, 0.5)


@pytest.mark.parametrize("shape", sorted(LINE_SHAPES))
@pytest.mark.parametrize("axis", [AXIS, AXIS[::-1], UNEVEN], ids=["rising", "falling", "uneven"])
def test_compiled_and_plain_rows_agree_and_are_derivatives(shape: str, axis: np.ndarray) -> None:
    every = np.ones(4, dtype=bool)
    terms = terms_of(np.array([4, 3, 2, 0]), every, every)
    line = LINE_SHAPES[shape]
    fast, plain = rows(table(), axis, terms, line), rows(table(), axis, terms, line, compiled=False)
    scale = np.abs(plain).max(axis=1, keepdims=True) + 1e-300
    np.testing.assert_allclose(fast / scale, plain / scale, atol=3e-10)
    found = molar_spectra(table(), axis, 2, shape=shape)
    for keyword, orders, step in (("shift", (1, 0), 1e-3), ("broadening", (0, 1), 1e-5)):
        above = molar_spectra(table(), axis, 1, shape=shape, **{keyword: step})
        below = molar_spectra(table(), axis, 1, shape=shape, **{keyword: -step})
        first = (above.of(0) - below.of(0)) / (2 * step)
        np.testing.assert_allclose(found.of(0, *orders), first, atol=3e-5 * np.abs(first).max())
        mixed = (above.of(0, 1, 0) - below.of(0, 1, 0)) / (2 * step)
        second = found.of(0, 1 + orders[0], orders[1])
        np.testing.assert_allclose(second, mixed, atol=1e-4 * np.abs(mixed).max())


@pytest.mark.parametrize("shape", sorted(LINE_SHAPES))
@pytest.mark.parametrize("amplitude", [0.0, 0.05, 0.3, 1.0, 8.0])
def test_automatic_choice_keeps_the_tolerance(shape: str, amplitude: float) -> None:
    amount, shift = course(amplitude)
    exact = absorbance(
        table(), amount, AXIS, 1e-6, shift=shift, broadening=shift / 40, shape=shape,
        method="direct",
    )  # fmt: skip
    found = absorbance(table(), amount, AXIS, 1e-6, shift=shift, broadening=shift / 40, shape=shape)
    assert np.abs(found - exact).max() <= 1e-5 * exact.max()


@settings(max_examples=40, deadline=None)
@given(
    amplitude=st.floats(0.01, 4),
    swing=st.floats(0, 0.2),
    share=st.floats(0, 1),
    shape=st.sampled_from(sorted(LINE_SHAPES)),
)
def test_error_of_each_order_is_below_its_bound(
    amplitude: float, swing: float, share: float, shape: str
) -> None:
    bands, line = table(share), LINE_SHAPES[shape]
    d, b = np.full(4, amplitude), np.full(4, swing)
    bound = remainder_bound(bands, line, d, b)
    spectra = molar_spectra(bands, AXIS, MAX_ORDER, shape=shape)
    for sign in (1, -1):
        for order in range(MAX_ORDER + 1):
            terms = terms_of(np.full(4, order), d > 0, b > 0)
            weights = terms.coefficients(np.ones((1, 4)), d[None], sign * b[None])[0]
            kept = [
                spectra.of(int(p), int(i), int(j))
                for p, i, j in zip(
                    terms.population, terms.shift_order, terms.width_order, strict=True
                )
            ]
            moved = molar_spectra(displaced(bands, d, sign * b), AXIS, shape=shape)
            for p in (0, 1, 3):
                own = terms.population == p
                series = weights[own] @ np.array(kept)[own]
                error = np.abs(series - moved.of(p)).max()
                assert error <= bound[order, p] * (1 + 1e-9) + 1e-9


def test_order_rises_with_the_shift_until_the_sum_is_direct() -> None:
    amount, one = course(1.0)
    line, orders = LINE_SHAPES["pseudo-voigt"], []
    for amplitude in (0.0, 0.003, 0.03, 0.3, 3.0):
        plan = _plan(table(), line, amount, amplitude * one, 0 * one, AXIS, 1e-5, "auto")
        assert plan.bound <= 1e-5
        orders.append(int(plan.order[0]))
    assert orders[0] == 0
    assert orders[:4] == sorted(orders[:4])
    assert orders[1] > 0
    assert orders[4] == -1


def test_without_numba_the_spectra_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    amount, shift = course(0.5)
    shift[:, 0] *= 20
    compiled = absorbance(table(), amount, AXIS[::-1], 1e-6, shift=shift, broadening=shift / 90)
    for module in ("molar", "direct"):
        monkeypatch.setattr(f"opir.spectra.{module}.kernels", lambda: None)
    plain = absorbance(table(), amount, AXIS[::-1], 1e-6, shift=shift, broadening=shift / 90)
    np.testing.assert_allclose(plain, compiled, atol=1e-10 * compiled.max())


def test_two_populations_of_one_solvent_meet_in_an_isosbestic_point() -> None:
    bands = BandTable.from_bands([(EC, 1773, 0.5, 20, 0.4), (PAIR, 1750, 0.5, 20, 0.4)])
    share = np.linspace(0, 1, 11)[:, None]
    axis = np.linspace(1740, 1780, 401)
    found = absorbance(bands, 5000 * np.hstack([1 - share, share]), axis, 1e-6)
    spread = np.ptp(found, axis=0) / found.max()
    assert spread.min() < 1e-3
    assert axis[spread.argmin()] == pytest.approx(1761.5, abs=0.1)


def test_a_constant_shift_costs_no_accuracy() -> None:
    amount, _ = course(0.0)
    found = absorbance(table(), amount, AXIS, 1.0, shift=7.0, broadening=0.1)
    moved = displaced(table(), 7.0, 0.1)
    np.testing.assert_allclose(found, absorbance(moved, amount, AXIS, 1.0), rtol=1e-12)


def test_streams_add_up_and_path_is_per_wavenumber() -> None:
    amount, shift = course(0.4)
    path = 1e-3 / AXIS
    whole = absorbance(table(), amount, AXIS, path, shift=shift)
    parts = absorption_streams(table(), amount, AXIS, [0, 0, 1, 1], 2, shift=shift)
    np.testing.assert_allclose(parts.sum(axis=0) * path, whole, rtol=1e-9)
    salt = absorbance(table(), amount * [0, 0, 0, 1], AXIS, path, shift=shift)
    np.testing.assert_allclose(parts[1] * path, salt, atol=2e-5 * salt.max())


def test_suprema_are_known_ones() -> None:
    gauss, lorentz = suprema("gauss"), suprema("lorentz")
    assert gauss[0, 0] == pytest.approx(1.01 * 2 * np.sqrt(np.log(2) / np.pi))
    assert lorentz[0, 0] == pytest.approx(1.01 * 2 / np.pi)
    # V^(4)(0) = 24 / (pi g^5) with g = 1/2
    assert lorentz[4, 0] == pytest.approx(1.01 * 24 * 32 / np.pi, rel=1e-6)


@pytest.mark.parametrize("kind", ["nothing", "one point", "no population", "zero"])
def test_degenerate_input_gives_zeros_not_nan(kind: str) -> None:
    bands, axis, amount = table(), AXIS, np.zeros((3, 4))
    if kind == "nothing":
        bands = BandTable.from_bands([], [EC])
        amount = np.ones((3, 1))
    elif kind == "one point":
        axis = np.array([1000.0])
    elif kind == "no population":
        bands, amount = BandTable.from_bands([]), np.zeros((3, 0))
    found = absorbance(bands, amount, axis, 1e-6, shift=0.3, broadening=0.01)
    assert found.shape == (3, axis.size)
    assert not found.any()


def test_bad_input_is_refused_with_a_remedy() -> None:
    amount, _ = course(0.1)
    good = table()
    with pytest.raises(AxisError, match="4 populations"):
        absorbance(good, amount[:, :2], AXIS, 1.0)
    with pytest.raises(AxisError, match="time, population"):
        absorbance(good, amount, AXIS, 1.0, shift=np.zeros(3))
    with pytest.raises(AxisError, match="monotonic"):
        absorbance(good, amount, np.array([800.0, 900, 850]), 1.0)
    with pytest.raises(AxisError, match="one path"):
        absorbance(good, amount, AXIS, np.ones(5))
    with pytest.raises(ValueRangeError, match=r"concentration\[2, 1\]"):
        broken = amount.copy()
        broken[2, 1] = np.nan
        absorbance(good, broken, AXIS, 1.0)
    with pytest.raises(ValueRangeError, match="above -1"):
        absorbance(good, amount, AXIS, 1.0, broadening=-1.0)
    with pytest.raises(ValueRangeError, match="above -1"):
        molar_spectra(good, AXIS, broadening=-2.0)
    with pytest.raises(ValueRangeError, match="metre"):
        absorbance(good, amount, AXIS, -1.0)
    with pytest.raises(OptionError, match="auto, expansion, direct"):
        absorbance(good, amount, AXIS, 1.0, method="fast")
    with pytest.raises(OptionError, match="positive"):
        absorbance(good, amount, AXIS, 1.0, tolerance=0)
    with pytest.raises(OptionError, match="0 to 4"):
        molar_spectra(good, AXIS, 5)
    with pytest.raises(OptionError, match="higher order"):
        molar_spectra(good, AXIS, 1).of(0, 2, 0)
    with pytest.raises(UnknownNameError, match="lorentz"):
        absorbance(good, amount, AXIS, 1.0, shape="lorenz")
    with pytest.raises(AxisError, match="stream"):
        absorption_streams(good, amount, AXIS, [0, 1, 2, 3], 2)
    with pytest.raises(ValueRangeError, match="EC free at 1803"):
        replace(good, width=np.zeros(6))
    with pytest.raises(ValueRangeError, match="between 0 and 1"):
        replace(good, lorentzian=np.full(6, 1.5))
    with pytest.raises(ValueRangeError, match=r"area\[1\]"):
        replace(good, area=np.array([1, np.nan, 1, 1, 1, 1]))
    with pytest.raises(AxisError, match="one value for each band"):
        replace(good, area=np.ones(3))
    with pytest.raises(AxisError, match="from_bands"):
        replace(good, population=good.population[::-1].copy())
    with pytest.raises(OptionError, match="twice"):
        replace(good, populations=(EC, EC, PAIR, SALT))
    with pytest.raises(OptionError, match="one of the populations"):
        replace(good, populations=(EC, PAIR))


@pytest.mark.parametrize("shape", ["gauss", "lorentz", "voigt", "pseudo-voigt"])
def test_dispersion_is_the_hilbert_transform_of_the_absorption(shape: str) -> None:
    # On an axis symmetric about zero with the mirror bands the Hilbert transform of k is the
    # whole Kramers-Kronig relation: n - 1 = -H(k), k odd.
    axis = np.linspace(-20_000, 20_000, 2**18, endpoint=False)
    one = BandTable.from_bands([(EC, 1200.0, 0.5, 24.0, 0.5)])
    amount = 4000.0
    mirror = one.scaled(shift=-2400.0)
    eps = molar_spectra(one, axis, shape=shape).of(0) - molar_spectra(mirror, axis, shape=shape).of(
        0
    )
    # v k(v) is even; H acts on k itself where 1 / v varies little over the band
    alpha = np.log(10) * amount * eps / (4 * np.pi * 1200.0 * 100)
    exact = -np.imag(hilbert(alpha))
    near = np.abs(axis - 1200) < 60
    found = amount * molar_dispersion(one, axis[near], shape=shape)[0]
    assert np.abs(found - exact[near]).max() < 0.08 * np.abs(exact[near]).max()


def test_dispersion_is_that_of_a_lorentz_oscillator() -> None:
    # n^2 = n0^2 + S / (v0^2 - v^2 - i G v); weak, so dn = Re / (2 n0) and dk = Im / (2 n0).
    centre, full, strength, index = 1200.0, 20.0, 50.0, 1.0
    axis = np.linspace(1000, 1400, 801)
    response = strength / (centre**2 - axis**2 - 1j * full * axis) / (2 * index)
    # area of the decadic absorption 4 pi v 100 k / ln 10 over wavenumber
    area = 100 * 4 * np.pi / np.log(10) * np.pi * strength / (4 * index)
    one = BandTable(
        np.array([centre]), np.array([area]), np.array([full]), np.ones(1),
        np.zeros(1, dtype=np.int64), (EC,),
    )  # fmt: skip
    found = molar_dispersion(one, axis, shape="lorentz")[0]
    assert np.abs(found - response.real).max() < 0.01 * np.abs(response.real).max()


def test_distortion_moves_bands_down() -> None:
    one = BandTable.from_bands([(SALT, 842, 2.6, 24, 0.3)])
    axis = np.linspace(800, 900, 2001)
    plain = absorbance(one, [[1000.0]], axis, 1e-6)
    factor = distortion(molar_dispersion(one, axis), [[1000.0]], np.full(axis.size, 1.2))
    moved = axis[(plain * factor)[0].argmax()] - axis[plain[0].argmax()]
    assert -8 < moved < -0.2
    with pytest.raises(AxisError, match="do not fit"):
        distortion(molar_dispersion(one, axis), [[1000.0, 2.0]], np.ones(axis.size))
