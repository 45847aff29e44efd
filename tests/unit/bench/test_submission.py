"""Predictions from files: the same score as the model itself, and a refusal for each mistake."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import task_stores
import xarray as xr

from opir.bench.data import FoldData
from opir.bench.results import read_results
from opir.bench.results.cells import collect
from opir.bench.results.table import markdown_table
from opir.bench.runner import BenchSettings, run_bench
from opir.bench.runner.bench import Bench
from opir.bench.scoring import subset_of
from opir.bench.submission.match import blind_id
from opir.errors import (
    AxisError,
    FormatError,
    OpirError,
    OptionError,
    OutputExistsError,
    StoreError,
    UnitError,
    ValueRangeError,
)
from opir.models import get_model
from opir.workflows.bench_submit import bench_submit, bench_template

TASK = "random"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("submission") / "store"
    items = [task_stores.make_item(number, frames=9) for number in range(120)]
    task_stores.make_store(path, items)
    return path


@pytest.fixture(scope="module")
def bench(store: Path) -> Bench:
    return Bench(BenchSettings((TASK,), (), main=str(store)))


@pytest.fixture(scope="module")
def template(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return bench_template(tmp_path_factory.mktemp("template") / "inputs.nc", task=TASK, store=store)


@pytest.fixture(scope="module")
def results(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    run_bench(BenchSettings((TASK,), ("ridge", "persistence"), main=str(store)), out, workers=0)
    return out


@pytest.fixture(scope="module")
def predicted(bench: Bench, template: Path) -> xr.Dataset:
    """What someone would write: ridge's forecasts at the runs and times of the template."""
    data = bench.data((TASK, "all"))
    model: Any = get_model("ridge")()
    model.recipe = {}
    options = {name: values[0] for name, values in type(model).search.items()}
    model = type(model)(**options)
    model.recipe = {}
    model.fit(data.train, data.validation)
    found = {}
    for role, prefix in (("test", ""), ("validation", "validation_")):
        inputs = xr.open_dataset(template, group=role, engine="h5netcdf").load()
        windows = getattr(data, role)
        spectra = model.forecast(windows.inputs).spectra[order_of(inputs, data, role)]
        run, frame = f"{prefix}run", f"{prefix}frame"
        found[f"{prefix}run"] = (run, inputs["run"].values)
        found[f"{prefix}time"] = ((run, frame), inputs["time"].values, {"units": "s"})
        found[f"{prefix}absorbance"] = ((run, frame, "wavenumber"), spectra, {"units": "1"})
    found["wavenumber"] = ("wavenumber", inputs["wavenumber"].values, {"units": "cm-1"})
    head = xr.open_dataset(template, engine="h5netcdf").attrs
    attributes = {name: head[name] for name in ("task", "fold", "fold_hash")}
    return xr.Dataset(found, attrs=attributes)


def order_of(inputs: xr.Dataset, data: FoldData, role: str) -> list[int]:
    """Place of each run of a template among the windows."""
    blind = [blind_id(data, id) for id in getattr(data.fold, role)]
    return [blind.index(id) for id in inputs["run"].values]


def write(dataset: xr.Dataset, path: Path) -> Path:
    if path.suffix == ".nc":
        dataset.to_netcdf(path, engine="h5netcdf")
    elif path.suffix == ".zarr":
        dataset.to_zarr(path, consolidated=False)
    else:
        arrays = {str(name): v.values for name, v in dataset.variables.items()}
        for name in ("run", "validation_run", "sample_run"):
            if name in arrays:
                arrays[name] = arrays[name].astype(str)
        np.savez(path, **arrays, units="1", **{n: str(v) for n, v in dataset.attrs.items()})
    return path


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.parametrize("ending", [".nc", ".zarr", ".npz"])
def test_a_submission_scores_as_the_model_itself(
    ending: str, predicted: xr.Dataset, store: Path, results: Path, tmp_path: Path
) -> None:
    # Another order of runs and a falling axis are brought back by id and by value.
    order = np.random.default_rng(0).permutation(predicted.sizes["run"])
    shuffled = predicted.isel(run=order, wavenumber=slice(None, None, -1))
    path = write(shuffled, tmp_path / f"mine{ending}")
    shutil.copytree(results, tmp_path / "out")
    record = bench_submit(path, tmp_path / "out", task=TASK, store=store)
    own = {result.model: result for result in read_results(tmp_path / "out")}
    assert set(own) == {"ridge", "persistence", "mine"}
    assert record["scores"].keys() == own["ridge"].record["scores"].keys()
    assert "coverage-90" in record["scores"]
    for name, value in own["ridge"].record["scores"].items():
        assert record["scores"][name] == pytest.approx(value, rel=1e-6), name
    one, other = own["ridge"].arrays(), own["mine"].arrays()
    assert one.keys() == other.keys()
    assert one["id"].tolist() == other["id"].tolist()
    np.testing.assert_allclose(one["metric/mae"], other["metric/mae"], rtol=1e-6)
    assert "| mine" in markdown_table(collect(tmp_path / "out"))


