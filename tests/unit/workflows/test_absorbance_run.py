"""Spectra as a run of absorbance: what is turned, noted, refused, and left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from opir.errors import ModelError, OptionError
from opir.run import Run, Spectrum
from opir.run.processing import Pipeline
from opir.workflows.absorbance_run import absorbance_run

AXIS = np.linspace(900.0, 1900.0, 201)
BAND = np.exp(-(((AXIS - 1400) / 20) ** 2))


def run_of(values: NDArray[np.float64], **more: str) -> Run:
    return Run.from_arrays(np.arange(len(values)) * 60.0, AXIS, values, **more)  # type: ignore[arg-type]


GROWING = np.linspace(1.0, 1.5, 4)[:, None] * BAND


def test_transmittance_becomes_absorbance_and_it_is_said() -> None:
    run, notes = absorbance_run(run_of(10**-GROWING, signal="transmittance"))
    assert run.signal == "absorbance"
    np.testing.assert_allclose(run.values, GROWING, atol=1e-9)
    assert any("transmittance" in note for note in notes)


def test_transmittance_in_percent_that_does_not_say_so_is_refused() -> None:
    with pytest.raises(OptionError, match="in the median"):
        absorbance_run(run_of(100 * 10**-GROWING, signal="transmittance"))


def test_bands_that_point_down_are_refused_in_neutral_words() -> None:
    with pytest.raises(ModelError, match="where absorbance is needed") as error:
        absorbance_run(run_of(-GROWING))
    assert "forecast" not in str(error.value)


def test_a_run_that_begins_with_an_empty_cell_is_no_absorbance_turned_round() -> None:
    empty = -0.01 * BAND
    run, notes = absorbance_run(run_of(empty + np.arange(4.0)[:, None] * BAND))
    assert notes == ()
    assert run.values[-1].max() > 2


def test_without_a_check_spectra_of_any_sign_pass() -> None:
    run, notes = absorbance_run(run_of(-GROWING), check=False)
    assert notes == ()
    np.testing.assert_array_equal(run.values, -GROWING)


def test_derivatives_are_refused() -> None:
    steps = Pipeline((("derivative", {"order": 2, "points": 9, "degree": 3}),))
    with pytest.raises(OptionError, match="derivative"):
        absorbance_run(steps(run_of(GROWING)))


def test_a_spectrum_is_a_run_of_one_frame() -> None:
    run, _ = absorbance_run(Spectrum.from_arrays(AXIS, BAND))
    assert run.values.shape == (1, AXIS.size)
