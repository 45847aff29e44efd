"""Regions of an axis and bins of lead time: every point is in one, whichever way the axis runs."""

from __future__ import annotations

import numpy as np
import pytest

from opir.metrics.bands import MID_INFRARED
from opir.metrics.regions import (
    lead_bins,
    lead_labels,
    region_limits,
    region_names,
    region_of,
    regions,
)

AXIS = np.linspace(800, 1900, 200)


@pytest.mark.parametrize("axis", [AXIS, AXIS[::-1], np.linspace(2800, 3000, 40), np.ones(1) * 900])
def test_every_point_lies_in_one_region(axis: np.ndarray) -> None:
    names, index = regions(axis)
    assert set(index.tolist()) == set(range(len(names)))
    assert len(set(names)) == len(names)


def test_named_regions_are_those_of_the_mid_infrared() -> None:
    limits = region_limits(AXIS)
    assert [name.split(",")[0] for name in region_names(limits)] == [b.name for b in MID_INFRARED]
    for number, band in enumerate(MID_INFRARED):
        assert region_of(np.array([band.lower, band.upper - 1e-6]), limits).tolist() == [number] * 2


def test_other_axes_are_cut_into_six_of_equal_numbers_of_points() -> None:
    _, index = regions(np.linspace(2800, 3000, 60))
    assert np.bincount(index).tolist() == [10] * 6


def test_lead_times_fall_in_their_bins() -> None:
    labels = lead_labels()
    found = [labels[at] for at in lead_bins(np.array([60.0, 3600.0, 3599.0, 1e6]))]
    assert found == ["below 0.1 h", "1 to 3 h", "0.3 to 1 h", "above 30 h"]
