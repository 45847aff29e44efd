"""One run or spectrum as NetCDF4 (HDF5) that MATLAB, Origin, Panoply and xarray open.

Plain float and integer variables, CF attributes, deflate with a checksum per chunk. The content
hash is kept as the attribute ``opir_content_hash`` and checked on reading, so that damage which
HDF5 does not notice is noticed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from opir.errors import FormatError, OpirError, OptionError
from opir.files import atomic_path, check_regular
from opir.run.content import content_hash, portable
from opir.run.electrochemistry import Electrochemistry
from opir.run.run import Run
from opir.run.spectral import SIGNALS
from opir.run.spectrum import Spectrum

__all__ = [
    "Block",
    "is_netcdf",
    "read_dataset",
    "read_netcdf",
    "read_run",
    "read_spectrum",
    "write_dataset",
    "write_netcdf",
    "write_run",
    "write_spectrum",
]

Block = Spectrum | Run | Electrochemistry
"""What a NetCDF file of opir can hold."""

_HDF5 = b"\x89HDF\r\n\x1a\n"
_HASH = "opir_content_hash"
VERSION = "1"
"""Version of the format that is read and written."""
_INFLATION = 1100
"""Deflate cannot pack tighter than 1 : 1032; a file that claims more is damaged or hostile."""


def write_netcdf(block: Block, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write a run, a spectrum or an electrochemistry record as NetCDF4.

    The file appears whole or not at all.

    Args:
        block: What to write. Its history, metadata and undo variables are kept.
        path: The file.
        overwrite: Replace an existing file.

    Returns:
        The path.

    Raises:
        OutputExistsError: If the file exists and ``overwrite`` is false.
        OutputError: If it cannot be written (no space, no permission, no folder).
        OptionError: If the dataset holds variables of text, object or date type.
    """
    return write_dataset(block.dataset, path, overwrite=overwrite)


