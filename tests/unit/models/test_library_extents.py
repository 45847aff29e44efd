"""True extents of simulated runs in training: what is told, what it is held against, what it does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from opir.chemistry import library  # noqa: E402
from opir.errors import AxisError  # noqa: E402
from opir.models import ForecastInputs, Windows  # noqa: E402
from opir.models.abcc.library_extents import extent_error, taught_extents  # noqa: E402
from opir.models.abcc.library_mode import AbccLibrary  # noqa: E402
from opir.models.abcc.tables import dilution_of  # noqa: E402
from opir.models.descriptor import DESCRIPTOR, describe  # noqa: E402
from opir.models.inputs import DRIVE, from_first, given_more  # noqa: E402
from opir.simulate import simulate  # noqa: E402
from opir.simulate.cell.build import build_cell  # noqa: E402
from opir.simulate.cell.variation import Draws, default_spreads  # noqa: E402
from opir.training import TrainingConfig  # noqa: E402
from opir.training.loop import train  # noqa: E402

LIBRARY = library()
AXIS = np.linspace(800.0, 1900.0, 96)
CELLS = ("lp30-graphite", "lp57-lithium")


@pytest.fixture(scope="module")
def cells() -> Windows:
    """Simulated runs of two systems with their true extents, as the light sees them."""
    runs, extents = [], []
    for seed, name in enumerate(CELLS * 4):
        made = simulate(name, "formation-c10", seed=seed, frames=12, wavenumber=AXIS)
        optics = LIBRARY.systems[name].optics
        shows = optics["area_per_volume"].value * optics["path_length"].value
        true = 1e3 * shows * (made.truth["extents"].values - made.truth["extents"].values[0])
        names = [str(reaction) for reaction in made.truth["reaction"].values]
        runs.append((name, made.run))
        extents.append(dict(zip(names, true.T, strict=True)))
    reactions = tuple(sorted({name for one in extents for name in one}))
    nothing = np.full(12, np.nan)
    values, clock = np.array([r.values for _, r in runs]), np.array([r.time for _, r in runs])
    drive = [np.stack([r.on_time(channel) for channel in DRIVE], axis=-1) for _, r in runs]
    inputs = ForecastInputs(
        values[:, :1], clock[:, :1], clock[:, 1:], runs[0][1].wavenumber, np.array(drive),
        [describe(LIBRARY.systems[name].system) for name, _ in runs],
    )  # fmt: skip
    known = [np.stack([one.get(name, nothing) for name in reactions], axis=1) for one in extents]
    return Windows(inputs, values[:, 1:], np.arange(len(values)), np.float32(known), reactions)


def test_windows_keep_extents_with_their_frames(cells: Windows) -> None:
    assert cells.extents is not None
    some = cells.rows([3, 1])
    np.testing.assert_array_equal(some.extents, cells.extents[[3, 1]])
    more = given_more(cells, 4)
    assert more.inputs.given.shape[1] == 5
    np.testing.assert_array_equal(more.extents, cells.extents)
    np.testing.assert_array_equal(from_first(more).extents, cells.extents)
    with pytest.raises(AxisError, match="extents"):
        replace(cells, extents=cells.extents[:, 1:])


def test_extents_are_told_in_units_of_the_usual_one(cells: Windows) -> None:
    assert cells.extents is not None
    names = ("ec-to-ledc", "no-such-reaction", "lipf6-dissociation")
    found, usual = taught_extents(cells, names)
    assert found.shape == (len(cells), 12, 3)
    assert np.isnan(found[:, :, 1]).all()
    at = cells.reactions.index("ec-to-ledc")
    runs = cells.extents[:, -1, at] > 0
    assert runs.any()
    np.testing.assert_allclose(
        found[runs, :, 0] * usual[0], cells.extents[runs][:, :, at], rtol=1e-5
    )
    assert np.sqrt(np.mean(found[runs, -1, 0] ** 2)) == pytest.approx(1.0, rel=1e-5)
    # where a reaction does not run, nothing is said of it
    idle = replace(cells, extents=np.where(np.arange(len(cells))[:, None, None] == 0, 0,
                                           cells.extents))  # fmt: skip
    assert np.isnan(taught_extents(idle, names)[0][0]).all()


@given(st.floats(0.2, 5.0), st.floats(1.0, 50.0))
def test_errors_are_of_logarithms_and_alike_on_both_sides(usual: float, factor: float) -> None:
    true = torch.tensor([[[1.0, float("nan")], [1.0, 2.0]]])
    sizes = np.array([usual, 1.0], np.float32)
    same = torch.nan_to_num(true, nan=7.0) * torch.as_tensor(sizes)
    assert float(extent_error(same.double(), true, sizes)) == pytest.approx(0, abs=1e-6)
    up = float(extent_error(same * factor, true, sizes))
    assert 0.8 * np.log(factor) - 1e-6 <= up <= np.log(factor) + 1e-6
    nothing = torch.full_like(true, float("nan"))
    assert float(extent_error(same, nothing, sizes)) == 0.0
    # next to nothing instead of what is usual is a large error, not the best of guesses
    assert float(extent_error(0 * same, true, sizes)) > 3


def test_who_is_told_learns_which_reactions_run(cells: Windows) -> None:
    torch.set_num_threads(1)
    config = TrainingConfig(
        steps=200, batch=8, learning_rate=1e-2, weight_decay=0.0, average=0.9, device="cpu"
    )
    off = []
    for weight in (0.5, 0.0):
        model = AbccLibrary(width=32, shared=16, extent_weight=weight)
        train(model, cells, config=config)
        names = model.tables.reactions.reactions
        true, usual = taught_extents(cells, names)
        found = model.forecast(cells.inputs).extents
        assert found is not None
        off.append(float(extent_error(torch.tensor(found), torch.tensor(true[:, 1:]), usual)))
    assert off[0] < 0.5 * off[1]
    # spectra alone: a run that nobody knows the extents of is learned from all the same
    untold = replace(cells, extents=None, reactions=())
    assert AbccLibrary().taught(untold) == {}


def test_laws_are_pooled_where_extents_are_told_and_nowhere_else(
    cells: Windows, tmp_path: Path
) -> None:
    """From spectra alone the residual would take the bands of what pooled laws do not make."""
    config = TrainingConfig(steps=1, batch=8, device="cpu")
    untold = replace(cells, extents=None, reactions=())
    for data, told in ((cells, True), (untold, False)):
        log = tmp_path / f"{told}.jsonl"
        train(AbccLibrary(width=16, shared=8), data, config=config, log=log)
        terms = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
        assert ("pooling" in terms) is ("extents" in terms) is told


def test_dilution_is_that_of_the_cells_of_the_library() -> None:
    for model in LIBRARY.systems.values():
        cell = build_cell(
            model, LIBRARY, Draws(np.random.default_rng(0), default_spreads().scaled(0.0))
        )
        optics = {name: value.value for name, value in model.optics.items()}
        true = optics["liquid_fraction"] / cell.height / optics["area_per_volume"]
        row = torch.tensor(describe(model.system))[None]
        assert float(dilution_of(row)) == pytest.approx(true, rel=0.4)
    unknown = torch.zeros(1, len(DESCRIPTOR))
    assert float(dilution_of(unknown)) == pytest.approx(0.2)
