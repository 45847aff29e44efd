"""A model's file is whole, of its kind and version, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from opir.errors import FormatError, ModelError, OutputExistsError, UnknownNameError
from opir.models import MeanTrajectory, Persistence, get_model, load_model
from opir.models.checkpoint import read_arrays, write_arrays
from tests.unit.models.toy import decay


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    return MeanTrajectory().fit(decay()).save(tmp_path / "model.safetensors")


def test_nothing_is_overwritten_unless_asked(saved: Path) -> None:
    with pytest.raises(OutputExistsError):
        Persistence().save(saved)
    Persistence().save(saved, overwrite=True)
    assert isinstance(load_model(saved), Persistence)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(saved: Path, share: float) -> None:
    whole = saved.read_bytes()
    saved.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FormatError, match="safetensors"):
        load_model(saved)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_number_that_was_changed_is_found(saved: Path, share: float) -> None:
    whole = bytearray(saved.read_bytes())
    first = 8 + int.from_bytes(whole[:8], "little")  # the arrays come after the header
    whole[first + int(share * (len(whole) - first))] ^= 1
    saved.write_bytes(whole)
    with pytest.raises(FormatError, match="not those written"):
        load_model(saved)


def test_random_bytes_and_no_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "random.safetensors"
    path.write_bytes(np.random.default_rng(0).bytes(4096))
    with pytest.raises(FormatError, match="safetensors"):
        load_model(path)
    with pytest.raises(FormatError, match="no such file"):
        load_model(tmp_path / "absent.safetensors")
    with pytest.raises(FormatError, match="a folder; a file is needed"):
        load_model(tmp_path)


def test_another_version_kind_or_model_is_refused(saved: Path, tmp_path: Path) -> None:
    arrays, metadata = read_arrays(saved, kind="opir-model")
    with pytest.raises(FormatError, match="'opir-model'; 'opir-training'"):
        read_arrays(saved, kind="opir-training")
    other = tmp_path / "other.safetensors"
    write_arrays(other, arrays, kind="opir-model", metadata={**metadata, "format_version": "99"})
    with pytest.raises(FormatError, match="version 99"):
        load_model(other)
    write_arrays(
        other, arrays, kind="opir-model", metadata={**metadata, "model": "x"}, overwrite=True
    )
    with pytest.raises(UnknownNameError, match="'x'"):
        load_model(other)
    with pytest.raises(ModelError, match="mean-trajectory"):
        Persistence.load(saved)


def test_an_array_with_nan_is_refused(saved: Path, tmp_path: Path) -> None:
    arrays, metadata = read_arrays(saved, kind="opir-model")
    arrays["change"][0, 0] = np.nan
    path = write_arrays(tmp_path / "n.safetensors", arrays, kind="opir-model", metadata=metadata)
    with pytest.raises(FormatError, match="change: the array holds NaN"):
        load_model(path)


def test_a_config_that_does_not_fit_the_arrays_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = write_arrays(
        tmp_path / "a.safetensors",
        {"x": np.zeros(2)},
        kind="opir-model",
        metadata={"model": "abcc", "config": "{}", "recipe": "{}"},
    )
    with pytest.raises(FormatError, match="do not fit"):
        load_model(path)


def test_unknown_models_list_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="ridge"):
        get_model("rigde")
