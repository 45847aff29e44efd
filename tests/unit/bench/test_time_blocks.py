"""Windows in blocks of time: nothing of a test window is in a training window."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opir.bench.amounts import calibrate
from opir.bench.fermentation import ReferenceAnalysis
from opir.bench.operator import linear_operator
from opir.bench.study import Study, run_study
from opir.bench.table import csv_table, text_table
from opir.bench.time_blocks import (
    ROLES,
    BlockDesign,
    all_roles,
    co_add,
    join,
    segments,
    windows_of,
)
from opir.errors import AxisError, OptionError
from opir.models import MeanTrajectory, Persistence
from opir.run import Run
from opir.run.processing import Pipeline
from opir.training import TrainingConfig

AXIS = np.linspace(1000.0, 1100.0, 21)


def run_of(count: int) -> Run:
    """A simulated run whose spectra hold their own number."""
    numbers = np.arange(float(count))
    return Run.from_arrays(
        numbers * 10.0,
        AXIS,
        np.repeat(numbers[:, None], AXIS.size, axis=1),
        voltage=np.linspace(0, 1, count),
        origin="simulated",
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(90, 200),
    st.integers(5, 9),
    st.integers(2, 4),
    st.integers(1, 2),
    st.integers(0, 6),
)
def test_no_spectrum_is_in_windows_of_two_roles(
    count: int, blocks: int, frames: int, co_added: int, rotation: int
) -> None:
    design = BlockDesign(blocks, rotation=rotation, frames=frames, co_added=co_added)
    used: dict[str, set[int]] = {role: set() for role in ROLES}
    for segment in segments(count, design):
        for start in range(segment.start, segment.stop - design.span + 1):
            used[segment.role] |= set(range(start, start + design.span))
    for one, other in combinations(ROLES, 2):
        assert not used[one] & used[other]
    edges = segments(count, design)
    assert edges[0].start == 0
    assert edges[-1].stop == count
    assert all(a.stop == b.start for a, b in pairwise(edges))


def test_rotations_make_every_block_a_test_block_once() -> None:
    tested: list[int] = []
    for rotation in range(5):
        design = BlockDesign(20, rotation=rotation, frames=4, co_added=1)
        for item in segments(200, design):
            if item.role == "test":
                tested += range(item.start, item.stop)
    assert sorted(tested) == list(range(200))


def test_windows_hold_the_right_spectra_times_and_voltages() -> None:
    design = BlockDesign(5, frames=3, co_added=2)
    found = windows_of(run_of(50), "validation", design)
    assert len(found) == 5
    first = found.inputs
    np.testing.assert_allclose(first.given[0, 0], 10.5)
    np.testing.assert_allclose(found.target[0, :, 0], [12.5, 14.5])
    np.testing.assert_allclose(first.times[0], [20.0, 40.0])
    np.testing.assert_allclose(first.drive[0, :, 0], np.array([10.5, 12.5, 14.5]) / 49)
    assert np.isnan(first.drive[0, :, 1]).all()


def test_odd_designs_are_refused() -> None:
    with pytest.raises(OptionError, match="shorter than a window"):
        segments(50, BlockDesign(10, frames=6, co_added=1))
    with pytest.raises(OptionError, match="roles"):
        BlockDesign(cycle=("train", "exam"))
    with pytest.raises(OptionError, match="no block has the role"):
        windows_of(run_of(50), "test", BlockDesign(5, cycle=("train",), frames=3))
    with pytest.raises(OptionError, match="no windows"):
        join([])


def test_joined_windows_keep_their_blocks_apart() -> None:
    part = windows_of(run_of(50), "train", BlockDesign(5, frames=3))
    both = join([part, part])
    assert len(both) == 2 * len(part)
    assert set(both.block[: len(part)]).isdisjoint(both.block[len(part) :])


def test_co_adding_is_averaging() -> None:
    np.testing.assert_allclose(co_add(np.arange(7.0)[:, None], 3), [[1.0], [4.0]])


def test_linear_operator_is_the_processing() -> None:
    steps = Pipeline(
        (("derivative", {"order": 2, "points": 7}), ("cut", {"low": 1020, "high": 1080}))
    )
    matrix = linear_operator(steps, AXIS)
    spectrum = np.sin(AXIS / 9)
    run = Run.from_arrays([0.0], AXIS, spectrum[None])
    np.testing.assert_allclose(matrix @ spectrum, steps(run).values[0], atol=1e-12)
    with pytest.raises(OptionError, match="not linear"):
        linear_operator(Pipeline((("normalise", {}),)), AXIS)


def test_a_study_scores_persistence_by_the_change_itself() -> None:
    study = Study(
        "steady rise",
        run_of(100),
        BlockDesign(10, frames=4, co_added=1),
        lambda: {m.name: m for m in (Persistence(), MeanTrajectory())},
        TrainingConfig(),
    )
    result = run_study(study, rotations=5)
    assert len(np.unique(result.block)) == 10
    np.testing.assert_allclose(result.mae["persistence"], 2.0)
    np.testing.assert_allclose(result.mae["mean-trajectory"], 0.0, atol=1e-9)
    row = result.rows[1]
    assert row.mae_below_persistence.value == pytest.approx(1.0)
    assert result.best_baseline == "mean-trajectory"
    assert len(result.first_rotation.block) == len(result.windows["test"])
    assert result.models["persistence"].recipe["drive"] == ["voltage"]
    spans, errors = result.by_block()
    np.testing.assert_allclose(spans[:, 0], np.arange(0, 1000, 100))
    np.testing.assert_allclose(spans[:, 1] - spans[:, 0], 90)
    np.testing.assert_allclose(errors["persistence"], 2.0)


def test_tables_hold_every_forecaster() -> None:
    study = Study(
        "steady rise",
        run_of(100),
        BlockDesign(10, frames=4, co_added=1),
        lambda: {"persistence": Persistence(), "abcc": MeanTrajectory()},
        TrainingConfig(),
    )
    result = run_study(study)
    text = text_table(result)
    assert "held-out blocks of time" in text
    assert "+100.0%" in text
    lines = csv_table(result).splitlines()
    assert [line.split(",")[0] for line in lines] == ["forecaster", "persistence", "abcc"]
    assert all(line.count(",") == 18 for line in lines)


def test_all_roles_are_disjoint_in_values() -> None:
    found = all_roles(run_of(100), BlockDesign(10, frames=4, co_added=1))
    train = set(np.unique(found["train"].inputs.given))
    assert not train & set(np.unique(found["test"].target))


def test_calibration_is_exact_for_amounts_that_are_concentrations() -> None:
    run = run_of(100)
    design = BlockDesign(10, frames=4, co_added=1)
    amounts = np.stack([run.time / 100, np.sin(run.time / 200)], axis=1)
    at = np.arange(0, 100, 7)
    reference = ReferenceAnalysis(run.time[at], {"x": 3 + amounts[at] @ [2.0, -1.0]})
    found = calibrate(amounts, run, reference, "x", segments(100, design), half_width=1.0)
    assert found.r2_held_out == pytest.approx(1.0)
    assert found.r2_leave_one_out == pytest.approx(1.0)
    assert found.rmse_held_out < 1e-9
    assert 0 < found.held_out.sum() < at.size
    with pytest.raises(AxisError, match="no 'y'"):
        calibrate(amounts, run, reference, "y", segments(100, design))
