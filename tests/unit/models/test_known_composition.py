"""What is known of an electrolyte's composition, beside what its spectrum shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")

from opir.chemistry import concentrations, library
from opir.errors import AxisError
from opir.models.abcc.composition import evanescent_path, explain
from opir.models.abcc.known_composition import composition_rows
from opir.models.abcc.reference import ReferenceSpectra
from opir.models.abcc.tables import ChemistryTables
from opir.models.descriptor import DESCRIPTOR, describe
from opir.simulate import simulate

KNOWN = library()
LIQUIDS = tuple(
    name
    for name, item in KNOWN.species.items()
    if item.environments and item.charge <= 0 and item.phase in ("liquid", "dissolved")
)
AXIS = np.linspace(800.0, 1900.0, 256)
VC = "lp57-vc-graphite-nmc811"


def amounts_of(name: str) -> np.ndarray:
    found = concentrations(KNOWN.systems[name].system, KNOWN)
    return np.array([found.get(one, 0.0) for one in LIQUIDS])


@pytest.mark.parametrize("name", KNOWN.systems)
def test_sums_are_zero_for_the_electrolyte_that_is_described(name: str) -> None:
    """Whatever the path; and not for one that has twice of a component, or of its salt."""
    rows = composition_rows(describe(KNOWN.systems[name].system)[None], LIQUIDS, KNOWN)[0]
    amounts = amounts_of(name)
    share = amounts / amounts.sum()
    assert np.abs(rows @ share).max() < 1e-9
    assert np.abs(rows).max() <= 1.0 + 1e-12
    for at in np.flatnonzero(amounts):
        other = share.copy()
        other[at] *= 2
        assert np.abs(rows @ other).max() > 0.2 * share[at] * (1 - share[at])


def test_what_is_not_described_is_not_known() -> None:
    nothing = describe(KNOWN.systems[VC].system)[None]
    nothing[:, : DESCRIPTOR.index("cations [mol/L]") + 1] = 0.0
    assert not composition_rows(nothing, LIQUIDS, KNOWN).any()
    rows = composition_rows(describe(KNOWN.systems[VC].system)[None], ("EC", "H2O"), KNOWN)
    assert not rows[..., 1].any()
    assert rows[..., 0].any()


def test_an_additive_that_hides_under_a_solvent_is_found() -> None:
    """Two per cent of VC, whose band of the carbonyl EC covers: 0.28 mol/L among 4.2 of EC."""
    system = KNOWN.systems[VC].system
    run = simulate(system, protocol="formation-c10", frames=2, wavenumber=AXIS, seed=3).run
    tables = ChemistryTables.of(KNOWN, AXIS)
    said = tables.read(run.values[:1].astype(np.float64), describe(system)[None])
    species = list(tables.reactions.species)
    found = {name: said.initial[0, species.index(name)] for name in ("EC", "VC", "FEC", "PC")}
    assert found["VC"] / found["EC"] == pytest.approx(
        amounts_of(VC)[LIQUIDS.index("VC")] / amounts_of(VC)[LIQUIDS.index("EC")], rel=0.5
    )
    assert found["FEC"] < 0.01 * found["EC"]
    assert found["PC"] < 0.03 * found["EC"]


@given(share=st.floats(0.02, 0.98), path=st.floats(0.2, 5.0))
@settings(max_examples=20, deadline=None)
def test_the_spectrum_still_decides_what_the_sums_leave_open(share: float, path: float) -> None:
    """2 EMC count as DMC and DEC in every sum; their spectra differ."""
    reference = ReferenceSpectra.of(KNOWN, AXIS, "Li", ("DMC", "DEC", "EMC"))
    light = evanescent_path(AXIS)
    free = [reference.populations.index((name, "free")) for name in ("DMC", "DEC", "EMC")]
    amounts = path * np.array([share, share, 2 * (1 - share)])
    spectrum = (amounts @ reference.molar[free]) * light
    order = [reference.species.index(name) for name in ("DMC", "DEC", "EMC")]
    as_much = np.zeros((1, 1, len(reference.species)))
    as_much[0, 0, order] = [1.0, -1.0, 0.0]
    found = explain(spectrum[None], reference, path=light, known=as_much)
    total = (found.amounts @ reference.belongs)[0]
    np.testing.assert_allclose(total[order] / path, amounts / path, atol=0.05)


def test_sums_that_do_not_fit_are_refused() -> None:
    reference = ReferenceSpectra.of(KNOWN, AXIS, "Li", ("EC", "DMC"))
    with pytest.raises(AxisError, match="known has shape"):
        explain(np.ones((2, AXIS.size)), reference, known=np.zeros((2, 1, 3)))


def test_reading_does_not_depend_on_the_other_spectra() -> None:
    """Side by side or alone: the same amounts."""
    system = KNOWN.systems[VC].system
    runs = [
        simulate(system, protocol="formation-c10", frames=2, wavenumber=AXIS, seed=seed).run
        for seed in (1, 2)
    ]
    spectra = np.array([run.values[0] for run in runs], dtype=np.float64)
    known = np.tile(describe(system), (2, 1))
    tables = ChemistryTables.of(KNOWN, AXIS)
    both = tables.read(spectra, known)
    for at in range(2):
        alone = tables.read(spectra[at : at + 1], known[at : at + 1])
        np.testing.assert_allclose(alone.amounts[0], both.amounts[at], rtol=1e-6, atol=1e-9)
        assert alone.unexplained[0] == pytest.approx(both.unexplained[at], rel=1e-6)


def test_a_spectrum_of_another_electrolyte_is_read_by_itself() -> None:
    """Ether described, carbonates shown: as if nothing were described."""
    run = simulate("lp57-lithium", protocol="rest 10 min", frames=2, wavenumber=AXIS, seed=4).run
    spectra = run.values[:1].astype(np.float64)
    tables = ChemistryTables.of(KNOWN, AXIS)
    wrong = describe(KNOWN.systems["litfsi-dme-lithium"].system)[None]
    nothing = wrong.copy()
    nothing[:, : DESCRIPTOR.index("cations [mol/L]") + 1] = 0.0
    found, alone = tables.read(spectra, wrong), tables.read(spectra, nothing)
    np.testing.assert_allclose(found.amounts, alone.amounts, rtol=1e-9)
    right = tables.read(spectra, describe(KNOWN.systems["lp57-lithium"].system)[None])
    assert right.unexplained[0] < 1.2 * alone.unexplained[0]
