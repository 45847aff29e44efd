"""The real runs are what the studies take them for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from opir.bench.fermentation import fermentation_run, fermentation_study
from opir.bench.tga_ir import tga_ir_run, tga_ir_study
from opir.bench.time_blocks import segments


def test_fermentation_from_the_package_and_from_the_folder_agree(shared_real: Path) -> None:
    pytest.importorskip("chemotools")
    packed, analyses = fermentation_run()
    read, same = fermentation_run(shared_real / "infrared" / "fermentation")
    np.testing.assert_allclose(packed.values, read.values)
    np.testing.assert_allclose(packed.wavenumber, read.wavenumber)
    assert packed.time.size == 1629 - 3 - 24
    assert analyses.time.size == 34
    for name, values in analyses.concentration.items():
        np.testing.assert_allclose(values, same.concentration[name])


def test_fermentation_is_cut_as_the_design_says() -> None:
    pytest.importorskip("chemotools")
    run, _ = fermentation_run()
    study = fermentation_study(run)
    assert study.run.wavenumber.min() >= 950
    assert study.run.wavenumber.max() <= 1500
    roles = [item.role for item in segments(run.time.size, study.design)]
    assert roles.count("test") == roles.count("validation") == 4


def test_the_gas_of_the_tga_run_is_carbon_dioxide(shared_real: Path) -> None:
    """The strongest band lies where CO2 absorbs: the axis is not turned round."""
    run = tga_ir_run(shared_real / "infrared" / "omnic" / "tga_ir.srs")
    spectrum = run.values[250]
    assert 2280 < run.wavenumber[int(spectrum.argmax())] < 2390
    assert tga_ir_study(run).run.wavenumber.min() >= 2150
