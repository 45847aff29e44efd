"""ABCC in library mode: what holds whatever its weights, what it sees, and that it learns."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.errors import AxisError, FormatError, ModelError, OptionError, UnknownNameError  # noqa: E402
from opir.metrics import irreversibility, mass_balance  # noqa: E402
from opir.models import ForecastInputs, Persistence, Windows, load_model  # noqa: E402
from opir.models.abcc.drive_between import potential_course  # noqa: E402
from opir.models.abcc.library_doubt import DOUBTS, chosen_doubt  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.models.abcc.protocol_features import protocol_features  # noqa: E402
from opir.models.abcc.tables import ChemistryTables, working_current, working_potential  # noqa: E402
from opir.models.descriptor import DESCRIPTOR, describe  # noqa: E402
from opir.models.inputs import DRIVE, from_first, given_more  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train  # noqa: E402

AXIS = np.linspace(800.0, 1900.0, 128)
CELLS = ("lp30-graphite", "lp57-lithium", "napf6-carbonate-hard-carbon", "lp57-graphite-nmc622")
LIBRARY = library()


@cache
def cells() -> Windows:
    """Simulated runs of four systems, with noise; the first frame is given."""
    frames, times, drive, described = [], [], [], []
    for seed, name in enumerate(CELLS * 3):
        run = simulate(name, "formation-c10", seed=seed, frames=12, wavenumber=AXIS).run
        frames.append(run.values)
        times.append(run.time)
        drive.append(
            np.stack([np.asarray(run.dataset[channel].values) for channel in DRIVE], axis=-1)
        )
        described.append(describe(LIBRARY.systems[name].system))
    values, clock = np.array(frames), np.array(times)
    inputs = ForecastInputs(
        values[:, :1], clock[:, :1], clock[:, 1:], run.wavenumber, np.array(drive), described
    )
    return Windows(inputs, values[:, 1:], np.arange(len(values)))


@cache
def drawn(seed: int = 0, size: float = 0.0) -> AbccLibrary:
    """A model that was begun, with all of its weights drawn from a normal distribution."""
    torch.set_num_threads(1)
    model = AbccLibrary(width=24, shared=8)
    model.begin(cells(), seed=0)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for item in model.module.parameters():
            item.add_(size * torch.randn(item.shape, generator=generator))
    return model


@cache
def taught() -> AbccLibrary:
    torch.set_num_threads(1)
    model = AbccLibrary(width=48, shared=16)
    config = TrainingConfig(
        steps=200, batch=12, learning_rate=1e-2, weight_decay=0.0, average=0.9, device="cpu"
    )
    train(model, cells(), config=config)
    return model


ELEMENTS = sorted({e for name in drawn().tables.reactions.species
                   for e in LIBRARY.species[name].elements})  # fmt: skip


def atoms(model: AbccLibrary) -> np.ndarray:
    species = [LIBRARY.species[name] for name in model.tables.reactions.species]
    return np.array([[one.elements.get(element, 0) for one in species] for element in ELEMENTS])


@given(
    st.integers(0, 3),
    st.sampled_from([0.02, 0.3, 2.0]),
    st.sampled_from([1e-4, 1.0, 30.0]),
    st.sampled_from(["as it is", "no voltage", "no current", "nothing", "huge current"]),
    st.sampled_from([1.0, 0.35, 0.0]),
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_weights(
    seed: int, size: float, scale: float, felt: str, trust: float
) -> None:
    """Streams add up, extents never fall, amounts are never negative, atoms are kept."""
    model = drawn(seed, size)
    model.trust = trust
    data = cells().inputs
    drive = data.drive.copy()
    if felt == "nothing":
        drive[:] = np.nan
    elif felt.startswith("no "):
        drive[..., DRIVE.index(felt[3:])] = np.nan
    elif felt == "huge current":
        drive[..., 1] *= 1e6
    found = model.forecast(replace(data, given=scale * data.given, drive=drive))
    model.trust = 1.0
    np.testing.assert_allclose(
        sum(found.streams.values()), found.spectra, atol=1e-5 * np.abs(found.spectra).max()
    )
    assert found.extents is not None
    assert found.amounts is not None
    assert (found.extents >= 0).all()
    assert (irreversibility(np.moveaxis(found.extents, 1, 2)).size == 0).all()
    assert (found.amounts >= 0).all()
    residual = mass_balance(found.amounts, atoms(model))
    assert np.nan_to_num(residual).max() < 1e-6


def test_it_learns_one_batch_and_is_the_same_from_a_file(tmp_path: Path) -> None:
    data, model = cells(), taught()
    found = model.forecast(data.inputs)
    error = np.abs(found.spectra - data.target).mean()
    assert error < 0.35 * np.abs(Persistence().forecast(data.inputs).spectra - data.target).mean()
    again = load_model(model.save(tmp_path / "model.safetensors"))
    assert isinstance(again, AbccLibrary)
    np.testing.assert_array_equal(again.forecast(data.inputs).spectra, found.spectra)
    # Nothing but the given frame, the drive from there and the descriptor is seen: rows in
    # another order, one at a time, with another origin of time.
    one = data.inputs.rows([5])
    moved = replace(one, given_times=one.given_times + 1e6, times=one.times + 1e6)
    np.testing.assert_allclose(model.forecast(moved).spectra[0], found.spectra[5], atol=2e-5)


def test_a_look_is_the_forecast_whatever_was_looked_at_before() -> None:
    model, data = drawn(1, 0.3), cells().inputs
    some = data.rows([2, 7])
    for inputs in (data, data, some, data):
        looked, found = model.look(inputs), model.forecast(replace(inputs))
        np.testing.assert_array_equal(looked.spectra, found.spectra)


def test_more_frames_change_nothing_at_the_others() -> None:
    """The drive between frames is a straight line, so a frame more on it tells nothing new."""
    model, data = taught(), cells().inputs
    whole = np.concatenate([data.given_times, data.times], axis=1)
    between = (whole[:, 1:] + whole[:, :-1]) / 2
    finer = np.sort(np.concatenate([data.times, between], axis=1), axis=1)
    grid = np.concatenate([data.given_times, finer], axis=1)
    drive = np.stack(
        [
            [np.interp(grid[row], whole[row], data.drive[row, :, at]) for at in range(3)]
            for row in range(len(data))
        ]
    ).swapaxes(1, 2)
    few = model.forecast(data)
    many = model.forecast(replace(data, times=finer, drive=drive))
    change = np.abs(many.spectra[:, 1::2] - few.spectra)
    noise = 4e-4  # of a frame, about
    assert change.mean() < 0.01 * noise


def test_what_forms_needs_what_is_there() -> None:
    """No sodium salts in a lithium cell, nothing of carbon without a solvent or anion of carbon."""
    model = drawn(1, 0.3)
    found = model.forecast(cells().inputs)
    species = [LIBRARY.species[name] for name in found.components]
    assert found.amounts is not None
    gained = (found.amounts[:, -1] - found.amounts[:, 0]).max(axis=0)
    lithium = np.array([name != "napf6-carbonate-hard-carbon" for name in CELLS * 3])
    for row, one in enumerate(species):
        made = found.amounts[:, -1, row] - found.amounts[:, 0, row]
        if "Na" in one.elements:
            assert made[lithium].max() <= 1e-12
        if "Li" in one.elements and one.name != "Li+":
            assert made[~lithium].max() <= 1e-12
    assert gained.max() > 0


def test_systems_that_are_not_described_are_refused() -> None:
    data = cells()
    bare = replace(data.inputs, descriptor=np.zeros((len(data), 0)))
    with pytest.raises(ModelError, match="described by 0 numbers.*learned"):
        AbccLibrary().begin(Windows(bare, data.target, data.block), seed=0)
    with pytest.raises(ModelError, match="described by 0 numbers"):
        drawn().forecast(bare)
    with pytest.raises(ModelError, match="not fitted"):
        AbccLibrary().forecast(data.inputs)


def test_axes_that_are_refused() -> None:
    data = cells().inputs
    with pytest.raises(ModelError, match="trained on 800 to 1900 cm-1, and nothing is known"):
        drawn().forecast(replace(data, wavenumber=data.wavenumber + 5))
    narrow = data.wavenumber < 1100
    with pytest.raises(ModelError, match="at least 40% of that are needed"):
        drawn().forecast(
            replace(data, wavenumber=data.wavenumber[narrow], given=data.given[..., narrow])
        )
    with pytest.raises(ModelError, match="17.3 cm-1 apart"):
        drawn().forecast(replace(data, wavenumber=data.wavenumber[::2], given=data.given[..., ::2]))


def smooth(axis: np.ndarray) -> ForecastInputs:
    """The cells, with their spectra as they are on another axis, without noise."""
    data = cells().inputs
    given = np.stack(
        [
            simulate(
                name, "formation-c10", vary=False, instrument=None, frames=2, wavenumber=axis
            ).run.values[:1]
            for name in CELLS * 3
        ]
    )
    return replace(data, given=given, wavenumber=axis)


@cache
def usual() -> ForecastInputs:
    return smooth(AXIS)


@pytest.mark.parametrize(
    ("axis", "part"),
    [
        (AXIS[::-1], 0.01),
        (np.linspace(800.0, 1900.0, 700), 0.05),
        (np.linspace(820.0, 1890.0, 300), 0.05),
        # Without the salt's strongest band, which the library completes from its others.
        (np.linspace(950.0, 1900.0, 200), 0.35),
    ],
    ids=["falling", "finer", "narrower", "begins later"],
)
def test_on_another_axis_the_forecast_is_the_same(axis: np.ndarray, part: float) -> None:
    model, inputs = taught(), smooth(axis)
    found, here = model.forecast(inputs), model.forecast(usual())
    order = np.argsort(axis)
    known = (axis.min() <= AXIS) & (axis.max() >= AXIS)
    there = np.stack(
        [
            [np.interp(AXIS[known], axis[order], frame[order]) for frame in frames]
            for frames in found.spectra - inputs.given
        ]
    )
    wanted = (here.spectra - usual().given)[..., known]
    assert np.abs(there - wanted).mean() < part * np.abs(wanted).mean()
    np.testing.assert_allclose(
        sum(found.streams.values()), found.spectra, atol=1e-5 * np.abs(found.spectra).max()
    )


def test_frames_more_narrow_what_may_come() -> None:
    """By construction, whatever the weights; and samples are whole trajectories about it."""
    model, spreads = drawn(2, 0.2), []
    for count in (1, 2, 5):
        inputs = given_more(cells(), count - 1).inputs
        start = model._start(inputs, None, {})
        spreads.append(start.spread)
        assert model.forecast(inputs).spectra.shape[1] == inputs.frames
    assert (spreads[0] == 1).all()
    assert (spreads[1] < spreads[0]).all()
    assert (spreads[2] < spreads[1]).all()
    inputs = given_more(cells(), 1).inputs
    samples = model.sample(inputs, 64, seed=3)
    assert samples.shape == (64, len(inputs), inputs.frames, AXIS.size)
    np.testing.assert_array_equal(samples[:4], model.sample(inputs, 4, seed=3)[:4])
    assert samples.std(axis=0).mean() > 0
    with pytest.raises(OptionError, match="0 samples"):
        model.sample(inputs, 0, seed=0)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_samples_are_drawn_so_far_apart_that_they_hold_what_is_observed(seed: int) -> None:
    """Observed spectra that samples of a known doubt made: that doubt, or its neighbour."""
    model, torch_seed = drawn(seed, 0.2), torch.Generator().manual_seed(5)
    rows = np.tile(np.arange(12), 8)
    start = model._start(cells().inputs.rows(rows), None, {})
    frames = torch.arange(0, 11, 2)
    told = start.told.at(frames)
    for true in (1.0, 3.0):
        noise = torch.randn(told.latent.shape, generator=torch_seed)
        latent = told.latent + model.module.drawn_apart(start, true) * noise
        with torch.no_grad():
            nothing = torch.zeros(len(rows), len(frames), AXIS.size)
            beyond = model.module.beyond(replace(told, latent=latent), nothing)[0]
        observed = start.base[:, None] - beyond
        found = DOUBTS.index(chosen_doubt(model.module, start, frames, observed))
        assert abs(found - DOUBTS.index(true)) <= 1


def test_frames_given_and_not_given_any_more() -> None:
    data = cells()
    back = from_first(given_more(data, 4))
    np.testing.assert_array_equal(back.target, data.target)
    np.testing.assert_array_equal(back.inputs.times, data.inputs.times)
    with pytest.raises(AxisError, match="11 of 11 frames"):
        given_more(data, 11)


@pytest.mark.parametrize("part", ["irreversible", "reversible", "residual"])
def test_a_part_left_out(part: str) -> None:
    """What it is worth can be seen; the others stay as they are."""
    whole, less = drawn(1, 0.3), AbccLibrary(width=24, shared=8, without=part)
    less.begin(cells(), seed=0)
    less.module.load_state_dict(whole.module.state_dict())
    one, other = whole.forecast(cells().inputs), less.forecast(cells().inputs)
    gone = {"irreversible": "sei", "residual": "residual"}.get(part)
    if gone:
        assert np.abs(one.streams[gone]).max() > 0
        assert np.abs(other.streams[gone]).max() == 0
    else:
        assert np.abs(one.streams["solvent"] - other.streams["solvent"]).max() > 0
    for name in {"sei", "residual"} - {gone}:
        np.testing.assert_array_equal(other.streams[name], one.streams[name])
    with pytest.raises(UnknownNameError, match="reversible"):
        AbccLibrary(without="reversibel").begin(cells(), seed=0)


def test_what_is_given_first_is_where_it_starts() -> None:
    """Frames more do not move the beginning: extents count from the first, and never fall."""
    model = drawn(1, 0.3)
    inputs = given_more(cells(), 3).inputs
    found = model.forecast(inputs)
    assert found.extents is not None
    assert (found.extents[:, 0] > 0).any()
    assert (np.diff(found.extents, axis=1) >= 0).all()


def test_no_band_on_the_axis() -> None:
    with pytest.raises(ModelError, match="no species of the library has a band between 5000"):
        ChemistryTables.of(LIBRARY, np.linspace(5000.0, 6000.0, 32))


def test_what_only_tells_systems_apart_is_not_carried_beyond_training() -> None:
    data = cells().inputs
    temperature, carbonate = (
        DESCRIPTOR.index(name) for name in ("temperature [K]", "carbonate [mol/L]")
    )
    described = np.array(data.descriptor, dtype=np.float64)
    described[::2, temperature] += 20.0  # training has more than one
    model = AbccLibrary(width=24, shared=8)
    model.begin(replace(cells(), inputs=replace(data, descriptor=described)), seed=0)

    def context(column: int, beyond: float) -> np.ndarray:
        moved = described.copy()
        moved[:, column] = described[:, column].max() + beyond
        some = replace(data, descriptor=moved)
        batch = {name: torch.as_tensor(values) for name, values in model.prepare(some).items()}
        batch["descriptor"] = torch.as_tensor(moved, dtype=torch.float32)
        given = torch.as_tensor(data.given[:, :1], dtype=torch.float32)
        found: np.ndarray = model.module.told(batch, given)[0].context.numpy()
        return found

    np.testing.assert_array_equal(context(carbonate, 0.0), context(carbonate, 5.0))
    assert (context(temperature, 5.0) > context(temperature, 0.0)).any(axis=1).all()


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"reactions": []}, "chemistry library"), ({"law": 1}, "law"), ({"law": None}, "law")],
)
def test_a_file_of_another_chemistry_or_law_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], what: str
) -> None:
    """Weights of another law have the same shapes, and would forecast something else."""
    model = drawn()
    config, arrays = model.state()
    config |= changed
    monkeypatch.setattr(AbccLibrary, "state", lambda self: (config, arrays))
    path = model.save(tmp_path / "model.safetensors")
    with pytest.raises((ModelError, FormatError), match=f"another {what}"):
        load_model(path)


def test_features_that_grow_and_those_that_come_back() -> None:
    times = torch.linspace(0, 4e5, 81, dtype=torch.float64)[None]
    loop = torch.where(times < 1e5, torch.sin(times / 1e5 * 2 * torch.pi), 0.0)
    drive = torch.stack([1.0 + 0.9 * loop, 1e-3 * loop, 300 + 5 * loop], dim=-1)
    found = protocol_features(times, drive)
    assert (found.growing[:, 0] == 0).all()
    assert (found.growing.diff(dim=1) >= 0).all()
    # What relaxes within 1e5 s is back after three of these; all else at once.
    kept = found.state[:, -1] - found.state[:, 0]
    assert kept.abs().max() < 0.06 * (found.state - found.state[:, :1]).abs().max()
    none = protocol_features(times, torch.full_like(drive, torch.nan))
    assert torch.isfinite(none.growing).all()
    assert torch.isnan(none.state[..., 0]).all()


def test_the_potential_of_the_electrode_in_half_and_full_cells() -> None:
    described = np.array([describe(LIBRARY.systems[name].system) for name in CELLS])
    voltage = np.tile([0.1, 1.0, 4.2], (len(CELLS), 1))
    found = working_potential(voltage, described)
    full = CELLS.index("lp57-graphite-nmc622")
    assert found[:full] == pytest.approx(voltage[:full])
    assert -0.2 < found[full, 2] < 0.4
    assert found[full, 0] > 3.0
    with pytest.raises(ModelError, match="described by 3"):
        working_potential(voltage, np.zeros((len(CELLS), 3)))
    assert len(DESCRIPTOR) == described.shape[1]


def test_a_current_is_relative_to_the_capacity_of_the_working_electrode() -> None:
    """At a rate of 1C every electrode that is filled has the same current, whatever it holds."""
    for name, sign in (("lp57-graphite", 1), ("fec-silicon", 1), ("lp57-graphite-nmc622", -1)):
        system = LIBRARY.systems[name].system
        electrode = system.working_electrode
        assert electrode is not None
        specific = LIBRARY.find_electrode(electrode.material).parameters["specific_capacity"].value
        hourly = specific * (electrode.mass or 0.0)
        found = working_current(np.array([[hourly, -2 * hourly]]), describe(system)[None])
        assert found[0] == pytest.approx([sign * 3.6e-3, -2 * sign * 3.6e-3]), name
    unknown = np.zeros((1, len(DESCRIPTOR)))
    found = working_current(np.array([[0.01, np.nan]]), unknown)[0]
    assert found == pytest.approx([0.01 * 3.6 / 2.0, np.nan], nan_ok=True)


def test_a_cell_of_another_size_under_as_much_more_current_has_the_same_forecast() -> None:
    data, factor = cells().inputs, 5.0
    described = np.array(data.descriptor, dtype=np.float64)
    for side in ("working", "counter"):
        described[:, DESCRIPTOR.index(f"{side} electrode: log10 of capacity [A h]")] += np.log10(
            factor
        )
    model = drawn(3, 0.3)
    found = model.forecast(data)
    larger = replace(data, descriptor=described, drive=data.drive * [1.0, factor, 1.0])
    np.testing.assert_allclose(model.forecast(larger).spectra, found.spectra, atol=1e-5)
    other = model.forecast(replace(data, descriptor=described)).spectra
    assert np.abs(other - found.spectra).max() > 1e-3


@pytest.mark.parametrize("name", ["lp57-graphite-nmc622", "lp57-vc-graphite-nmc811"])
def test_in_a_full_cell_the_counter_electrode_is_followed_as_charge_leaves_it(name: str) -> None:
    """Against the true potential of a simulated cell with constants of its own."""
    made = simulate(name, "formation-c10", seed=5, frames=400, wavenumber=[1000.0, 1001.0])
    drive = np.stack([np.asarray(made.run.dataset[c].values) for c in DRIVE], axis=-1)[None]
    described = describe(LIBRARY.systems[name].system)[None]
    truth = made.truth["potential"].values
    followed = potential_course(made.run.time[None], drive, described)[0]
    assert abs(followed[0] - truth[0]) < 0.02
    assert np.abs(followed - truth).mean() < 0.1
    blind = np.where([True, False, True], drive, np.nan)
    still = potential_course(made.run.time[None], blind, described)[0]
    assert np.abs(still - truth).mean() > 0.2
    assert np.isfinite(still).all()
