"""`opir.predict` with a model of described systems: what comes out, and what holds of it."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import opir  # noqa: E402
from opir.chemistry import library  # noqa: E402
from opir.cli import main  # noqa: E402
from opir.errors import OutputError  # noqa: E402
from opir.models import Forecast, ForecastInputs  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.plots.prediction import changed_species  # noqa: E402
from opir.run import Electrochemistry, Run, Spectrum  # noqa: E402
from opir.run.netcdf import read_run, write_netcdf, write_run  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.workflows import forecast_files  # noqa: E402
from tests.unit.workflows.small_model import (  # noqa: E402
    AXIS,
    BEYOND,
    PROTOCOL,
    SYSTEM,
    described_model,
)


@pytest.fixture(scope="module")
def model() -> AbccLibrary:
    torch.set_num_threads(1)
    return described_model()


@pytest.fixture(scope="module")
def spectrum() -> Spectrum:
    return simulate(SYSTEM, "rest 10 min", seed=7, frames=2, wavenumber=AXIS).run.spectrum(0)


@pytest.fixture(scope="module")
def whole(model: AbccLibrary, spectrum: Spectrum) -> opir.Prediction:
    return opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model)


def test_the_parts_add_up_and_the_species_are_conserved(whole: opir.Prediction) -> None:
    data = whole.run.dataset
    parts = sum(data[f"stream_{name}"].values for name in ("solvent", "sei", "residual"))
    np.testing.assert_allclose(parts, whole.run.values, atol=1e-5)
    assert (np.diff(data["extent"].values, axis=0) >= -1e-9).all()
    known = library().reactions
    place = {str(name): at for at, name in enumerate(data["component"].values)}
    made = np.zeros_like(data["amount"].values)
    for column, name in enumerate(data["reaction"].values):
        for species, number in known[str(name)].stoichiometry.items():
            if species in place:
                made[:, place[species]] += number * data["extent"].values[:, column]
    change = data["amount"].values - data["amount_given"].values
    free = data["amount"].values > 0
    np.testing.assert_allclose(change[free], made[free], atol=1e-6)
    assert data["amount"].attrs["units"] == "mmol m-2"
    assert (data["rate"] >= 0).all()
    steps = np.diff(data["time"].values, prepend=0.0)
    summed = (data["rate"].values * steps[:, None]).cumsum(axis=0)
    np.testing.assert_allclose(summed, data["extent"].values, atol=1e-9)
    assert 0 < np.abs(data["shift"].values).max() <= 4.0  # 3 in the spectrum, 1 on the way


def test_a_frame_does_not_depend_on_how_many_are_asked_for(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    """The last of 63 frames, alone: the drive on the way there is told all the same."""
    one = opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, frames=1)
    assert one.run.time.tolist() == whole.run.time[-1:].tolist()
    np.testing.assert_allclose(one.run.values[0], whole.run.values[-1], atol=1e-6)
    many = opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, frames=630)
    np.testing.assert_allclose(many.run.time[9::10], whole.run.time, rtol=1e-12)
    np.testing.assert_allclose(many.run.values[9::10], whole.run.values, atol=2e-4)


def test_rates_of_few_frames_are_means_since_the_frame_before(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    """Not since one of those in between, at which the model was told of the drive."""
    few = opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, frames=3)
    data = few.run.dataset
    assert data.sizes["time"] == 3
    steps = np.diff(data["time"].values, prepend=0.0)
    summed = (data["rate"].values * steps[:, None]).cumsum(axis=0)
    np.testing.assert_allclose(summed, data["extent"].values, atol=1e-9)
    same = whole.run.dataset
    for name in ("extent", "amount", "shift", "voltage", "potential"):
        np.testing.assert_allclose(
            data[name].values, same[name].values[20::21], rtol=1e-4, atol=1e-5
        )


def test_intervals_hold_the_forecast_and_are_wider_for_whole_trajectories(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    data = whole.run.dataset
    lower, upper = data["absorbance_lower"].values, data["absorbance_upper"].values
    assert (lower < whole.run.values).all()
    assert (upper > whole.run.values).all()
    assert (data["absorbance_upper_whole"].values > upper).all()
    assert data["absorbance_lower"].attrs["level"] == 0.9
    assert "not for each run or system" in data["absorbance_lower"].attrs["comment"]
    hot = opir.predict(
        spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, temperature="80 degC"
    )
    assert any("outside of what the model" in note for note in hot.notes)
    assert any(f"widened {BEYOND:g} times" in note for note in hot.notes)
    wide = hot.run.dataset["absorbance_upper"].values - hot.run.values
    bins = np.searchsorted(model.intervals.edges, [whole.run.time[-1], hot.run.time[-1]])
    assert bins[0] == bins[1]
    ratio = wide[-1] / (upper - whole.run.values)[-1]
    np.testing.assert_allclose(ratio, BEYOND, rtol=1e-3)


def test_a_model_without_intervals_says_so(model: AbccLibrary, spectrum: Spectrum) -> None:
    kept, model.intervals = model.intervals, None
    try:
        done = opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, frames=3)
    finally:
        model.intervals = kept
    assert any("no intervals" in note for note in done.notes)
    assert not [name for name in done.run.dataset if "lower" in str(name)]
    assert any("no intervals" in axes.get_title("left") for axes in done.figure().axes)


def test_transmittance_and_a_falling_axis_give_the_same_forecast(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    through = Spectrum.from_arrays(
        AXIS[::-1], 100 * 10.0 ** -spectrum.values[::-1], signal="transmittance", unit="%"
    )
    done = opir.predict(through, system=SYSTEM, protocol=PROTOCOL, model=model)
    np.testing.assert_allclose(done.run.values[:, ::-1], whole.run.values, atol=1e-5)
    assert any("turned into absorbance" in note for note in done.notes)


def test_a_system_in_words_and_its_name_are_the_same(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction, tmp_path: Path
) -> None:
    text = library().systems[SYSTEM].system.to_yaml()
    (tmp_path / "cell.yaml").write_text(text, encoding="utf-8")
    for system in (text, tmp_path / "cell.yaml", f"{{name: {SYSTEM}}}"):
        done = opir.predict(spectrum, system=system, protocol=PROTOCOL, model=model)
        np.testing.assert_array_equal(done.run.values, whole.run.values)
    assert any("are those of the library" in note for note in done.notes)


def test_without_a_spectrum_one_is_simulated_and_it_says_so(model: AbccLibrary) -> None:
    done = opir.predict(None, system=SYSTEM, protocol=PROTOCOL, model=model, frames=2)
    assert done.given.last.origin == "simulated"
    assert done.run.dataset["given_absorbance"].attrs["origin"] == "simulated"
    assert any("No spectrum was given" in note for note in done.notes)
    shown = [text.get_text() for axes in done.figure().axes for text in axes.texts]
    titles = [axes.get_title("left") for axes in done.figure().axes]
    assert any("simulated" in text for text in titles + shown)


def test_a_record_with_voltage_and_current_is_taken_as_it_is(
    model: AbccLibrary, spectrum: Spectrum, tmp_path: Path
) -> None:
    time = np.linspace(100.0, 36100.0, 200)
    record = Electrochemistry.from_columns(
        time,
        {"voltage": np.linspace(2.5, 0.1, 200), "current": np.full(200, -1e-4)},
        origin="measured",
    )
    path = write_netcdf(record, tmp_path / "record.nc")
    done = opir.predict(spectrum, system=SYSTEM, protocol=path, model=model, frames=2)
    np.testing.assert_allclose(done.run.time, [18000.0, 36000.0])
    np.testing.assert_allclose(done.run.on_time("voltage"), [1.3, 0.1], atol=1e-6)
    assert not any("simulated cell" in note for note in done.notes)
    assert not any("mass of the working electrode" in note for note in done.notes)
    known = library().systems[SYSTEM].system
    assert known.working_electrode is not None
    unweighed = known.working_electrode.model_copy(update={"mass": None})
    system = known.model_copy(update={"working_electrode": unweighed})
    done = opir.predict(spectrum, system=system, protocol=path, model=model, frames=2)
    assert any("mass of the working electrode is not stated" in note for note in done.notes)


def test_several_given_frames_reach_the_model(
    model: AbccLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = simulate(SYSTEM, PROTOCOL, seed=3, frames=20, wavenumber=AXIS).run
    seen: list[ForecastInputs] = []

    def forecast(self: AbccLibrary, inputs: ForecastInputs) -> Forecast:
        seen.append(inputs)
        return original(self, inputs)

    original = AbccLibrary.forecast
    monkeypatch.setattr(AbccLibrary, "forecast", forecast)
    done = opir.predict(
        run, system=SYSTEM, protocol=PROTOCOL, model=model, frame=2, given=3, frames=4
    )
    inputs = seen[0]
    np.testing.assert_array_equal(inputs.given[0], run.values[2:5])
    np.testing.assert_allclose(inputs.given_times[0], run.time[2:5] - run.time[2])
    assert done.run.time.size == 4
    assert done.run.time[0] > inputs.given_times[0, -1]
    np.testing.assert_array_equal(done.run.dataset["given_absorbance"], run.values[2:5])
    np.testing.assert_array_equal(done.run.dataset["given_voltage"], inputs.drive[0, :3, 0])
    assert np.isfinite(inputs.drive[0, :, 0]).all()
    assert done.figure().axes


def test_what_is_strange_in_a_spectrum_is_said(model: AbccLibrary, spectrum: Spectrum) -> None:
    values = spectrum.values
    for changed, what in (
        (np.minimum(5 * values, 3.5), "is saturated: .* above an absorbance of 3"),
        (np.minimum(values, 0.3 * values.max()), "is saturated: .* the same largest value"),
        (values - 0.1, "falls to -0"),
    ):
        given = Spectrum.from_arrays(AXIS, changed)
        done = opir.predict(given, system=SYSTEM, protocol=PROTOCOL, model=model, frames=1)
        assert any(re.search(what, note) for note in done.notes), what
    usual = opir.predict(spectrum, system=SYSTEM, protocol=PROTOCOL, model=model, frames=1)
    assert not any("saturated" in note or "falls to" in note for note in usual.notes)


def test_a_band_that_nobody_knows_widens_the_intervals(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    alien = 2 * spectrum.values.max() * np.exp(-(((AXIS - 1600) / 15) ** 2))
    given = Spectrum.from_arrays(AXIS, spectrum.values + alien)
    done = opir.predict(given, system=SYSTEM, protocol=PROTOCOL, model=model)
    assert any("not explained by the chemistry library" in note for note in done.notes)
    half = [p.run.dataset["absorbance_upper"].values - p.run.values for p in (whole, done)]
    np.testing.assert_allclose(half[1], BEYOND * half[0], rtol=1e-3)


def test_the_files_hold_the_same_numbers(whole: opir.Prediction, tmp_path: Path) -> None:
    assert whole.files == ()
    files = whole.save(tmp_path / "out")
    assert [path.name for path in files] == list(forecast_files.FILES)
    read = read_run(files[0])
    assert read.origin == "forecast"
    np.testing.assert_array_equal(read.values, whole.run.values)
    table = rows(files[2])
    assert table[0][:3] == ["time / s", "voltage / V", "potential of the working electrode / V"]
    assert len(table) == 2 + whole.run.time.size
    assert float(table[1][0]) == 0.0
    first = changed_species(whole.run)[0]
    column = table[0].index(f"amount of {first} / mmol m-2")
    amount = whole.run.dataset["amount"].sel(component=first).values
    assert float(table[-1][column]) == pytest.approx(amount[-1])
    page = files[4].read_text(encoding="utf-8")
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]+", "", page).replace("http-equiv", "")
    assert page.index("To be read first") < page.index("<img")
    places = re.findall(r'id="([^"]*)"', page)
    assert len(places) == len(set(places))
    links = re.findall(r'href="([^"]*)"', page)
    assert {"#notes", "#forecast", "#species", "#reactions"} <= set(links)
    assert {link[1:] for link in links} <= set(places)
    assert '<span class="origin">forecast</span>' in page
    assert " → " in page  # equations stand beside the names of reactions
    assert all(note.split(":")[0][:40] in page for note in whole.notes)


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.reader(file))


def test_wavenumber_falls_in_every_panel_and_warnings_are_counted(whole: opir.Prediction) -> None:
    figure = whole.figure()
    spectral = [axes for axes in figure.axes if axes.get_xlabel().startswith("Wavenumber")]
    assert len(spectral) == 5
    for axes in spectral:
        left, right = axes.get_xlim()
        assert left >= 1900.0
        assert right <= 800.0
    head = next(
        axes.get_title("left") for axes in figure.axes if "Forecast by" in axes.get_title("left")
    )
    assert "trained on simulated runs" in head
    assert f"{len(whole.notes)} notes" in head


def test_the_picture_tells_how_large_what_forms_is_beside_the_interval(
    whole: opir.Prediction,
) -> None:
    """On a scale of its own a thousandth of the interval looks like a signal."""
    (said,) = (
        text.get_text()
        for axes in whole.figure().axes
        for text in axes.texts
        if text.get_text().startswith("largest")
    )
    largest, half = (float(number) for number in re.findall(r"(?:largest:|±) (\S+)", said))
    data = whole.run.dataset
    sei = np.abs(data["stream_sei"].values)
    assert largest == pytest.approx(sei.max(), rel=0.05)
    halves = (data["absorbance_upper"] - data["absorbance"]).values[sei == sei.max()]
    assert half == pytest.approx(halves[0], rel=0.05)


def test_a_component_that_no_reaction_knows_is_left_out_of_the_voltage_alone(
    model: AbccLibrary, spectrum: Spectrum, whole: opir.Prediction
) -> None:
    """The model is told of it; the simulated cell that gives the voltage is one without."""
    system = library().systems[SYSTEM].system
    fields = {name: getattr(system, name) for name in opir.System.model_fields}
    more = opir.System(
        **fields
        | {
            "electrolyte": (
                *system.electrolyte,
                {"name": "FEC", "amount": 5, "unit": "wt%", "role": "additive"},
            )
        }
    )
    done = opir.predict(spectrum, system=more, protocol=PROTOCOL, model=model)
    assert any("FEC left out, which no reaction of it knows" in note for note in done.notes)
    np.testing.assert_array_equal(done.run.on_time("voltage"), whole.run.on_time("voltage"))
    assert done.run.system is not None
    assert "FEC" in done.run.system.amounts()
    assert not any("left out" in note for note in whole.notes)


def test_nothing_is_left_where_writing_fails(
    whole: opir.Prediction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **named: object) -> None:
        raise OutputError("no space is left")

    monkeypatch.setattr(forecast_files, "save", full)
    with pytest.raises(OutputError, match="no space"):
        whole.save(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_on_the_command_line(
    model: AbccLibrary, spectrum: Spectrum, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = model.save(tmp_path / "small.safetensors")
    run = write_run(
        Run.from_arrays([0.0, 60.0], AXIS, np.stack([spectrum.values] * 2)), tmp_path / "run.nc"
    )
    out = tmp_path / "out"
    asked = ["--system", SYSTEM, "--protocol", PROTOCOL, "-m", str(weights), "-o", str(out)]
    called(["predict", str(run), *asked, "--frames", "5"])
    said = capsys.readouterr().out
    assert said.count("Written: ") == 5
    assert read_run(out / "forecast.nc").time.size == 5
    called(["predict", "--from-composition", *asked, "--force", "--frames", "1"])
    assert "simulated from its composition" in capsys.readouterr().out
    assert read_run(out / "forecast.nc").time.size == 1


def called(words: list[str]) -> None:
    try:
        main(words)
    except SystemExit as ended:
        assert not ended.code


def test_the_axis_of_the_spectrum_is_kept(model: AbccLibrary, whole: opir.Prediction) -> None:
    """A finer one, one that reaches further and one that is narrower; intervals go with it."""
    for axis in (
        np.linspace(1890.0, 810.0, 500),
        np.linspace(700.0, 2400.0, 300),
        np.linspace(900.0, 1700.0, 120),
    ):
        run = simulate(SYSTEM, "rest 10 min", seed=7, frames=2, wavenumber=axis).run
        found = opir.predict(run.spectrum(0), system=SYSTEM, protocol=PROTOCOL, model=model).run
        kept = axis[(axis >= AXIS.min() - 1) & (axis <= AXIS.max() + 1)]
        np.testing.assert_array_equal(found.wavenumber, kept)
        data = found.dataset
        assert (data["absorbance_lower"] < data["absorbance_upper"]).all()
        change = found.values[-1] - data["given_absorbance"].values[0]
        wanted = whole.run.values[-1] - whole.run.dataset["given_absorbance"].values[0]
        order = np.argsort(kept)
        inside = (kept.min() < AXIS) & (kept.max() > AXIS)
        there = np.interp(AXIS[inside], kept[order], change[order])
        assert np.corrcoef(there, wanted[inside])[0, 1] > 0.9


def test_what_was_recorded_with_the_given_spectra_is_told(
    model: AbccLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = simulate(SYSTEM, PROTOCOL, seed=3, frames=20, wavenumber=AXIS).run
    seen: list[ForecastInputs] = []
    original = AbccLibrary.forecast

    def forecast(self: AbccLibrary, inputs: ForecastInputs) -> Forecast:
        seen.append(inputs)
        return original(self, inputs)

    monkeypatch.setattr(AbccLibrary, "forecast", forecast)
    done = opir.predict(run, system=SYSTEM, protocol=PROTOCOL, model=model, given=4)
    for channel, name in enumerate(("voltage", "current", "temperature")):
        np.testing.assert_allclose(seen[0].drive[0, :4, channel], run.on_time(name)[:4], rtol=1e-6)
    assert done.run.dataset["given_potential"].shape == (4,)
    bare = Run(run.dataset.drop_vars(["voltage", "current", "temperature"]))
    opir.predict(bare, system=SYSTEM, protocol=PROTOCOL, model=model, given=4)
    assert np.isfinite(seen[1].drive[0, :4]).all()
    assert not np.allclose(seen[1].drive[0, :4, 0], seen[0].drive[0, :4, 0], atol=1e-4)
