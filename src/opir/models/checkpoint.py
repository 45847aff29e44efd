"""A forecaster in one file: arrays and a JSON configuration, without pickle.

The file is a safetensors file. Its metadata have one entry, ``opir``, a JSON object that holds
``format`` (``opir-model``), ``format_version``, ``model`` (the registered name), ``config`` and
``recipe`` (JSON texts), ``sha256`` (of the arrays) and ``opir_version``; and ``intervals`` (a JSON
text, :meth:`opir.models.intervals.Intervals.to_json`) where they were calibrated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import opir
from opir.errors import FormatError, ModelError, require
from opir.files import atomic_path
from opir.models.base import Forecaster
from opir.models.catalogue import get_model
from opir.models.intervals import Intervals

__all__ = ["FORMAT_VERSION", "load_model", "read_arrays", "save_model", "write_arrays"]

FORMAT_VERSION = 1
_ENTRY = "opir"
_ANEW = "The file was damaged or edited; get it or train it anew"


def save_model(model: Forecaster, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write a forecaster to ``path``.

    Raises:
        OutputExistsError: If the file exists and ``overwrite`` is false.
        MissingDependencyError: If safetensors is not installed.
    """
    config, arrays = model.state()
    metadata = {
        "model": model.name,
        "config": json.dumps(config, allow_nan=False),
        "recipe": json.dumps(model.recipe, allow_nan=False),
    }
    if model.intervals is not None:
        metadata["intervals"] = json.dumps(model.intervals.to_json(), allow_nan=False)
    return write_arrays(path, arrays, kind="opir-model", metadata=metadata, overwrite=overwrite)


def load_model(path: Path | str) -> Forecaster:
    """Read a forecaster that :func:`save_model` wrote.

    Raises:
        FormatError: If the file is missing, damaged, or of another kind or version.
        UnknownNameError: If it holds a forecaster that is not installed.
    """
    arrays, metadata = read_arrays(path, kind="opir-model")
    try:
        config, recipe = json.loads(metadata["config"]), json.loads(metadata["recipe"])
        name = metadata["model"]
    except (KeyError, json.JSONDecodeError) as error:
        raise FormatError(
            f"the model's configuration is damaged ({error})", remedy=_ANEW, path=path
        ) from error
    kind = get_model(name)
    try:
        model = kind.from_state(config, arrays)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise FormatError(
            f"the arrays or the configuration do not fit the model {name!r} "
            f"({(str(error).splitlines() or ['?'])[0].rstrip(':')})",
            remedy="It was damaged, edited or written by another opir; get it or train it anew",
            path=path,
        ) from error
    model.recipe = recipe
    model.intervals = _intervals(metadata.get("intervals"), path)
    return model


def _intervals(text: str | None, path: Path | str) -> Intervals | None:
    """The intervals of a file; one written before there were any has none."""
    if text is None:
        return None
    try:
        return Intervals.from_json(json.loads(text))
    except (TypeError, ValueError, ModelError) as error:
        what = error.problem if isinstance(error, ModelError) else f"no JSON text: {error}"
        raise FormatError(
            f"the model's intervals cannot be read ({what})",
            remedy=_ANEW,
            path=path,
        ) from error


def write_arrays(
    path: Path | str,
    arrays: dict[str, Any],
    *,
    kind: str,
    metadata: dict[str, str],
    overwrite: bool = False,
) -> Path:
    """Write named arrays with text metadata, whole or not at all; the same give the same bytes."""
    safetensors = require("safetensors.numpy", extra="torch")
    written = {name: np.asarray(values, order="C") for name, values in arrays.items()}
    header = {"format": kind, "format_version": str(FORMAT_VERSION)}
    header |= {"opir_version": opir.__version__, **metadata, "sha256": _sha256(written)}
    # One entry, since the library writes several in an order that changes from run to run.
    content = safetensors.save(written, metadata={_ENTRY: json.dumps(header, sort_keys=True)})
    with atomic_path(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(content)
    return Path(path)


def read_arrays(path: Path | str, *, kind: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Arrays and metadata that :func:`write_arrays` wrote.

    Raises:
        FormatError: If the file is missing, damaged, or of another kind or version.
    """
    safetensors = require("safetensors", extra="torch")
    path = Path(path)
    if not path.is_file():
        problem = "this is a folder; a file is needed" if path.is_dir() else "there is no such file"
        raise FormatError(problem, remedy="Check the name", path=path)
    try:
        with safetensors.safe_open(str(path), framework="numpy") as opened:
            metadata = json.loads((opened.metadata() or {}).get(_ENTRY, "{}"))
            arrays = {name: opened.get_tensor(name) for name in list(opened.keys())}
    except (safetensors.SafetensorError, OSError, ValueError) as error:
        raise FormatError(
            f"the file is not a whole safetensors file ({error})",
            remedy="It was cut off or is of another format; get or write it anew",
            path=path,
        ) from error
    if not isinstance(metadata, dict):
        metadata = {}
    found = metadata.get("format", "none")
    if found != kind:
        raise FormatError(
            f"the file is of the format {found!r}; {kind!r} is needed",
            remedy="Name one that opir wrote",
            path=path,
        )
    version = metadata.get("format_version", "none")
    if version != str(FORMAT_VERSION):
        raise FormatError(
            f"the file has format version {version}; this opir {opir.__version__} reads "
            f"{FORMAT_VERSION}",
            remedy="Use the opir that wrote it, or train the model anew",
            path=path,
        )
    if metadata.get("sha256") not in (None, _sha256(arrays)):
        raise FormatError("numbers in the file are not those written", remedy=_ANEW, path=path)
    for name, values in arrays.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise FormatError("the array holds NaN or infinity", path=path, place=name)
    return arrays, metadata


def _sha256(arrays: Mapping[str, Any]) -> str:
    """Of the names and bytes of all arrays; files of before it was written have none."""
    found = hashlib.sha256()
    for name in sorted(arrays):
        found.update(name.encode())
        found.update(np.ascontiguousarray(arrays[name]).tobytes())
    return found.hexdigest()
