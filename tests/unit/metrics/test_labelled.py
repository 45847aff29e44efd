"""xarray in, xarray out: the same numbers as from plain arrays, with the right labels."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from opir import metrics
from opir.errors import AxisError

GRID = np.linspace(1900.0, 800.0, 64)
RUNS = ["a", "b", "c"]


def labelled(seed: int, *extra: str) -> xr.DataArray:
    sizes = {"sample": 5, "run": 3, "time": 4, "wavenumber": 64}
    dims = (*extra, "run", "time", "wavenumber")
    values = np.random.default_rng(seed).normal(size=[sizes[d] for d in dims])
    coords = {
        "run": RUNS,
        "wavenumber": GRID,
        "system": ("run", ["x", "y", "x"]),
        "voltage": (("run", "time"), np.random.default_rng(9).uniform(size=(3, 4))),
    }
    return xr.DataArray(values, dims=dims, coords=coords)


FORECAST, TRUTH = labelled(0), labelled(1)
MIXED = FORECAST.transpose("wavenumber", "run", "time")


@pytest.mark.parametrize("metric", [metrics.mae, metrics.mse])
def test_averages_keep_the_dimensions_left(metric) -> None:  # type: ignore[no-untyped-def]
    found = metric(MIXED, TRUTH, axis=("time", "wavenumber"))
    assert found.dims == ("run",)
    assert set(found.coords) == {"run", "system"}
    np.testing.assert_allclose(found, metric(FORECAST.values, TRUTH.values, axis=(1, 2)))
    by_number = metric(FORECAST, TRUTH, axis=1)
    assert by_number.dims == ("run", "wavenumber")
    np.testing.assert_allclose(by_number, metric(FORECAST.values, TRUTH.values, axis=1))
    assert metric(MIXED, TRUTH).dims == ()
    assert float(metric(MIXED, TRUTH)) == pytest.approx(
        float(metric(FORECAST.values, TRUTH.values))
    )


def test_metrics_of_spectra_read_the_axis_and_name_the_regions() -> None:
    angle = metrics.spectral_angle(MIXED, TRUTH)
    assert angle.dims == ("run", "time")
    np.testing.assert_allclose(angle, metrics.spectral_angle(FORECAST.values, TRUTH.values))
    area = metrics.band_area(MIXED, TRUTH)
    assert area.dims == ("run", "time", "band")
    assert area["band"].values.tolist() == [band.name for band in metrics.MID_INFRARED]
    np.testing.assert_allclose(area, metrics.band_area(FORECAST.values, TRUTH.values, GRID))
    bands = [metrics.Band("here", 1000, 1500)]
    peaks = metrics.peak_position(MIXED, TRUTH, bands=bands, threshold=0.1)
    assert peaks.dims == ("run", "time", "band")
    assert peaks["band"].values.tolist() == ["here"]
    np.testing.assert_allclose(
        peaks, metrics.peak_position(FORECAST.values, TRUTH.values, GRID, bands, threshold=0.1)
    )


def test_a_voltage_by_run_and_time_stretches_over_the_regions() -> None:
    areas = [metrics.integrate_bands(one) for one in (FORECAST, TRUTH)]
    voltage = TRUTH["voltage"].drop_vars("voltage")
    found = metrics.onset_voltage(*areas, voltage, noise=1.0)
    assert found.dims == ("run", "band")
    plain = [np.moveaxis(area.values, -1, 1) for area in areas]
    expected = metrics.onset_voltage(*plain, voltage.values[:, None], noise=1.0)
    assert np.isfinite(expected).any()
    np.testing.assert_allclose(found, expected)


def test_ensembles_find_their_dimension() -> None:
    ensemble = labelled(2, "sample")
    moved = ensemble.transpose("run", "time", "sample", "wavenumber")
    found = metrics.crps(moved, TRUTH, axis="wavenumber")
    assert found.dims == ("run", "time")
    np.testing.assert_allclose(found, metrics.crps(ensemble.values, TRUTH.values, axis=2))
    energy = metrics.energy_score(moved, TRUTH)
    assert energy.dims == ("run",)
    np.testing.assert_allclose(energy, metrics.energy_score(ensemble.values, TRUTH.values))
    inside = metrics.coverage(FORECAST - 1, MIXED + 1, TRUTH, axis="run")
    assert inside.dims == ("time", "wavenumber")


def test_named_results_and_groups_are_labelled() -> None:
    share, size = metrics.irreversibility(FORECAST)
    assert share.dims == size.dims == ("run", "wavenumber")
    groups = metrics.by_label(MIXED, TRUTH["system"])
    assert groups.mean.dims == ("group", "wavenumber", "time")
    assert groups.mean["group"].values.tolist() == ["x", "y"]
    np.testing.assert_allclose(groups.mean.sel(group="y"), MIXED.sel(run="b"))
    assert groups.defined.sel(group="x").values.tolist() == np.full((64, 4), 2).tolist()
    leads = metrics.by_lead_time(TRUTH, np.tile([0.0, 1.0, 2.0, 3.0], (3, 1)), [0, 2, 3])
    assert leads.mean.dims == ("lead", "wavenumber")
    np.testing.assert_allclose(leads.mean.sel(lead=2), TRUTH[:, 2:].mean(("run", "time")))
    assert metrics.by_band(TRUTH).mean.dims == ("run", "time", "band")


def test_elements_may_stay_a_plain_matrix() -> None:
    amounts = xr.DataArray(
        np.random.default_rng(0).uniform(size=(2, 3, 4)), dims=("run", "time", "species")
    )
    matrix = np.array([[1, 0, 1, 0], [0, 2, 0, 2]])
    found = metrics.mass_balance(amounts, matrix)
    assert found.dims == ("run", "time", "element")
    np.testing.assert_allclose(found, metrics.mass_balance(amounts.values, matrix))
    named = xr.DataArray(matrix, dims=("element", "species"), coords={"element": ["C", "H"]})
    assert metrics.mass_balance(amounts, named)["element"].values.tolist() == ["C", "H"]


def test_nothing_is_aligned_silently() -> None:
    with pytest.raises(AxisError, match="coordinates of forecast and truth differ"):
        metrics.mae(FORECAST.assign_coords(wavenumber=GRID + 1), TRUTH)
    with pytest.raises(AxisError, match="coordinates of forecast and truth differ"):
        metrics.mae(FORECAST.isel(run=[0, 2, 1]), TRUTH)
    with pytest.raises(AxisError, match="plain array"):
        metrics.mae(FORECAST, TRUTH.values)
    with pytest.raises(AxisError, match="it needs '... wavenumber'"):
        metrics.spectral_angle(FORECAST.rename(wavenumber="nu"), TRUTH.rename(wavenumber="nu"))
    with pytest.raises(AxisError, match="axis is 'place'"):
        metrics.mae(FORECAST, TRUTH, axis="place")
    with pytest.raises(AxisError, match="not labelled"):
        metrics.mae(FORECAST.values, TRUTH.values, axis="run")
    with pytest.raises(AxisError, match="axis is 3"):
        metrics.mae(FORECAST, TRUTH, axis=3)


def test_metrics_load_neither_xarray_nor_torch() -> None:
    code = (
        "import sys, numpy, opir.metrics as m; m.mae(numpy.ones((2, 2)), numpy.ones((2, 2)));"
        "sys.exit(bool({'xarray', 'torch', 'numba', 'scipy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
