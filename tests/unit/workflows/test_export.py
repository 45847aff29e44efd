"""An exported model gives what the model gives, and what cannot be exported is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from opir.errors import AxisError, ModelError, OptionError, OutputExistsError
from opir.models import ForecastInputs, get_model
from opir.models.abcc.library_graph import INPUTS, OUTPUTS, graph_inputs
from opir.models.abcc.library_mode import AbccLibrary
from tests.unit.workflows.small_model import described_model, windows

FRAMES = 3


def some_runs() -> ForecastInputs:
    """Three frames ahead of each of six simulated runs."""
    found = windows().inputs
    drive = found.drive[:, : FRAMES + 1]
    return ForecastInputs(
        found.given, found.given_times, found.times[:, :FRAMES], found.wavenumber, drive,
        found.descriptor,
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn() -> AbccLibrary:
    """A model whose weights were drawn so that every part of it does something."""
    model = described_model()
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for values in model.module.flow.parameters():
            values.add_(0.2 * torch.randn(values.shape, generator=generator))
        model.module.flow.laws.own.add_(1.7)
    model.trust = 0.9
    return model


@pytest.fixture(scope="module")
def exported(drawn: AbccLibrary, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    from opir.workflows.export import export

    folder = tmp_path_factory.mktemp("export")
    drawn.save(folder / "model.safetensors")
    said = export(folder / "model.safetensors", out=folder / "model.onnx", frames=FRAMES)
    assert "within" in said
    return folder / "model.onnx"


def session(path: Path) -> Any:
    return pytest.importorskip("onnxruntime").InferenceSession(path.read_bytes())


@pytest.mark.parametrize("count", [1, 6])
def test_it_gives_what_the_model_gives(drawn: AbccLibrary, exported: Path, count: int) -> None:
    inputs = some_runs().rows(np.arange(count))
    names = [item.name for item in OUTPUTS]
    found = dict(zip(names, session(exported).run(names, graph_inputs(drawn, inputs)), strict=True))
    forecast = drawn.forecast(inputs)
    assert forecast.extents is not None
    assert forecast.amounts is not None
    assert forecast.shift is not None
    assert forecast.extents.max() > 0.01
    assert found["extents"].dtype == found["amounts_ahead"].dtype == np.float64
    for name, expected in {
        "spectra": forecast.spectra,
        **forecast.streams,
        "extents": forecast.extents,
        "amounts_ahead": forecast.amounts,
        "shift_ahead": forecast.shift,
    }.items():
        assert found[name].shape == expected.shape
        assert np.abs(found[name] - expected).max() < 1e-5 * max(1.0, np.abs(expected).max())


def test_the_file_says_what_goes_in_and_comes_out(drawn: AbccLibrary, exported: Path) -> None:
    opened = session(exported)
    said = json.loads(opened.get_modelmeta().custom_metadata_map["opir"])
    assert said["recipe"] == drawn.recipe
    assert said["recipe"]["origin"] == ["simulated"]
    assert [item.name for item in opened.get_inputs()] == [item["name"] for item in said["inputs"]]
    assert [item["name"] for item in said["inputs"]] == [item.name for item in INPUTS]
    for item in opened.get_outputs():
        axes = next(one["axes"] for one in said["outputs"] if one["name"] == item.name)
        assert len(axes) == len(item.shape)
        assert item.shape[1] == said["frames"] == FRAMES
        if axes[-1] in ("wavenumber", "species", "reaction"):
            assert item.shape[-1] == len(said[axes[-1]])


def test_inputs_that_do_not_fit(drawn: AbccLibrary) -> None:
    inputs = some_runs()
    given = inputs.given[..., 10:]
    cut = ForecastInputs(
        given, inputs.given_times, inputs.times, inputs.wavenumber[10:], inputs.drive,
        inputs.descriptor,
    )  # fmt: skip
    with pytest.raises(AxisError, match="96 points"):
        graph_inputs(drawn, cut)


def test_what_is_refused(exported: Path, tmp_path: Path) -> None:
    from opir.workflows.export import export

    model = exported.with_suffix(".safetensors")
    before = exported.read_bytes()
    with pytest.raises(OutputExistsError):
        export(model, out=exported)
    assert exported.read_bytes() == before
    with pytest.raises(OptionError, match="frames"):
        export(model, out=tmp_path / "none.onnx", frames=0)
    other = get_model("persistence")()
    other.fit(windows())
    other.save(tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="persistence"):
        export(tmp_path / "other.safetensors", out=tmp_path / "none.onnx")
    assert not (tmp_path / "none.onnx").exists()
