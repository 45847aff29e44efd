"""Processing steps against closed forms, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy.signal import savgol_filter

from opir.errors import (
    AxisError,
    FormatError,
    HistoryError,
    OptionError,
    UnknownNameError,
    ValueRangeError,
)
from opir.run import Run, Spectrum
from opir.run import processing as p

AXIS = np.linspace(4000, 600, 1701)


def spectrum(values, axis=AXIS, **kwargs) -> Spectrum:
    return Spectrum.from_arrays(axis, values, **kwargs)


def band(centre: float, width: float, axis=AXIS):
    return np.exp(-(((axis - centre) / width) ** 2))


def test_cut_keeps_both_ends_in_either_order() -> None:
    found = p.cut(spectrum(AXIS / 1e4), 1500, 950)
    assert (found.wavenumber.max(), found.wavenumber.min()) == (1500, 950)
    np.testing.assert_array_equal(found.values, found.wavenumber / 1e4)
    with pytest.raises(AxisError, match="600 to 4000"):
        p.cut(found := spectrum(AXIS), 10, 20)
    with pytest.raises(HistoryError, match="cannot be undone"):
        p.undo(p.cut(found, 950, 1500, keep=False))


def test_resample_is_exact_for_what_its_method_holds() -> None:
    new = np.linspace(1000, 2000, 333)
    cubic = (AXIS / 1000) ** 3 - (AXIS / 1000)
    found = p.resample(spectrum(cubic), new)
    np.testing.assert_allclose(found.values, (new / 1000) ** 3 - new / 1000, rtol=1e-12)
    np.testing.assert_array_equal(found.wavenumber, new)
    line = p.resample(spectrum(2 * AXIS / 1e4), new[::-1], method="linear")
    np.testing.assert_allclose(line.values, 2 * new[::-1] / 1e4, rtol=1e-13)
    same = p.resample(spectrum(cubic), AXIS)
    np.testing.assert_allclose(same.values, cubic, rtol=1e-14)


def test_resample_by_spacing_keeps_the_direction() -> None:
    found = p.resample(spectrum(AXIS / 1e4), spacing=7).wavenumber
    assert found[0] == 3997
    assert found[-1] == 602
    np.testing.assert_allclose(np.diff(found), -7)


def test_resample_refuses_to_invent() -> None:
    data = spectrum(AXIS / 1e4)
    with pytest.raises(AxisError, match="nothing is extrapolated"):
        p.resample(data, [599, 700])
    holed = p.mask(data, ["co2"], cut=True)
    with pytest.raises(AxisError, match=r"gap.*2278 to 2392"):
        p.resample(holed, spacing=4)
    assert p.resample(holed, spacing=4, longest_gap=200).values.size
    with pytest.raises(OptionError, match="either"):
        p.resample(data)
    with pytest.raises(OptionError, match="spline"):
        p.resample(data, [700, 800], method="cubic")
    with pytest.raises(OptionError, match="spacing"):
        p.resample(data, spacing=0)
    with pytest.raises(AxisError, match="duplicate"):
        p.resample(data, [700, 700])


@pytest.mark.parametrize("method", ["asls", "arpls", "modpoly", "imodpoly", "airpls"])
def test_a_band_on_a_slope_is_left(method: str) -> None:
    noise = np.random.default_rng(5).normal(0, 0.002, AXIS.size)
    truth = band(1700, 30) + 0.5 * band(1100, 20) + noise
    slope = 0.3 + 1e-4 * AXIS
    options = {"poly_order": 1} if "poly" in method else {"lam": 1e7}
    found = p.baseline(spectrum(truth + slope), method, **options)
    assert np.abs(found.values - truth).max() < 0.03
    np.testing.assert_allclose(
        found.dataset["undo_0_baseline"].values + found.values, truth + slope, rtol=1e-13
    )


def test_polynomial_baseline_removes_a_polynomial_whole() -> None:
    x = AXIS / 1000
    found = p.baseline(spectrum(1 + x - 0.3 * x**2), "poly", poly_order=2)
    assert np.abs(found.values).max() < 1e-10


def test_baseline_refusals() -> None:
    data = spectrum(band(1700, 30))
    with pytest.raises(UnknownNameError, match="arpls"):
        p.baseline(data, "arplss")
    with pytest.raises(OptionError, match="lam"):
        p.baseline(data, "arpls", lamb=1e5)
    with pytest.raises(OptionError, match="failed"):
        p.baseline(data, "arpls", lam=-1)
    with pytest.warns(UserWarning, match="1 of 1 baselines"):
        p.baseline(data, "asls", max_iter=1, tol=1e-12)


def test_reference_offset_takes_the_mean_of_the_region() -> None:
    frames = np.array([[0.1], [-0.05], [0.3]])
    run = Run.from_arrays([0, 1, 2], AXIS, band(1100, 30) + frames)
    found = p.reference_offset(run)
    np.testing.assert_allclose(found.values, np.tile(band(1100, 30), (3, 1)), atol=1e-14)
    np.testing.assert_allclose(found.dataset["undo_0_offset"], frames[:, 0], rtol=1e-13)
    with pytest.raises(AxisError, match="1850 to 2000"):
        p.reference_offset(p.cut(run, 900, 1800))


def test_difference_to_a_frame_and_to_a_spectrum() -> None:
    values = np.stack([band(1100, 30), 3 * band(1100, 30)])
    run = Run.from_arrays([0, 1], AXIS, values)
    np.testing.assert_allclose(p.difference(run).values, values - values[0], atol=1e-15)
    np.testing.assert_allclose(p.difference(run, -1).values, values - values[1], atol=1e-15)
    ground = spectrum(values[0][::-1], AXIS[::-1], name="ground")
    given = p.difference(run, ground)
    np.testing.assert_allclose(given.values, values - values[0], atol=1e-15)
    assert given.history[0].parameters == {"reference": "given", "name": "ground"}
    with pytest.raises(HistoryError, match="given spectrum"):
        p.Pipeline.from_history(given)
    with pytest.raises(OptionError, match="frame 2"):
        p.difference(run, 2)
    with pytest.raises(OptionError, match="no other frame"):
        p.difference(ground)
    with pytest.raises(OptionError, match="neither"):
        p.difference(run, "first")
    with pytest.raises(AxisError, match="resample"):
        p.difference(run, p.cut(ground, 700, 900))
    with pytest.raises(OptionError, match="transmittance"):
        p.difference(run, spectrum(np.ones_like(AXIS), signal="transmittance"))


@pytest.mark.parametrize("order", [0, 1, 2])
def test_local_polynomials_are_savitzky_golay_on_an_even_axis(order: int) -> None:
    rng = np.random.default_rng(0)
    rising, values = np.arange(1000.0, 1400, 2), rng.normal(size=200)
    expected = savgol_filter(values, 11, 3, deriv=order, delta=2.0, mode="interp")
    data = spectrum(values, rising)
    found = (
        p.smooth(data, 11, degree=3)
        if order == 0
        else p.derivative(data, order, points=11, degree=3)
    )
    np.testing.assert_allclose(found.values, expected, atol=1e-10)
    wide = (
        p.smooth(data, width=20.0, degree=3)
        if order == 0
        else p.derivative(data, order, width=20.0, degree=3)
    )
    np.testing.assert_allclose(wide.values, expected, atol=1e-10)


def test_derivatives_of_a_polynomial_are_exact_on_an_uneven_axis() -> None:
    axis = np.cumsum(np.random.default_rng(1).uniform(0.5, 3, 300))[::-1] + 900
    x = axis / 1000
    data = spectrum(x**3 - x, axis)
    np.testing.assert_allclose(p.smooth(data, 9, degree=3).values, x**3 - x, rtol=1e-9)
    first = p.derivative(data, points=9, degree=3).values
    np.testing.assert_allclose(first, (3 * x**2 - 1) / 1000, rtol=1e-8)
    second = p.derivative(data, 2, points=9, degree=3).values
    np.testing.assert_allclose(second, 6 * x / 1e6, rtol=1e-6)


def test_smoothing_windows_are_checked() -> None:
    data = spectrum(np.ones(1701))
    for options in (
        {},
        {"points": 4},
        {"points": 3, "degree": 3},
        {"points": 1, "degree": 11},
        {"points": 1703},
        {"width": 3.0},
        {"width": 1e5},
        {"width": -1.0},
        {"points": 5, "width": 5.0},
    ):
        with pytest.raises(OptionError):
            p.smooth(data, **options)
    with pytest.raises(OptionError, match="order 0"):
        p.derivative(data, 0)
    with pytest.raises(HistoryError, match="smooth"):
        p.undo(p.smooth(data, 5))


def test_a_step_that_cannot_be_undone_ends_all_undoing() -> None:
    data = p.smooth(p.normalise(spectrum(band(1700, 30))), 5)
    assert not [name for name in data.dataset if str(name).startswith("undo_")]
    with pytest.raises(HistoryError):
        p.undo(data)
    with pytest.raises(HistoryError, match="has 2"):
        p.undo(data, 3)
    with pytest.raises(OptionError):
        p.undo(data, -1)
    assert p.undo(data, 0) is data


def test_mask_marks_and_keeps_the_values() -> None:
    values = band(1700, 30) + 7 * band(2349, 20)
    data = p.mask(spectrum(values))
    np.testing.assert_array_equal(data.values, values)
    masked = data.dataset["masked"].values
    inside = ((AXIS >= 2280) & (AXIS <= 2390)) | ((AXIS >= 649) & (AXIS <= 687))
    np.testing.assert_array_equal(masked, inside)
    twice = p.mask(data, [(1000, 1010)])
    assert twice.dataset["masked"].sum() == masked.sum() + 6
    np.testing.assert_array_equal(p.undo(twice).dataset["masked"], masked)
    assert "masked" not in p.undo(twice, 2).dataset
    # The CO2 band does not count in the size of the spectrum.
    assert p.normalise(data, "max").values[~masked].max() == 1
    cut = p.mask(data, "water vapour", cut=True)
    assert not ((cut.wavenumber > 1300) & (cut.wavenumber < 1950)).any()


def test_mask_refusals() -> None:
    data = spectrum(np.ones(1701))
    with pytest.raises(UnknownNameError, match="co2"):
        p.mask(data, "co22")
    with pytest.raises(OptionError, match="pair"):
        p.mask(data, [5])
    with pytest.raises(AxisError, match="no point"):
        p.mask(data, [(1, 2)])
    with pytest.raises(AxisError, match="all points"):
        p.mask(data, [(1, 9999)])
    with pytest.raises(AxisError, match="all points are masked"):
        p.normalise(p.mask(p.mask(data, [(0, 2000)]), [(2000, 9999)]))


@pytest.mark.parametrize("method", ["time", "wavenumber"])
def test_spikes_are_found_where_they_were_put(method: str) -> None:
    rng = np.random.default_rng(2)
    axis = np.linspace(200, 1200, 800)
    clean = 100 * band(700, 40, axis) * np.linspace(1, 2, 12)[:, None] + 500
    noisy = clean + rng.normal(0, 1, clean.shape)
    spiked = noisy.copy()
    truth = np.zeros(clean.shape, dtype=bool)
    for frame, at, wide in [(0, 100, 1), (4, 350, 2), (7, 351, 1), (11, 600, 3)]:
        spiked[frame, at : at + wide] += 300
        truth[frame, at : at + wide] = True
    run = Run.from_arrays(np.arange(12), axis, spiked, signal="raman_intensity")
    found = p.despike(run, method)
    changed = found.values != run.values
    np.testing.assert_array_equal(changed, truth)
    assert np.abs(found.values - clean)[truth].max() < 10
    np.testing.assert_array_equal(p.undo(found).values, spiked)


def test_a_narrow_band_is_no_spike_in_time() -> None:
    axis = np.linspace(200, 1200, 500)
    values = np.tile(500 + 1e4 * band(700, 1.5, axis), (9, 1))
    values += np.random.default_rng(3).normal(0, 1, values.shape)
    values[4:] += 200  # a jump of the whole frame is no spike either
    run = Run.from_arrays(np.arange(9), axis, values, signal="raman_intensity")
    np.testing.assert_array_equal(p.despike(run, threshold=10).values, values)


def test_despike_refusals() -> None:
    data = spectrum(np.ones(1701))
    np.testing.assert_array_equal(p.despike(data).values, 1)
    for options in ({"method": "time"}, {"threshold": 0}, {"width": 0}, {"method": "x"}):
        with pytest.raises(OptionError):
            p.despike(data, **options)


def test_despiking_is_not_undone_on_part_of_the_frames() -> None:
    values = np.random.default_rng(4).normal(0, 1, (6, 50))
    values[2, 20] = 1000
    found = p.despike(Run.from_arrays(np.arange(6), np.arange(50), values))
    with pytest.raises(HistoryError, match="frames were taken out"):
        p.undo(found.frames([0, 1]))


def test_normalising_does_what_its_names_say() -> None:
    data = spectrum(0.2 + band(1700, 30) - 0.4 * band(1200, 30))
    snv = p.normalise(data).values
    assert abs(snv.mean()) < 1e-13
    assert snv.std() == pytest.approx(1, rel=1e-13)
    assert np.abs(p.normalise(data, "max").values).max() == 1
    assert (p.normalise(data, "vector").values ** 2).sum() == pytest.approx(1, rel=1e-13)
    area = np.abs(p.normalise(data, "area").values)
    assert np.trapezoid(area[::-1], AXIS[::-1]) == pytest.approx(1, rel=1e-12)
    run = Run.from_arrays([0, 1], AXIS, np.stack([data.values, 5 * data.values + 2]))
    both = p.normalise(run)
    np.testing.assert_allclose(both.values[0], both.values[1], atol=1e-12)
    np.testing.assert_allclose(
        both.dataset["undo_0_scale"][1] / both.dataset["undo_0_scale"][0], 5, rtol=1e-12
    )
    for method, values in (("snv", np.full(1701, 0.1)), ("max", np.zeros(1701))):
        with pytest.raises(ValueRangeError, match="cannot be normalised"):
            p.normalise(spectrum(values), method)
    with pytest.raises(OptionError, match="snv"):
        p.normalise(data, "minmax")


def test_absorbance_from_transmittance_and_back() -> None:
    absorbance = band(1700, 30) + 0.1
    data = spectrum(100 * 10**-absorbance, signal="transmittance", unit="%")
    found = p.to_absorbance(data)
    assert found.signal == "absorbance"
    np.testing.assert_allclose(found.values, absorbance, atol=1e-14)
    back = p.undo(found)
    np.testing.assert_allclose(back.values, data.values, rtol=1e-13)
    xr.testing.assert_identical(
        back.dataset.assign(transmittance=data.dataset["transmittance"]), data.dataset
    )


def test_absorbance_from_single_channel_spectra() -> None:
    ground = 5 * band(1500, 900)
    sample = ground * 10 ** -band(1700, 30)
    data = spectrum(sample, signal="single_channel")
    reference = spectrum(ground, signal="single_channel", name="empty")
    found = p.to_absorbance(data, reference)
    np.testing.assert_allclose(found.values, band(1700, 30), atol=1e-13)
    np.testing.assert_allclose(p.undo(found).values, sample, rtol=1e-12)
    with pytest.raises(OptionError, match="reference"):
        p.to_absorbance(data)
    with pytest.raises(ValueRangeError, match="not above 0"):
        p.to_absorbance(data, spectrum(ground - 1, signal="single_channel"))


def test_saturated_values_are_refused_with_their_place() -> None:
    values = np.full(1701, 0.5)
    values[850] = 0
    data = spectrum(values, signal="transmittance")
    with pytest.raises(ValueRangeError, match=r"transmittance\[850\].*2300 cm-1"):
        p.to_absorbance(data)
    with pytest.raises(OptionError, match="from absorbance"):
        p.to_absorbance(spectrum(values))
    with pytest.raises(OptionError, match="its own"):
        p.to_absorbance(data, spectrum(values, signal="single_channel"))


def test_pipelines() -> None:
    data = spectrum(band(1700, 30) + 0.2)
    pipeline = p.Pipeline(("reference_offset", ("cut", {"low": 950, "high": 1900}), "normalise"))
    found = pipeline(data)
    assert [step.name for step in found.history] == ["reference_offset", "cut", "normalise"]
    direct = p.normalise(p.cut(p.reference_offset(data), 950, 1900))
    xr.testing.assert_identical(found.dataset, direct.dataset)
    assert p.Pipeline.from_history(found)(data).history == found.history
    with pytest.raises(UnknownNameError, match="normalise"):
        p.Pipeline(("normalize",))
    with pytest.raises(OptionError, match="low"):
        p.Pipeline((("cut", {"lo": 1}),))
    with pytest.raises(OptionError, match="step 0"):
        p.Pipeline(((1, 2, 3),))
    for text in ("{", "{}", '[{"name": "cut"}]'):
        with pytest.raises(FormatError):
            p.Pipeline.from_json(text)
    with pytest.raises(OptionError, match="JSON"):
        p.Pipeline((("difference", {"reference": data}),)).to_json()