def test_the_template_withholds_the_spectra_to_predict(template: Path, bench: Bench) -> None:
    data = bench.data((TASK, "all"))
    train = xr.open_dataset(template, group="train", engine="h5netcdf").load()
    test = xr.open_dataset(template, group="test", engine="h5netcdf").load()
    for dataset, role in ((train, "train"), (test, "test")):
        windows = getattr(data, role).rows(order_of(dataset, data, role))
        np.testing.assert_array_equal(dataset["given"], windows.inputs.given)
        np.testing.assert_array_equal(dataset["drive"], windows.inputs.drive)
        np.testing.assert_array_equal(dataset["descriptor"], windows.inputs.descriptor)
    rows = order_of(train, data, "train")
    np.testing.assert_array_equal(train["absorbance"], data.train.target[rows])
    # Sorted by what tells nothing: the systems of neighbours are mixed.
    systems = [str(data.systems[row]) for row in order_of(test, data, "test")]
    assert systems != sorted(systems)
    assert set(test.data_vars) == {"given", "given_time", "time", "drive", "descriptor"}
    target = data.test.target
    for variable in test.variables.values():
        assert variable.shape != target.shape
    content = template.read_bytes()
    assert not any(name.encode() in content for name in task_stores.SYSTEMS)


def spoil(**changes: Any) -> Callable[[xr.Dataset], xr.Dataset]:
    return lambda dataset: dataset.assign(changes)


def ids(change: Callable[[np.ndarray], Any]) -> Callable[[xr.Dataset], xr.Dataset]:
    return lambda d: d.assign_coords(run=change(d["run"].values.copy()))


def scaled(name: str, factor: float, power: int = 1) -> Callable[[xr.Dataset], xr.Dataset]:
    def change(d: xr.Dataset) -> xr.Dataset:
        values = factor * d[name].values ** power
        return d.assign({name: (d[name].dims, values, d[name].attrs)})

    return change


def unit(name: str, text: str | None) -> Callable[[xr.Dataset], xr.Dataset]:
    def change(d: xr.Dataset) -> xr.Dataset:
        found = d.copy()
        found[name].attrs = {} if text is None else {"units": text}
        return found

    return change


def hole(d: xr.Dataset) -> xr.Dataset:
    values = d["absorbance"].values.copy()
    values[3, 2, 1] = np.nan
    return d.assign(absorbance=(d["absorbance"].dims, values, {"units": "1"}))


def changes_only(d: xr.Dataset) -> xr.Dataset:
    values = d["absorbance"] - d["absorbance"].isel(frame=0)
    return d.assign(absorbance=(d["absorbance"].dims, 1e-3 * values.values, {"units": "1"}))


def first(name: str) -> Callable[[np.ndarray], np.ndarray]:
    def change(values: np.ndarray) -> np.ndarray:
        values[0] = name or values[1]
        return values

    return change


def trained(d: xr.Dataset) -> xr.Dataset:
    return ids(first(str(d["validation_run"].values[0])))(d)


