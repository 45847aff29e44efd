"""What a static spectrum is made of: exact mixtures, simulated cells, and what is not there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from opir.chemistry import concentrations, library
from opir.errors import AxisError, OptionError, UnknownNameError, ValueRangeError
from opir.models.abcc.composition import _nonnegative, evanescent_path, explain
from opir.models.abcc.reference import ReferenceSpectra
from opir.simulate import simulate

AXIS = np.linspace(800.0, 1900.0, 512)
ELECTROLYTES = ("EC", "PC", "DMC", "EMC", "DEC", "FEC", "VC", "DME", "G2", "PF6-", "TFSI-", "BOB-")
LIBRARY = library()


def reference(axis: np.ndarray = AXIS, cation: str = "Li") -> ReferenceSpectra:
    return ReferenceSpectra.of(LIBRARY, axis, cation, ELECTROLYTES)


def test_a_form_that_is_not_tabulated_in_full_keeps_the_bands_that_do_not_move() -> None:
    found = reference()
    free, bound = (found.populations.index(("EC", name)) for name in ("free", "Li_coordinated"))
    assert (found.bound[free], found.bound[bound]) == (False, True)
    # The band at 1389 cm-1 has no counterpart among the coordinated ones.
    at = int(np.abs(AXIS - 1389).argmin())
    assert found.molar[bound, at] > 0.5 * found.molar[free, at]
    assert ("EC", "Na_coordinated") in reference(cation="Na").populations


def test_the_slope_is_the_derivative_in_a_shift() -> None:
    h = 1e-3
    moved = ReferenceSpectra.of(LIBRARY, AXIS - h, "Li", ELECTROLYTES)
    back = ReferenceSpectra.of(LIBRARY, AXIS + h, "Li", ELECTROLYTES)
    numeric = (moved.molar - back.molar) / (2 * h)
    assert reference().slope == pytest.approx(numeric, abs=1e-5 * np.abs(numeric).max())


@pytest.mark.parametrize("falling", [False, True])
def test_an_exact_mixture_with_shifts_is_found_again(falling: bool) -> None:
    axis = AXIS[::-1].copy() if falling else AXIS
    known = reference(axis)
    amounts, shift = np.zeros(len(known.populations)), np.zeros(len(known.species))
    for name, amount in (("EC", 4.0), ("EMC", 6.0), ("PF6-", 1.0)):
        amounts[[label[0] == name for label in known.populations]] = [0.7 * amount, 0.3 * amount]
    shift[[known.species.index("EC"), known.species.index("PF6-")]] = 0.4, -0.5
    light = evanescent_path(axis)
    # Shifted exactly, not by the slope that the fit uses.
    exact = sum(
        amount * ReferenceSpectra.of(LIBRARY, axis - moved, "Li", [name]).molar[form]
        for (name, _), amount, moved, form in zip(
            known.populations, amounts, known.belongs @ shift, _forms(known), strict=True
        )
        if amount
    )
    spectrum = light * exact + 1e-3 + 2e-6 * (axis - 1350.0)
    found = explain(np.array([spectrum, 3 * spectrum]), known, path=light)
    assert found.amounts[0] == pytest.approx(amounts, abs=0.05)
    assert found.shift[0] == pytest.approx(shift, abs=0.03)
    assert found.fractions[0][known.species.index("EC")] == pytest.approx(4 / 11, abs=0.005)
    assert found.coordinated[0][known.species.index("EC")] == pytest.approx(0.3, abs=0.02)
    assert np.isnan(found.coordinated[0][known.species.index("DME")])
    assert found.unexplained.max() < 0.003
    assert found.amounts[1] == pytest.approx(3 * found.amounts[0], rel=0.01, abs=0.05)
    whole = found.parts.sum(axis=1) + found.baseline + found.rest
    assert whole[0] == pytest.approx(spectrum, abs=1e-12)
    assert (found.amounts >= 0).all()


def _forms(known: ReferenceSpectra) -> list[int]:
    """Place of each population among the forms of its species."""
    names = [name for name, _ in known.populations]
    return [names[:at].count(name) for at, name in enumerate(names)]


@pytest.mark.parametrize(
    "name", ["lp30-graphite", "lp57-lithium", "libob-graphite", "napf6-diglyme-hard-carbon"]
)
def test_a_simulated_cell_with_noise_and_bands_of_its_own(name: str) -> None:
    """Bands of a drawn cell differ in place, width and strength; still its composition is seen."""
    made = simulate(name, "rest 1 min", seed=1)
    model = LIBRARY.systems[name]
    known = reference(made.run.wavenumber, model.solvation.cation)
    found = explain(made.run.values[:1], known, path=evanescent_path(made.run.wavenumber))
    molarity = concentrations(model.system, LIBRARY)
    true = np.array([molarity.get(species, 0.0) for species in known.species])
    assert np.abs(found.fractions[0] - true / true.sum()).sum() / 2 < 0.07
    assert found.unexplained[0] < 0.12


def test_many_at_once_are_each_the_least_squares_of_scipy() -> None:
    random = np.random.default_rng(0)
    columns = np.abs(random.normal(size=(9, 30)))
    columns[4] = columns[3] + 1e-3 * columns[5]  # nearly the same
    spectra = random.normal(size=(40, 30))
    allowed = random.random((40, 7)) < 0.8  # the last two columns may have either sign
    gram = np.repeat((columns @ columns.T)[None], 40, axis=0)
    found, _ = _nonnegative(gram, spectra @ columns.T, allowed)
    for row in range(40):
        low = [*np.zeros(7), -np.inf, -np.inf]
        high = [*np.where(allowed[row], np.inf, 1e-12), np.inf, np.inf]
        expected = lsq_linear(columns.T, spectra[row], (low, high), method="bvls", tol=1e-14)
        error = np.sum((found[row] @ columns - spectra[row]) ** 2)
        assert error == pytest.approx(2 * expected.cost, rel=1e-6)
        assert (found[row, :7] >= 0).all()
        assert not found[row, :7][~allowed[row]].any()
    guess = random.random((40, 9)) < 0.5
    again, _ = _nonnegative(gram, spectra @ columns.T, allowed, guess)
    assert np.abs(again - found).max() < 1e-8 * np.abs(found).max()


def test_parts_baseline_and_rest_add_up() -> None:
    light = evanescent_path(AXIS)
    known = reference()
    mixed = light * (known.molar[0] + known.molar[3]) / known.molar[0].max() + 0.01
    found = explain(mixed[None], known, path=light)
    total = found.parts.sum(axis=1) + found.baseline + found.rest
    assert np.abs(total - mixed).max() < 1e-12


def test_what_the_library_does_not_have_stays_unexplained() -> None:
    light = evanescent_path(AXIS)
    odd = np.exp(-(((AXIS - 1600.0) / 12) ** 2)) + np.exp(-(((AXIS - 1010.0) / 10) ** 2))
    known = reference()
    ec = known.populations.index(("EC", "free"))
    mixed = light * known.molar[ec] / known.molar[ec].max() + odd
    shares = explain(np.array([mixed, odd]), known, path=light).unexplained
    assert shares[0] > 0.3
    assert shares[1] > 0.7


def test_nothing_is_made_of_nothing() -> None:
    found = explain(np.zeros((1, AXIS.size)), reference())
    assert not found.amounts.any()
    assert not found.fractions.any()
    assert found.unexplained[0] == 0


def test_what_is_refused() -> None:
    known = reference()
    with pytest.raises(AxisError, match=r"\[batch, 512\]"):
        explain(np.zeros((1, 5)), known)
    with pytest.raises(ValueRangeError, match="NaN"):
        explain(np.full((1, 512), np.nan), known)
    with pytest.raises(ValueRangeError, match="not positive"):
        evanescent_path([0.0, 1.0])
    with pytest.raises(OptionError, match="cation 'K'"):
        ReferenceSpectra.of(LIBRARY, AXIS, "K", ["EC"])
    with pytest.raises(UnknownNameError, match="EMC"):
        ReferenceSpectra.of(LIBRARY, AXIS, "Li", ["EMCC"])
    with pytest.raises(OptionError, match="none of LiF has bands"):
        ReferenceSpectra.of(LIBRARY, AXIS, "Li", ["LiF"])
