"""Optical geometries against Harrick's formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opir.errors import OpirError, OptionError, SystemDescriptionError, ValueRangeError
from opir.spectra.optics import (
    ATR,
    EvanescentFibre,
    Transmission,
    critical_angle,
    effective_thickness,
    geometry_from_optics,
    penetration_depth,
)
from opir.system import Optics

AXIS = np.linspace(800, 1900, 56)


def test_depth_of_a_tas_fibre_is_the_known_one() -> None:
    depth = penetration_depth([850.0, 1750.0, 1900.0], 2.85, 1.42, np.pi / 4)
    assert depth[1] == pytest.approx(0.64e-6, rel=0.01)
    assert depth[0] / depth[2] == pytest.approx(1900 / 850)
    # the other way to write it: lambda / (2 pi n1 sqrt(sin^2 - (n2/n1)^2))
    other = 1e-2 / 1750 / (2 * np.pi * 2.85 * np.sqrt(0.5 - (1.42 / 2.85) ** 2))
    assert depth[1] == pytest.approx(other, rel=1e-12)


@given(n1=st.floats(2.2, 4.0), n2=st.floats(1.0, 1.5), share=st.floats(0.05, 0.95))
def test_thickness_follows_from_the_fields_at_the_surface(
    n1: float, n2: float, share: float
) -> None:
    least = critical_angle(n1, n2)
    angle = least + share * (np.pi / 2 - least)
    n, s2, cos = n2 / n1, np.sin(angle) ** 2, np.cos(angle)
    # d_e = (n2/n1) E0^2 d_p / (2 cos), E0 relative to the incoming field (Harrick)
    across = 4 * cos**2 / (1 - n**2)
    along = across * ((s2 - n**2) + s2) / ((1 + n**2) * s2 - n**2)
    depth = 1 / (2 * np.pi * n1 * np.sqrt(s2 - n**2))
    exact = n * depth / (2 * cos) * (across + along) / 2
    assert effective_thickness(n1, n2, angle) == pytest.approx(exact, rel=1e-9)


def test_at_45_degrees_parallel_is_twice_perpendicular() -> None:
    n = 1.42 / 2.85
    across = n * np.sqrt(0.5) / (np.pi * 2.85 * (1 - n**2) * np.sqrt(0.5 - n**2))
    assert effective_thickness(2.85, 1.42, np.pi / 4) == pytest.approx(1.5 * across)


def test_atr_path_scales_with_reflections_and_wavelength() -> None:
    one, nine = ATR(2.41), ATR(2.41, reflections=9)
    np.testing.assert_allclose(nine.path(AXIS), 9 * one.path(AXIS))
    np.testing.assert_allclose(one.path(AXIS) * AXIS, one.path(AXIS)[0] * AXIS[0])
    np.testing.assert_allclose(one.depth(AXIS), penetration_depth(AXIS, 2.41, 1.42, np.pi / 4))


def test_fibre_is_the_sum_of_its_rays() -> None:
    fibre = EvanescentFibre(sensing_length=0.02, diameter=2e-4)
    a = np.linspace(0, fibre.largest_axis_angle, 200_001)[1:]
    power = np.sin(a) * np.cos(a)
    ray = 0.02 / 2e-4 * np.tan(a) * effective_thickness(2.85, 1.42, np.pi / 2 - a)
    exact = np.trapezoid(power * ray, a) / np.trapezoid(power, a) * 1e-2 / AXIS
    np.testing.assert_allclose(fibre.path(AXIS), exact, rtol=1e-6)
    mean = np.trapezoid(power * np.tan(a), a) / np.trapezoid(power, a) * 100
    assert fibre.reflections == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("kind", [ATR(2.85), EvanescentFibre()])
def test_sensitivity_is_the_slope_of_the_logarithm(kind: ATR | EvanescentFibre) -> None:
    from dataclasses import replace

    above = replace(kind, sample_index=1.43).path(AXIS)
    below = replace(kind, sample_index=1.41).path(AXIS)
    slope = np.log(above / below) / 0.02
    np.testing.assert_allclose(kind.sensitivity(AXIS), slope, rtol=1e-2)
    assert (slope > 0).all()


def test_transmission_is_its_length() -> None:
    np.testing.assert_array_equal(Transmission(25e-6).path(AXIS), 25e-6)
    assert not Transmission(25e-6).sensitivity(AXIS).any()


def test_from_described_optics() -> None:
    assert geometry_from_optics(Optics(geometry="fibre", element="TAS")) == EvanescentFibre()
    found = geometry_from_optics(
        Optics(geometry="ATR", element="Si", incidence_angle="60 deg", reflections=3),
        sample_index=1.4,
    )
    assert found == ATR(3.42, np.pi / 3, 3, 1.4)
    assert geometry_from_optics(Optics(geometry="ATR", refractive_index=2.5)) == ATR(2.5)
    cell = geometry_from_optics(Optics(geometry="transmission", path_length="25 um"))
    assert isinstance(cell, Transmission)
    assert cell.path_length == pytest.approx(25e-6)
    wide = geometry_from_optics(
        Optics(geometry="fibre", incidence_angle="70 deg", path_length="3 cm", fibre_diameter=1e-4)
    )
    assert wide.path(AXIS)[0] > EvanescentFibre().path(AXIS)[0]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: ATR(2.41, 0.5), ValueRangeError, "critical angle of 36.1 deg.*larger angle"),
        (lambda: ATR(1.4), ValueRangeError, "higher index"),
        (lambda: ATR(2.4, 1.6), ValueRangeError, "below 90"),
        (lambda: ATR(2.4, reflections=0), ValueRangeError, "at least one"),
        (lambda: EvanescentFibre(largest_axis_angle=1.2), ValueRangeError, "critical"),
        (lambda: EvanescentFibre(diameter=0), ValueRangeError, "positive"),
        (lambda: Transmission(-1), ValueRangeError, "metre"),
        (lambda: ATR(2.4).path([0.0, 1.0]), ValueRangeError, "positive wavenumbers"),
        (lambda: geometry_from_optics(Optics(geometry="Raman")), OptionError, "fibre, ATR"),
        (lambda: geometry_from_optics(Optics(geometry="ATR", element="glass")), OpirError, "Known"),
        (
            lambda: geometry_from_optics(Optics(geometry="transmission")),
            SystemDescriptionError,
            "path_length",
        ),
    ],
)
def test_impossible_geometries_are_refused_with_a_remedy(make, kind, words) -> None:
    with pytest.raises(kind, match=words):
        make()