REFUSED = {
    "missing run": (lambda d: d.isel(run=slice(1, None)), FormatError, "missing; "),
    "run twice": (ids(first("")), FormatError, "there more than once"),
    "unknown run": (ids(first("nobody")), FormatError, "'nobody' is unknown"),
    "validation run": (trained, FormatError, "of the training or validation"),
    "ids are numbers": (ids(lambda v: np.arange(v.size)), FormatError, "ids as text"),
    "a frame less": (lambda d: d.isel(frame=slice(1, None)), AxisError, "7 frames; 8 follow"),
    "hours": (scaled("time", 1 / 3600), AxisError, "These look like h"),
    "unit of time": (unit("time", "h"), UnitError, "'s' is needed"),
    "wavelengths": (scaled("wavenumber", 1e4, -1), AxisError, "wavelengths in µm"),
    "other wavenumbers": (scaled("wavenumber", 1.01), AxisError, "the fold has 8"),
    "fewer wavenumbers": (lambda d: d.isel(wavenumber=slice(2, None)), AxisError, "holds 6"),
    "unit of wavenumber": (unit("wavenumber", "nm"), UnitError, "'cm-1' is needed"),
    "no unit": (unit("absorbance", None), UnitError, "unit of the absorbance is not stated"),
    "percent": (unit("absorbance", "percent"), UnitError, "2 - log10(T)"),
    "milli": (unit("absorbance", "mAU"), UnitError, "Convert it"),
    "percent unsaid": (scaled("absorbance", 500.0), UnitError, "look like percent"),
    "changes unsaid": (changes_only, UnitError, "look like changes"),
    "NaN": (hole, ValueRangeError, "1 values that are NaN"),
    "change": (lambda d: d.rename(absorbance="change"), UnitError, "Add the last given"),
    "transmittance": (lambda d: d.rename(absorbance="transmittance"), UnitError, "-log10"),
    "no times": (lambda d: d.drop_vars("time"), FormatError, "lacks time"),
    "frame axis": (lambda d: d.rename(frame="step"), AxisError, "(run, step"),
    "lower alone": (lambda d: d.assign(lower=d["absorbance"]), FormatError, "without upper"),
    "no level": (
        lambda d: d.assign(lower=d["absorbance"], upper=d["absorbance"]),
        OptionError,
        "level",
    ),
    "upside down": (
        lambda d: d.assign(lower=d["absorbance"] + 1, upper=d["absorbance"]).assign_attrs(level=0.9),
        ValueRangeError,
        "above upper",
    ),
    "other task": (lambda d: d.assign_attrs(task="low-data"), OptionError, "of task 'low-data'"),
    "other runs": (lambda d: d.assign_attrs(fold_hash="sha256:0"), OptionError, "other runs"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(
    name: str, predicted: xr.Dataset, store: Path, tmp_path: Path
) -> None:
    change, kind, text = REFUSED[name]
    path = write(change(predicted), tmp_path / "wrong.nc")
    with pytest.raises(kind) as raised:
        bench_submit(path, tmp_path / "out", task=TASK, store=store)
    assert text in str(raised.value)
    assert str(path) in str(raised.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x89HDF\r\n\x1a\n no more"])
@pytest.mark.parametrize("ending", [".nc", ".npz", ".txt"])
def test_damaged_files_are_refused(
    content: bytes, ending: str, store: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"bad{ending}"
    path.write_bytes(content)
    with pytest.raises(OpirError, match="bad"):
        bench_submit(path, tmp_path / "out", task=TASK, store=store)


def test_intervals_and_samples_of_the_file(
    predicted: xr.Dataset, bench: Bench, store: Path, tmp_path: Path
) -> None:
    data = bench.data((TASK, "all"))
    target = data.test.target
    dims = predicted["absorbance"].dims
    # Written under the ids of the store here, which do as well.
    blind = predicted["run"].values.tolist()
    predicted = predicted.isel(run=[blind.index(blind_id(data, id)) for id in data.test_ids])
    predicted = predicted.assign_coords(run=np.array(data.test_ids, dtype=object))
    chosen = subset_of(data.test_ids)
    # Intervals that hold the truth at every other wavenumber; samples that are the truth.
    lower = target + np.where(np.arange(target.shape[2]) % 2, 0.5, -1).astype(np.float32)
    samples = np.repeat(target[None, chosen], 3, axis=0)
    dataset = predicted.assign(
        lower=(dims, lower, {"units": "1"}),
        upper=(dims, lower + 2, {"units": "1"}),
        samples=(("sample", "sample_run", "frame", "wavenumber"), samples, {"units": "1"}),
        sample_run=("sample_run", np.array(data.test_ids, dtype=object)[chosen]),
    ).assign_attrs(level=0.9)
    record = bench_submit(
        write(dataset, tmp_path / "own.nc"), tmp_path / "out", task=TASK, store=store, name="own"
    )
    assert record["scores"]["coverage-90"] == pytest.approx(0.5)
    assert record["scores"]["width-90"] == pytest.approx(2, rel=1e-5)
    assert "coverage-50" not in record["scores"]
    assert record["scores"]["crps"] == pytest.approx(0, abs=1e-6)
    assert record["scores"]["energy"] == pytest.approx(0, abs=1e-5)
    assert record["sampled"]


def test_rows_are_kept_and_changed_stores_noticed(
    predicted: xr.Dataset, store: Path, tmp_path: Path
) -> None:
    path = write(predicted, tmp_path / "mine.nc")
    out = tmp_path / "out"
    bench_submit(path, out, task=TASK, store=store)
    with pytest.raises(OutputExistsError):
        bench_submit(path, out, task=TASK, store=store)
    bench_submit(path, out, task=TASK, store=store, overwrite=True)
    for taken in ("oracle-floor", "gru"):
        with pytest.raises(OptionError, match="opir makes itself"):
            bench_submit(path, out, task=TASK, store=store, name=taken)
    with pytest.raises(OptionError, match="--fold"):
        bench_submit(path, out, task="few-frames", store=store)
    with pytest.raises(OptionError, match="--store"):
        bench_submit(path, out, task=TASK)
    changed = tmp_path / "changed"
    items = [task_stores.make_item(n, frames=9, noise=float(n == 7)) for n in range(120)]
    task_stores.make_store(changed, items)
    unstated = write(predicted.drop_attrs(deep=False), tmp_path / "unstated.nc")
    with pytest.raises(StoreError, match="hash"):
        bench_submit(unstated, out, task=TASK, store=changed, name="other")
