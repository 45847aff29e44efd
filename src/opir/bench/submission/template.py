"""What a model may see of a fold, as a NetCDF file: to work on the benchmark without opir."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from opir.bench.data import FoldData
from opir.bench.scoring import subset_of
from opir.bench.submission.match import blind_id, window_ids
from opir.errors import require
from opir.files import atomic_path
from opir.models.between_frames import has_record
from opir.models.descriptor import DESCRIPTOR
from opir.models.inputs import DRIVE

__all__ = ["ROLES", "role_dataset", "write_template"]

ROLES = ("train", "validation", "test")

_COMPRESSED: dict[str, Any] = {"zlib": True, "complevel": 1, "shuffle": True}


def role_dataset(data: FoldData, role: str) -> xr.Dataset:
    """The windows of one role; what came after is in it for training and validation only.

    Neither ids nor the order of the runs tell their systems.
    """
    ids = np.array([blind_id(data, id) for id in window_ids(data, role)], dtype=object)
    order = np.argsort(ids)
    windows = getattr(data, role).rows(order)
    inputs = windows.inputs
    features = [f"feature-{number}" for number in range(inputs.descriptor.shape[1])]
    if len(features) == len(DESCRIPTOR):
        features = list(DESCRIPTOR)
    spectra = {"units": "1", "long_name": "absorbance"}
    dataset = xr.Dataset(
        {
            "given": (("run", "given_frame", "wavenumber"), inputs.given, spectra),
            "given_time": (("run", "given_frame"), inputs.given_times, {"units": "s"}),
            "time": (("run", "frame"), inputs.times, {"units": "s"}),
            "drive": (
                ("run", "drive_frame", "channel"),
                inputs.drive,
                {"units": "V, A, K", "long_name": "at the given frames, then at those to predict"},
            ),
            "descriptor": (("run", "feature"), inputs.descriptor),
        },
        coords={
            "run": ids[order],
            "wavenumber": ("wavenumber", inputs.wavenumber, {"units": "cm-1"}),
            "channel": np.array(DRIVE, dtype=object),
            "feature": np.array(features, dtype=object),
        },
    )
    if has_record(inputs):
        between = ("run", "row")
        dataset["record_time"] = (between, inputs.record[..., 0], {"units": "s"})
        dataset["record"] = (
            (*between, "channel"),
            inputs.record[..., 1:],
            {"units": "V, A, K", "long_name": "what the cycler recorded between the frames"},
        )
    if role != "test":
        dataset["absorbance"] = (("run", "frame", "wavenumber"), windows.target, spectra)
    else:
        dataset["sample_run"] = ("sample_run", np.sort(ids[subset_of(data.test_ids)]))
    return dataset


def write_template(
    data: FoldData, path: Path | str, *, fold_hash: str, task_version: int, overwrite: bool = False
) -> Path:
    """Write what a model may see of a fold, in the groups train, validation and test.

    Args:
        data: The fold.
        path: NetCDF4 file.
        fold_hash: Hash over the fold and the content of its runs, to be kept with predictions.
        task_version: Of the task.
        overwrite: Replace a file that is there.

    Raises:
        OutputExistsError, OutputError: If it cannot be written.
    """
    require("h5netcdf", extra="all")
    path = Path(path)
    head = xr.Dataset(
        attrs={
            "opir_type": "bench-template",
            "opir_version": 1,
            "title": "What a model may see of a fold of OpIRBench; spectra to predict are "
            "withheld in the group test",
            "task": data.fold.task,
            "task_version": task_version,
            "fold": data.fold.name,
            "fold_hash": fold_hash,
            "origin": data.origin,
            "first_scored_frame": data.fold.scored_from - data.fold.given,
            "notes": " ".join(data.notes),
        }
    )
    with atomic_path(path, overwrite=overwrite) as temporary:
        head.to_netcdf(temporary, engine="h5netcdf")
        for role in ROLES:
            dataset = role_dataset(data, role)
            large = [name for name, v in dataset.data_vars.items() if v.ndim == 3]
            dataset.to_netcdf(
                temporary,
                mode="a",
                group=role,
                engine="h5netcdf",
                encoding=dict.fromkeys(large, _COMPRESSED),
            )
    return path