def write_dataset(dataset: xr.Dataset, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write any dataset of numbers (ground truth, say) the way :func:`write_netcdf` does."""
    path = Path(path)
    dataset = portable(dataset)
    dataset.attrs[_HASH] = content_hash(dataset)
    encoding = {}
    for name, variable in dataset.variables.items():
        variable.attrs = {key: _attribute(value) for key, value in variable.attrs.items()}
        # A NaN on time is a missing value and marked as the fill value; signals hold none.
        missing = variable.dtype.kind == "f" and bool(np.isnan(variable.values).any())
        encoding[name] = {"_FillValue": variable.dtype.type(np.nan) if missing else None}
        if variable.dtype.kind == "U":
            encoding[name]["dtype"] = "S1"  # characters, which every NetCDF program reads
        elif variable.ndim and variable.size:
            # Shuffle and deflate are what every HDF5 library has; the checksum is HDF5's own.
            encoding[name] |= {"zlib": True, "complevel": 4, "shuffle": True, "fletcher32": True}
    dataset.attrs = {key: _attribute(value) for key, value in dataset.attrs.items()}
    with atomic_path(path, overwrite=overwrite) as temporary:
        # Made in memory: HDF5 crashes the process when the disk fills up while it closes a file.
        temporary.write_bytes(dataset.to_netcdf(engine="h5netcdf", encoding=encoding))
    return path


def _attribute(value: Any) -> Any:
    # Texts of fixed length are what older MATLAB and Origin read; HDF5 keeps at most 64 kB so.
    if isinstance(value, str) and 0 < len(value) < 32_000 and value.isascii() and "\0" not in value:
        return np.bytes_(value)
    return value


def is_netcdf(head: bytes) -> bool:
    """Whether the first bytes of a file are those of HDF5, which NetCDF4 is."""
    return head.startswith(_HDF5)


def read_netcdf(path: Path | str, *, verify: bool = True) -> Block:
    """Read a run, a spectrum or an electrochemistry record from NetCDF4.

    Files of others are read too where their names and units are those of opir (coordinates
    ``time`` and ``wavenumber``, a signal such as ``absorbance``).

    Args:
        path: The file.
        verify: Compare the content with the hash that opir wrote.

    Raises:
        FormatError: If the file is damaged, empty, not NetCDF4 or holds none of these.
        AxisError, ValueRangeError, UnitError: If what it holds breaks a rule of the objects.
    """
    path = Path(path)
    dataset = read_dataset(path, verify=verify)
    kind = str(dataset.attrs.get("opir_type", ""))
    version = str(dataset.attrs.get("opir_version", VERSION))
    if kind and version != VERSION:
        raise FormatError(
            f"the file is of OpIRSpec version {version}; this opir reads version {VERSION}",
            remedy="Install a newer opir",
            path=path,
            place="opir_version",
        )
    try:
        signals = [name for name in SIGNALS if name in dataset]
        if kind == "run" or (not kind and signals and "time" in dataset[signals[0]].dims):
            return Run(dataset)
        if kind == "spectrum" or (not kind and signals):
            return Spectrum(dataset)
        if kind == "electrochemistry" or (not kind and {"voltage", "current"} & set(dataset)):
            return Electrochemistry(dataset)
    except OpirError as error:
        raise error.at(path=path) from error.__cause__
    found = ", ".join(map(str, dataset.variables)) or "nothing"
    raise FormatError(
        f"the file holds no run, spectrum or electrochemistry record, but {found}",
        remedy="Name its variables as opir does (time, wavenumber, absorbance, voltage), "
        "or import it with a mapping file",
        path=path,
    )


def read_dataset(path: Path | str, *, verify: bool = True) -> xr.Dataset:
    """Read any dataset of numbers from NetCDF4, whatever it holds; see :func:`read_netcdf`."""
    path = Path(path)
    dataset = _load(path)
    stored = str(dataset.attrs.pop(_HASH, ""))
    if verify and stored and content_hash(dataset) != stored:
        raise FormatError(
            "the content does not match the hash that was written with it",
            remedy="The file is damaged, or other software changed it; if the change is "
            "meant, delete the attribute opir_content_hash or read with verify=False",
            path=path,
        )
    return dataset


def _load(path: Path) -> xr.Dataset:
    """The whole dataset in memory, unconverted."""
    check_regular(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise FormatError(
            f"the file cannot be opened ({error.strerror or error})",
            remedy="Check that it is a file you may read",
            path=path,
        ) from error
    if not is_netcdf(head):
        old = head[:3] == b"CDF"
        raise FormatError(
            "the file is NetCDF of the classic kind" if old else "the file is not NetCDF4",
            remedy="Convert it: nccopy -k netCDF-4 old.nc new.nc" if old else "",
            path=path,
        )
    try:
        # h5netcdf prints a traceback for a file whose root HDF5 itself cannot read.
        with h5py.File(path, "r") as plain:
            dict(plain.attrs), dict(plain)
        with xr.open_dataset(
            path,
            engine="h5netcdf",
            decode_times=False,
            decode_timedelta=False,
            mask_and_scale=False,
            cache=False,
            phony_dims="sort",
        ) as dataset:
            claimed = sum(v.size * v.dtype.itemsize for v in dataset.variables.values())
            if claimed > max(2**26, _INFLATION * size):
                raise FormatError(
                    f"the file claims to hold {claimed / 1e6:.0f} MB in {size / 1e6:.3g} MB",
                    remedy="It is damaged; write it again",
                    path=path,
                )
            loaded = dataset.load()
    except OpirError:
        raise
    # xarray, h5netcdf and HDF5 raise whatever comes on a damaged file, RuntimeError to KeyError.
    except Exception as error:
        raise FormatError(
            f"the file is damaged or not NetCDF4 ({type(error).__name__}: {_short(error)})",
            remedy="Write or download it again",
            path=path,
        ) from error
    try:
        for variable in loaded.variables.values():
            variable.attrs.pop("_FillValue", None)
            variable.attrs = {k: _decoded(v) for k, v in variable.attrs.items()}
        loaded.attrs = {k: _decoded(v) for k, v in loaded.attrs.items()}
        return portable(loaded)
    except OptionError as error:
        raise FormatError(error.problem, remedy=error.remedy, path=path) from error


def _decoded(value: Any) -> Any:
    # h5netcdf leaves a text of one character as bytes.
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


def write_run(run: Run, path: Path | str, overwrite: bool = False) -> Path:
    """Write a run as NetCDF4; see :func:`write_netcdf`."""
    if not isinstance(run, Run):
        raise OptionError(f"a Run is needed, not {type(run).__name__}")
    return write_netcdf(run, path, overwrite=overwrite)


def read_run(path: Path | str) -> Run:
    """Read a run from NetCDF4; see :func:`read_netcdf`.

    Raises:
        FormatError: Also if the file holds something else than a run.
    """
    block = read_netcdf(path)
    if not isinstance(block, Run):
        raise FormatError(f"the file holds {_article(block.KIND)}, not a run", path=path)
    return block


def write_spectrum(spectrum: Spectrum, path: Path | str, overwrite: bool = False) -> Path:
    """Write a spectrum as NetCDF4; see :func:`write_netcdf`."""
    if not isinstance(spectrum, Spectrum):
        raise OptionError(f"a Spectrum is needed, not {type(spectrum).__name__}")
    return write_netcdf(spectrum, path, overwrite=overwrite)


def read_spectrum(path: Path | str) -> Spectrum:
    """Read a spectrum from NetCDF4; see :func:`read_netcdf`.

    Raises:
        FormatError: Also if the file holds something else than a spectrum.
    """
    block = read_netcdf(path)
    if not isinstance(block, Spectrum):
        raise FormatError(f"the file holds {_article(block.KIND)}, not a spectrum", path=path)
    return block


def _article(kind: str) -> str:
    return f"an {kind} record" if kind == "electrochemistry" else f"a {kind}"
