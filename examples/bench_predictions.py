"""Predictions for the benchmark without opir: python bench_predictions.py inputs.nc mine.nc."""

import sys

import numpy as np
import xarray as xr

inputs, out = sys.argv[1:]
train, test = (xr.load_dataset(inputs, group=role, engine="h5netcdf") for role in ("train", "test"))


def root(data):
    """Square root of the time since the last given frame, with an axis for the wavenumbers."""
    return np.sqrt(data.time.values - data.given_time.values[:, -1:])[..., None]


last = train.given.values[:, -1:]
rate = (root(train) * (train.absorbance.values - last)).sum((0, 1)) / (root(train) ** 2).sum()
spectra = test.given.values[:, -1:] + root(test) * rate

predictions = xr.Dataset(
    {
        "absorbance": (("run", "frame", "wavenumber"), spectra, {"units": "1"}),
        "time": (("run", "frame"), test.time.values, {"units": "s"}),
    },
    coords={"run": test.run.values, "wavenumber": test.wavenumber},
    attrs={
        name: value
        for name, value in xr.load_dataset(inputs, engine="h5netcdf").attrs.items()
        if name in ("task", "fold", "fold_hash")
    },
)
predictions.to_netcdf(out, engine="h5netcdf")
