"""Reading predictions from NetCDF, zarr or npz; docs/benchmark.md has the layout."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from opir.errors import AxisError, FormatError, UnitError
from opir.files import check_regular
from opir.run.netcdf import read_dataset

__all__ = ["LAYOUT", "Predictions", "read_predictions"]

LAYOUT: Mapping[str, tuple[str, ...]] = {
    "run": ("run",),
    "time": ("run", "frame"),
    "wavenumber": ("wavenumber",),
    "absorbance": ("run", "frame", "wavenumber"),
    "lower": ("run", "frame", "wavenumber"),
    "upper": ("run", "frame", "wavenumber"),
    "samples": ("sample", "sample_run", "frame", "wavenumber"),
    "sample_run": ("sample_run",),
    "validation_run": ("validation_run",),
    "validation_time": ("validation_run", "validation_frame"),
    "validation_absorbance": ("validation_run", "validation_frame", "wavenumber"),
}
"""Variable -> its dimensions in their order."""

_NEEDED = ("run", "time", "wavenumber", "absorbance")
_TOGETHER = (
    ("lower", "upper"),
    ("samples", "sample_run"),
    ("validation_run", "validation_time", "validation_absorbance"),
)
_IDS = ("run", "sample_run", "validation_run")
_SPECTRA = ("absorbance", "lower", "upper", "samples", "validation_absorbance")
_ATTRIBUTES = ("task", "fold", "fold_hash", "model", "quantity", "level")
_ABSORBANCE = ("1", "", "dimensionless", "absorbance", "AU", "absorbance units")
_WAVENUMBER = ("cm-1", "cm^-1", "cm**-1", "1/cm", "cm⁻¹")
_TIME = ("s", "sec", "second", "seconds")


@dataclass(frozen=True)
class Predictions:
    """What a file of predictions holds, as yet unchecked against any task.

    Attributes:
        path: The file.
        arrays: Variable -> values, in the shapes of :data:`LAYOUT`.
        attributes: ``task``, ``fold``, ``fold_hash``, ``model``, ``quantity``, ``level`` where
            they are stated.
    """

    path: Path
    arrays: Mapping[str, NDArray[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def ids(self, name: str = "run") -> tuple[str, ...]:
        """Run ids of one of the variables that hold them."""
        return tuple(str(id) for id in self.arrays[name].tolist())


def read_predictions(path: Path | str) -> Predictions:
    """Read predictions.

    Args:
        path: ``.nc``, ``.npz``, or a folder ``.zarr``.

    Raises:
        FormatError: If the file is damaged, of another kind, or lacks a variable.
        AxisError: If a variable has other dimensions.
        UnitError: If a unit is not stated, or is another one.
    """
    path = check_regular(path)
    if path.is_dir():
        return _of_dataset(_zarr(path), path)
    if path.suffix.lower() == ".npz":
        return _npz(path)
    if path.suffix.lower() in (".nc", ".nc4", ".h5"):
        return _of_dataset(read_dataset(path), path)
    raise FormatError(
        f"predictions with the ending {path.suffix!r} cannot be read",
        remedy="Write them as NetCDF4 (.nc), zarr (a folder .zarr) or NumPy (.npz)",
        path=path,
    )


def _zarr(path: Path) -> xr.Dataset:
    import zarr

    try:
        with xr.open_zarr(
            path, consolidated=False, decode_times=False, mask_and_scale=False, chunks=None
        ) as opened:
            loaded: xr.Dataset = opened.load()
            return loaded
    except (OSError, ValueError, KeyError, TypeError, zarr.errors.BaseZarrError) as error:
        raise FormatError(
            f"the folder cannot be read as zarr ({' '.join(str(error).split())[:160]})",
            remedy="Write it with xarray: dataset.to_zarr(path)",
            path=path,
        ) from error


def _npz(path: Path) -> Predictions:
    try:
        with np.load(path, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise FormatError(
            f"the file cannot be read ({' '.join(str(error).split())[:160]})",
            remedy="Write it with numpy.savez, the ids as an array of text (dtype str)",
            path=path,
        ) from error
    single = {name: values.item() for name, values in arrays.items() if values.ndim == 0}
    units = {
        name.removesuffix("_units") if name != "units" else "absorbance": str(text)
        for name, text in single.items()
        if name == "units" or name.endswith("_units")
    }
    attributes = {name: single[name] for name in _ATTRIBUTES if name in single}
    return _checked(path, {n: v for n, v in arrays.items() if v.ndim}, units, attributes)


def _of_dataset(dataset: xr.Dataset, path: Path) -> Predictions:
    arrays: dict[str, NDArray[Any]] = {}
    units: dict[str, str] = {}
    for name, variable in dataset.variables.items():
        wanted = LAYOUT.get(str(name))
        if wanted is None:
            arrays[str(name)] = variable.values
            continue
        dims = tuple(str(dim) for dim in variable.dims)
        if sorted(dims) != sorted(wanted):
            raise AxisError(
                f"{name} has the dimensions ({', '.join(dims)}); ({', '.join(wanted)}) are needed",
                path=path,
            )
        arrays[str(name)] = variable.transpose(*wanted).values
        if "units" in variable.attrs:
            units[str(name)] = str(variable.attrs["units"])
    attributes = {name: dataset.attrs[name] for name in _ATTRIBUTES if name in dataset.attrs}
    return _checked(path, arrays, units, attributes)


def _checked(
    path: Path,
    arrays: dict[str, NDArray[Any]],
    units: Mapping[str, str],
    attributes: Mapping[str, Any],
) -> Predictions:
    _complete(path, arrays)
    _units(path, units)
    kept: dict[str, NDArray[Any]] = {}
    sizes: dict[str, tuple[int, str]] = {}
    for name, dims in LAYOUT.items():
        if name not in arrays:
            continue
        values = arrays[name]
        if values.ndim != len(dims):
            raise AxisError(
                f"{name} has shape {values.shape}; {len(dims)} dimensions ({', '.join(dims)}) "
                "are needed",
                path=path,
            )
        for dim, size in zip(dims, values.shape, strict=True):
            known, where = sizes.setdefault(dim, (size, name))
            if size != known:
                raise AxisError(
                    f"{name} has {size} along {dim}, {where} has {known}; shapes have to fit",
                    path=path,
                )
        kept[name] = _text(path, name, values) if name in _IDS else _numbers(path, name, values)
    return Predictions(path, kept, dict(attributes))


def _complete(path: Path, arrays: Mapping[str, Any]) -> None:
    """Every variable that is needed, and none of a pair without the other."""
    missing = [name for name in _NEEDED if name not in arrays]
    if "absorbance" in missing:
        other = [n for n in arrays if n.casefold() in ("transmittance", "change", "difference")]
        if other:
            raise UnitError(
                f"the file holds {other[0]!r}; absorbance is scored",
                remedy="Store absorbance, -log10 of the transmittance (of 1, not of percent)"
                if other[0].casefold() == "transmittance"
                else "Add the last given spectrum to the change and store the sum as absorbance",
                path=path,
            )
    if missing:
        raise FormatError(
            f"the file lacks {', '.join(missing)}; it holds {', '.join(arrays) or 'nothing'}",
            remedy="Variables: run, time [run, frame], wavenumber, absorbance [run, frame, "
            "wavenumber]; opir bench template writes run, time and wavenumber",
            path=path,
        )
    for group in _TOGETHER:
        there = [name for name in group if name in arrays]
        if there and len(there) < len(group):
            lacking = [name for name in group if name not in arrays]
            raise FormatError(
                f"the file holds {', '.join(there)} without {', '.join(lacking)}",
                remedy=f"Store {', '.join(group)}, or none of them",
                path=path,
            )


def _units(path: Path, units: Mapping[str, str]) -> None:
    """The unit of the absorbance has to be stated; others may be, and have to be the usual."""
    if "absorbance" not in units:
        raise UnitError(
            "the unit of the absorbance is not stated",
            remedy="Set the attribute units = '1' of absorbance (npz: an array units = '1') if "
            "it is absorbance to base 10",
            path=path,
        )
    for name, unit in units.items():
        if name in _SPECTRA and unit not in _ABSORBANCE:
            percent = "%" in unit or "percent" in unit.casefold() or "trans" in unit.casefold()
            raise UnitError(
                f"{name} has the unit {unit!r}; absorbance to base 10, unit '1', is needed",
                remedy="From percent transmittance: 2 - log10(T)"
                if percent
                else "Convert it, and set the attribute units = '1'",
                path=path,
            )
        if name == "wavenumber" and unit not in _WAVENUMBER:
            raise UnitError(f"wavenumber has the unit {unit!r}; 'cm-1' is needed", path=path)
        if name in ("time", "validation_time") and unit not in _TIME:
            raise UnitError(f"{name} has the unit {unit!r}; 's' is needed", path=path)


def _text(path: Path, name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "UOST":
        raise FormatError(
            f"{name} holds numbers ({values.dtype}); ids as text are needed",
            remedy="Take them from the file that opir bench template writes",
            path=path,
        )
    ids = [id.decode("utf-8") if isinstance(id, bytes) else str(id) for id in values.tolist()]
    return np.array(ids, dtype=np.str_)


def _numbers(path: Path, name: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "fiu":
        raise FormatError(f"{name} holds {values.dtype}; numbers are needed", path=path)
    return values
