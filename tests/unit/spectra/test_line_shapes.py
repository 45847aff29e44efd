"""Line shapes: unit area, FWHM, derivatives, dispersion, limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import voigt_profile

from opir.errors import OptionError, UnknownNameError
from opir.spectra.shapes import FWHM_PER_SIGMA, LINE_SHAPES
from opir.spectra.shapes.voigt import gauss_share

NAMES = sorted(LINE_SHAPES)
SHARES = (0.0, 0.3, 0.8, 1.0)
CENTRED = ("gauss", "lorentz", "voigt", "pseudo-voigt")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", SHARES)
def test_area_is_one(name: str, share: float) -> None:
    shape = LINE_SHAPES[name]
    area = 2 * quad(lambda x: float(shape.profile(x, 12.0, share)), 0, np.inf, limit=400)[0]
    assert area == pytest.approx(1, abs=2e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", SHARES)
def test_width_is_the_full_width_at_half_maximum(name: str, share: float) -> None:
    shape = LINE_SHAPES[name]
    peak = float(shape.profile(0.0, 12.0, share))
    half = brentq(lambda x: float(shape.profile(x, 12.0, share)) - peak / 2, 0.1, 30)
    tolerance = 3e-4 if name == "voigt" else 1e-9
    assert 2 * half == pytest.approx(12.0, rel=tolerance)


@pytest.mark.parametrize("name", NAMES)
@given(x=st.floats(-60, 60), width=st.floats(5, 40), share=st.floats(0, 0.99))
def test_derivatives_are_those_of_the_profile(
    name: str, x: float, width: float, share: float
) -> None:
    shape = LINE_SHAPES[name]
    found = shape.derivatives(x, width, share, 4)
    step = width * 1e-3
    for n in range(4):
        above = shape.derivatives(x + step, width, share, n)[n]
        below = shape.derivatives(x - step, width, share, n)[n]
        # One scale for order n + 1: n! / (half width)^(n + 2)
        scale = [1, 2, 6, 24][n] / (width / 2) ** (n + 2)
        assert found[n + 1] == pytest.approx((above - below) / (2 * step), abs=1e-4 * scale)


def test_voigt_is_scipys_and_pseudo_voigt_is_near_it() -> None:
    offset, width = np.linspace(-80, 80, 4001), 14.0
    worst = 0.0
    for share in np.linspace(0, 1, 41):
        sigma = width * gauss_share(share) / FWHM_PER_SIGMA
        exact = voigt_profile(offset, sigma, 0.5 * width * share)
        np.testing.assert_allclose(
            LINE_SHAPES["voigt"].profile(offset, width, share), exact, atol=4e-4 * exact.max()
        )
        near = LINE_SHAPES["pseudo-voigt"].profile(offset, width, share)
        worst = max(worst, np.abs(near - exact).max() / exact.max())
    assert 0.005 < worst < 0.014


def test_voigt_derivatives_keep_their_digits_in_the_far_wings() -> None:
    # There Voigt is Lorentz of the same Lorentz width, up to (sigma / x)^2.
    offset, width, share = np.array([-3000.0, 800.0, 5000.0]), 14.0, 0.5
    found = LINE_SHAPES["voigt"].derivatives(offset, width, share, 4)
    wing = LINE_SHAPES["lorentz"].derivatives(offset, width * share, 1.0, 4)
    np.testing.assert_allclose(found, wing, rtol=2e-3)


@pytest.mark.parametrize(("share", "limit"), [(0.0, "gauss"), (1.0, "lorentz")])
@pytest.mark.parametrize("name", ["voigt", "pseudo-voigt"])
def test_limits_are_gauss_and_lorentz(name: str, share: float, limit: str) -> None:
    offset = np.linspace(-50, 50, 201)
    found = LINE_SHAPES[name].derivatives(offset, 9.0, share, 2)
    exact = LINE_SHAPES[limit].derivatives(offset, 9.0, share, 2)
    np.testing.assert_allclose(found, exact, atol=1e-11)


def test_pearson_at_share_one_is_lorentz() -> None:
    offset = np.linspace(-50, 50, 201)
    np.testing.assert_allclose(
        LINE_SHAPES["pearson-vii"].derivatives(offset, 9.0, 1.0, 4),
        LINE_SHAPES["lorentz"].derivatives(offset, 9.0, 1.0, 4),
        atol=1e-12,
    )


@pytest.mark.parametrize("name", CENTRED)
@pytest.mark.parametrize("x", [-20.0, -6.0, 0.0, 3.0, 40.0])
def test_dispersion_is_the_principal_value_integral(name: str, x: float) -> None:
    shape, width, share = LINE_SHAPES[name], 10.0, 0.5

    def odd(t: float) -> float:
        above, below = shape.profile(np.array([x + t, x - t]), width, share)
        return float(above - below) / (np.pi * t)

    exact = sum(quad(odd, a, b, limit=300)[0] for a, b in [(1e-9, 10), (10, 100), (100, 1e5)])
    assert float(shape.dispersion(x, width, share)) == pytest.approx(exact, abs=2e-6)


def test_unknown_shape_and_shape_without_dispersion_name_the_way_out() -> None:
    with pytest.raises(UnknownNameError, match="pseudo-voigt"):
        LINE_SHAPES["pseudovoigt"]
    with pytest.raises(OptionError, match="Use 'pseudo-voigt'"):
        LINE_SHAPES["pearson-vii"].dispersion(0.0, 1.0, 0.5)
