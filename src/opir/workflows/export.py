"""A trained forecaster to an ONNX file, checked against PyTorch before it is kept."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import opir
from opir.errors import ModelError, OptionError, require
from opir.files import atomic_path, check_output
from opir.models.abcc.library_graph import INPUTS, OUTPUTS, LibraryGraph, graph_inputs
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.descriptor import DESCRIPTOR
from opir.models.inputs import ForecastInputs
from opir.models.pretrained import from_pretrained

__all__ = ["AGREEMENT", "export"]

AGREEMENT = 1e-5
"""How near to PyTorch the exported model must come, relative to the largest value or 1."""

_FORMAT, _VERSION = "opir-onnx", 1
_MOST_FRAMES = 512
_EXAMPLES = 5


def export(model: Path | str, *, out: Path | str, frames: int = 63, overwrite: bool = False) -> str:
    """Write a trained ``abcc-library`` as ONNX.

    The file takes what a spectrum and a protocol say as numbers
    (:func:`opir.models.abcc.library_graph.graph_inputs`) and gives spectra, streams, amounts and
    extents in one evaluation. Its batch and the number of visits are free, the number of frames is
    fixed. The metadata entry ``opir`` is a JSON object with names, axes, units, labels and the
    model's recipe.

    Args:
        model: Name of a model that ships, or a file.
        out: File to write (``.onnx``).
        frames: How many frames are forecast.
        overwrite: Whether ``out`` may exist.

    Returns:
        A sentence on what was written and how near to PyTorch it is.

    Raises:
        OptionError: If ``frames`` is below 1 or above 512.
        ModelError: If the model is of another kind, or the file does not agree with it.
        MissingDependencyError: If onnx, onnxscript or onnxruntime is not installed.
        OutputExistsError: If ``out`` exists and ``overwrite`` is false.
    """
    check_output(out, overwrite=overwrite)
    if not 1 <= frames <= _MOST_FRAMES:
        raise OptionError(
            f"{frames} frames were asked for", remedy=f"Give 1 to {_MOST_FRAMES}; usual are 63"
        )
    for name in ("onnx", "onnxscript", "onnxruntime"):
        require(name, extra="onnx")
    loaded = from_pretrained(model)
    if not isinstance(loaded, AbccLibrary):
        raise ModelError(
            f"the model is {loaded.name!r}; abcc-library alone can be exported",
            remedy="Export a model of described systems, or use this one through opir",
        )
    graph = LibraryGraph(loaded).eval()
    some = graph_inputs(loaded, _example(loaded, frames))
    with atomic_path(out, overwrite=overwrite) as temporary:
        _write(graph, some, temporary, _metadata(loaded, frames))
        apart = _difference(graph, some, temporary)
        if not apart <= AGREEMENT:
            raise ModelError(
                f"the exported model differs from PyTorch by {apart:.1e}; {AGREEMENT:.0e} is "
                "allowed",
                remedy="Report it, with the versions of torch, onnx and onnxruntime",
            )
    return f"Written: {out} ({frames} frames; within {apart:.0e} of PyTorch)"


def _example(model: AbccLibrary, frames: int) -> ForecastInputs:
    """Runs of usual cells, most of them on a sweep, to trace the model with and to compare."""
    adapter = model.module.adapter
    times = np.linspace(0.0, 36000.0, frames + 1)
    sweep = np.stack([np.linspace(2.8, 0.1, frames + 1), 0 * times, 298.15 + 0 * times], -1)
    drive = np.repeat(sweep[None], _EXAMPLES, axis=0)
    drive[-1] = np.nan  # nothing is known
    strength = np.linspace(0.5, 1.5, _EXAMPLES)[:, None]
    spectrum, system = (
        item.double().cpu().numpy() for item in (adapter.centre, adapter.descriptor_mean)
    )
    return ForecastInputs(
        given=(strength * spectrum)[:, None],
        given_times=np.zeros((_EXAMPLES, 1)),
        times=strength * times[1:],
        wavenumber=model.tables.wavenumber,
        drive=drive,
        descriptor=np.repeat(system[None], _EXAMPLES, axis=0),
    )


def _write(
    graph: LibraryGraph, some: dict[str, NDArray[np.float32]], path: Path, metadata: dict[str, Any]
) -> None:
    """One ONNX file, its weights inside."""
    free = {name: torch.export.Dim(name) for name in ("batch", "visit")}
    shapes = tuple(
        {at: free[axis] for at, axis in enumerate(item.axes) if axis in free} for item in INPUTS
    )
    with _quiet():
        program = torch.onnx.export(
            graph,
            tuple(torch.as_tensor(values) for values in some.values()),
            input_names=[item.name for item in INPUTS],
            output_names=[item.name for item in OUTPUTS],
            dynamic_shapes={"given": shapes},
            dynamo=True,
            optimize=False,
            verbose=False,
        )
    written = program.model_proto  # type: ignore[union-attr]
    entry = written.metadata_props.add()
    entry.key, entry.value = "opir", json.dumps(metadata, allow_nan=False)
    path.write_bytes(written.SerializeToString(deterministic=True))


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter's remarks on its own inside help no reader."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _difference(graph: LibraryGraph, some: dict[str, NDArray[np.float32]], path: Path) -> float:
    """Largest difference to PyTorch of any output, over its largest value or 1."""
    session = require("onnxruntime", extra="onnx").InferenceSession(path.read_bytes())
    with torch.no_grad():
        expected = graph(*(torch.as_tensor(values) for values in some.values()))
    found = session.run([item.name for item in OUTPUTS], some)
    return max(
        float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))
        for one, other in zip(found, (item.numpy() for item in expected), strict=True)
    )


def _metadata(model: AbccLibrary, frames: int) -> dict[str, Any]:
    reactions = model.tables.reactions
    return {
        "format": _FORMAT,
        "format_version": _VERSION,
        "opir_version": opir.__version__,
        "model": model.name,
        "recipe": model.recipe,
        "frames": frames,
        "inputs": [asdict(item) for item in INPUTS],
        "outputs": [asdict(item) for item in OUTPUTS],
        "wavenumber": model.tables.wavenumber.tolist(),
        "feature": list(DESCRIPTOR),
        "population": [list(label) for label in model.tables.populations],
        "species": list(reactions.species),
        "reaction": list(reactions.reactions),
    }
