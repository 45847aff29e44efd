"""Facts of electrochemistry and of operando infrared that simulated cells must show."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from opir import chemistry
from opir.chemistry import SystemModel
from opir.simulate.single_run import Simulation, simulate

FILM_FORMING = (
    "lp30-graphite",
    "lp57-graphite-nmc622",
    "lp57-graphite",
    "lp57-vc-graphite-nmc811",
    "fec-silicon",
    "lp57-lithium",
    "libob-graphite",
    "litfsi-dme-lithium",
    "lifsi-dme-lithium",
    "napf6-carbonate-hard-carbon",
    "ec-dec-carbon-black",
)
SOLIDS = {n for n, s in chemistry.library().species.items() if s.phase == "solid"}


@cache
def run(system: str, protocol: str, frames: int = 64, **options: Any) -> Simulation:
    """A nominal cell without noise."""
    axis = np.linspace(800.0, 1900.0, 221)
    return simulate(
        system, protocol, frames=frames, vary=False, instrument=None, wavenumber=axis, **options
    )


def electrons(made: Simulation) -> NDArray[np.float64]:
    """Electrons of each reduction at the watched electrode, ``[reaction]``."""
    return np.array(
        [abs(r.electrons) if r.electrode == "working" else 0 for r in made.cell.reactions]
    )


def side_charge(made: Simulation) -> NDArray[np.float64]:
    """Electrons that reductions took up to each edge of the protocol's steps [mol m-2]."""
    states = made.trajectory.at(made.trajectory.edges)
    return states[:, : len(made.cell.reactions)] @ electrons(made)


def onset(made: Simulation, *names: str) -> float:
    """Potential where one percent of the final extent has been reached [V]."""
    extent = sum(made.truth["extents"].sel(reaction=name).values for name in names)
    return float(made.truth["potential"].values[np.argmax(extent >= 0.01 * extent[-1])])


def amount(made: Simulation, species: str) -> NDArray[np.float64]:
    return np.asarray(made.truth["amounts"].sel(species=species).values)


# ---------------------------------------------------------------------------------- potentials


def test_anions_and_additives_are_reduced_before_ec() -> None:
    borate = run("libob-graphite", "sweep 2.4 V to 0.05 V at 3 mV/min", 1500)
    fluoride = run("fec-silicon", "discharge at C/50 until 0.1 V", 1500)
    vinylene = run("lp57-vc-graphite-nmc811", "charge at C/50 for 10 h", 1500)
    plain = run("lp57-graphite-nmc622", "charge at C/50 for 10 h", 1500)
    bob = onset(borate, "bob-to-film")
    fec = onset(fluoride, "fec-to-polymer", "fec-to-vc")
    vc = onset(vinylene, "vc-to-polymer")
    ec = onset(plain, "ec-to-ledc")
    assert bob > fec + 0.1
    assert fec > vc
    assert vc > ec
    assert 1.6 < bob < 2.0
    assert 0.75 < ec < 1.05
    assert onset(borate, "ec-to-ledc") < bob - 0.3
    assert onset(vinylene, "ec-to-ledc") < vc


def test_additives_suppress_the_reduction_of_ec() -> None:
    reduced = {}
    for name in ("lp57-graphite-nmc622", "lp57-vc-graphite-nmc811"):
        made = run(name, "formation-c10")
        names = [r for r in ("ec-to-ledc", "ec-to-li2co3") if r in made.truth["reaction"].values]
        extents = made.truth["extents"].sel(reaction=names).values[-1]
        reduced[name] = extents.sum()
    assert reduced["lp57-vc-graphite-nmc811"] < 0.5 * reduced["lp57-graphite-nmc622"]
    silicon = run("fec-silicon", "formation-c10").truth["extents"].isel(time=-1)
    with_fec = sum(float(silicon.sel(reaction=r)) for r in ("fec-to-polymer", "fec-to-vc"))
    assert with_fec > 2 * float(silicon.sel(reaction="ec-to-ledc"))


# ------------------------------------------------------------------------------------ growth


@pytest.mark.parametrize(
    "system", ["lp30-graphite", "lp57-graphite", "lp57-lithium", "napf6-carbonate-hard-carbon"]
)
def test_growth_over_ten_cycles_levels_off(system: str) -> None:
    made = run(system, "ten-cycles")
    charge = side_charge(made)
    assert charge.size == 21  # two half cycles each
    cycles = np.diff(charge[::2])
    assert (np.diff(cycles) < 0).all()
    assert cycles[-1] < 0.3 * cycles[0]


def test_cracks_keep_silicon_growing_while_it_is_emptied() -> None:
    shares = {}
    for system in ("fec-silicon", "lp30-graphite"):
        made = run(system, "ten-cycles")
        steps = np.diff(side_charge(made))
        shares[system] = steps[19] / (steps[0] + steps[1])  # tenth delithiation, first cycle
    assert shares["fec-silicon"] > 1.5 * shares["lp30-graphite"]
    assert shares["fec-silicon"] > 0.05


def test_titanate_above_1_v_grows_by_its_own_route_in_proportion_to_time() -> None:
    made = run("lp30-lto", "cycling-c5", 201)
    extents = made.truth["extents"].values * electrons(made)
    own = np.array([r.name.startswith("lto-") for r in made.cell.reactions])
    assert extents[-1, ~own].sum() < 0.01 * extents[-1, own].sum()
    course = extents[:, own].sum(axis=1)
    line = np.polyval(np.polyfit(made.run.time, course, 1), made.run.time)
    assert np.abs(course - line).max() < 0.05 * course[-1]
    film = made.truth["thickness"].values
    graphite = run("lp30-graphite", "formation-c10").truth["thickness"].values
    assert 0 < film[-1] - film[0] < 0.1 * (graphite[-1] - graphite[0])


def test_diglyme_makes_at_least_twenty_times_less_film_than_carbonates() -> None:
    solids, area = {}, {}
    for name in ("napf6-carbonate-hard-carbon", "napf6-diglyme-hard-carbon"):
        made = run(name, "formation-c20")
        held = [s for s in made.truth["species"].values if s in SOLIDS]
        change = made.truth["amounts"].sel(species=held).isel(time=[0, -1]).diff("time")
        solids[name] = float(change.sum())
        bands = made.truth["streams"].sel(stream="sei").values[-1]
        area[name] = np.trapezoid(bands, made.run.wavenumber)
    assert solids["napf6-carbonate-hard-carbon"] > 20 * solids["napf6-diglyme-hard-carbon"]
    assert area["napf6-carbonate-hard-carbon"] > 20 * area["napf6-diglyme-hard-carbon"]


# ---------------------------------------------------------------------------------- at rest


def test_semicarbonates_of_linear_carbonates_dissolve_at_rest_and_ledc_does_not() -> None:
    made = run("lp57-graphite", "formation-rest", 301)
    begin = int(np.searchsorted(made.run.time, made.trajectory.edges[1])) + 1
    for species in ("LMC", "LEC"):
        film, liquid = amount(made, species), amount(made, f"{species}(dissolved)")
        assert film[-1] < 0.8 * film[begin]
        assert liquid[-1] > 1.5 * liquid[begin]
    ledc = amount(made, "LEDC")
    assert ledc[-1] >= ledc[begin]
    sodium = run("napf6-carbonate-hard-carbon", "formation-rest", 301)
    begin = int(np.searchsorted(sodium.run.time, sodium.trajectory.edges[1])) + 1
    naec, lec = amount(sodium, "NaEC"), amount(made, "LEC")
    assert naec[-1] / naec[begin] < lec[-1] / lec[begin]  # faster than the lithium salt


# ---------------------------------------------------------------------------------- chemistry


def test_transesterification_is_percents_grows_with_heat_and_is_quenched_by_vc() -> None:
    lost = {}
    for system in ("lp57-graphite-nmc622", "lp57-vc-graphite-nmc811"):
        for kelvin in (298.15, 318.15, 328.15):
            emc = amount(run(system, "formation-c10", temperature=kelvin), "EMC")
            lost[system, kelvin] = 1 - emc[-1] / emc[0]
    plain = [lost["lp57-graphite-nmc622", kelvin] for kelvin in (298.15, 318.15, 328.15)]
    assert 0.005 < plain[0] < 0.06
    assert plain[0] < plain[1] < plain[2]
    assert plain[2] > 2 * plain[0]
    for kelvin in (298.15, 318.15, 328.15):
        assert lost["lp57-vc-graphite-nmc811", kelvin] < 0.1 * lost["lp57-graphite-nmc622", kelvin]


# ----------------------------------------------------------------------------------- spectra


@pytest.mark.parametrize("system", FILM_FORMING)
def test_bands_of_the_film_have_the_size_that_is_seen(system: str) -> None:
    made = run(system, "formation-c10")
    film = made.truth["streams"].sel(stream="sei").values
    assert 1e-3 < np.abs(film[-1] - film[0]).max() < 3e-2
    highest = made.truth["streams"].values.sum(axis=0)[0].max()
    assert 0.4 < highest < 1.1
    thickness = made.truth["thickness"].values
    assert 5e-9 < thickness[-1] < 30e-9


SWINGING = {  # where the bands of each solvent are that move with the salt [cm-1]
    "lp30-graphite": ((1690, 1860), (1230, 1340)),
    "lp57-graphite": ((1690, 1860), (1230, 1340)),
    "napf6-carbonate-hard-carbon": ((1690, 1860), (1230, 1340)),
    "napf6-diglyme-hard-carbon": ((1060, 1130),),
}


@pytest.mark.parametrize("protocol", ["formation-c10", "gitt"])
@pytest.mark.parametrize("system", SWINGING)
def test_solvation_swings_by_a_hundredth_to_a_tenth(system: str, protocol: str) -> None:
    made = run(system, protocol, 201)
    liquid = made.truth["streams"].sel(stream="solvent").values
    swing = np.ptp(liquid, axis=0)
    for low, high in SWINGING[system]:
        here = (made.run.wavenumber > low) & (made.run.wavenumber < high)
        assert 0.9e-2 < swing[here].max() < 1e-1
    salt = made.truth["reversible"].sel(coordinate="cation at the electrode / mol m-3").values
    assert 0.05 < np.abs(salt / salt[0] - 1).max() < 0.3


def test_the_film_is_thicker_when_the_electrode_is_empty() -> None:
    made = run("fec-silicon", "ten-cycles", 401)
    coordinates = made.truth["reversible"]
    swelling = coordinates.sel(coordinate="swelling of the film").values
    filled = coordinates.sel(coordinate="degree of lithiation").values
    order = np.argsort(filled)
    assert (np.diff(swelling[order]) <= 1e-12).all()
    assert swelling.max() / swelling.min() > 1.05
    assert swelling.max() / swelling.min() < 250 / 180 * 1.1  # neutron reflectometry: 250 to 180 A


def test_graphite_loses_a_few_percent_of_its_capacity_in_the_first_cycle() -> None:
    models: list[SystemModel] = [
        chemistry.library().systems[n] for n in ("lp30-graphite", "lp57-graphite")
    ]
    for model in models:
        made = run(model.name, "formation-c10")
        lost = side_charge(made)[-1] * 96485.33 * made.cell.area / 3600 / made.cell.capacity
        assert 0.02 < lost < 0.15
