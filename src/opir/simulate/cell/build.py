"""One cell of a system: amounts, constants as drawn for it, and the arrays of the kinetics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from opir.chemistry import ElectrodeModel, Library, Reaction, SystemModel, Value, concentrations
from opir.errors import SimulationError
from opir.simulate.cell.variation import Draws
from opir.simulate.kinetics.arrays import FARADAY, GAS_CONSTANT, CellArrays, Scalars, SparseColumns
from opir.simulate.kinetics.laws import LAWS
from opir.simulate.kinetics.transport import CHANNELS

__all__ = ["MOST_WATER", "Cell", "build_cell"]

MOST_WATER = 0.05
"""Mass fraction; with more water an electrolyte is another one."""

_Floats = NDArray[np.float64]

_GRID = np.linspace(0.0, 1.0, 101)
_SOLID_UNIT = 1e-5  # mol m-2
_LIQUID_UNIT = 1e3  # mol m-3
_REFERENCE_TEMPERATURE = 298.15
_HOUR = 3600.0
_EXCESS = 20.0  # metal counter electrodes hold this many times the capacity of the other one
_LEAST_CURRENT = 1e-9
_HIGHEST_POTENTIAL = 6.0  # V
_LEAST_DEGREE = 1e-3  # nothing is quite empty; the entropy of mixing needs a little


@dataclass(frozen=True)
class Cell:
    """One cell, ready to be integrated.

    Attributes:
        model: The system it is of.
        species: Names, as the rows of the arrays.
        reactions: The irreversible reactions, as the columns of the arrays.
        exchange: The two exchange reactions, of the working and of the counter electrode.
        arrays: What the kinetics reads.
        amounts: At the beginning [mol m-2], ``[species]``.
        stoichiometry: Of the irreversible reactions, ``[species, reaction]``.
        exchange_stoichiometry: ``[species, 2]``.
        charged: Whether a species is an ion, ``[species]``.
        area: Real surface of the watched electrode [m2].
        height: Volume of electrolyte per surface [m].
        capacity: Nominal capacity of the cell [A h], which C rates refer to.
        temperature: Asked for, where the protocol gives none [K].
        warmer: How much warmer this cell is than what it was asked to be [K].
        draws: The hidden constants of this cell.
    """

    model: SystemModel
    species: tuple[str, ...]
    reactions: tuple[Reaction, ...]
    exchange: tuple[Reaction, Reaction]
    arrays: CellArrays
    amounts: _Floats
    stoichiometry: _Floats
    exchange_stoichiometry: _Floats
    charged: NDArray[np.bool_]
    area: float
    height: float
    capacity: float
    temperature: float
    warmer: float
    draws: Draws

    @property
    def scalars(self) -> Scalars:
        """The single numbers by name."""
        return Scalars(*self.arrays.scalars.tolist())


def build_cell(
    model: SystemModel,
    library: Library,
    draws: Draws,
    *,
    temperature: float | None = None,
    water: float | None = None,
) -> Cell:
    """A cell of a system.

    Args:
        model: The system; its ``system`` may be a variant with other amounts.
        library: Where its species, reactions and electrodes are.
        draws: Draws each constant around its value.
        temperature: Of the cell [K]; the system's by default.
        water: Mass fraction of water, up to :data:`MOST_WATER`; the system's residual water by
            default.

    Raises:
        SimulationError: If something that is needed is not known, or there is too much water.
        SystemDescriptionError: If the composition makes no sense.
    """
    system = model.system
    working, counter = library.electrodes[model.working], library.electrodes[model.counter]
    kelvin = system.temperature if temperature is None else temperature
    kelvin = kelvin or _REFERENCE_TEMPERATURE
    warmer = draws.difference("temperature")
    geometry = _geometry(model, working, draws)
    residual = model.residual_water.value if water is None else water
    if not 0.0 <= residual <= MOST_WATER:
        raise SimulationError(
            f"a mass fraction of water of {residual:g} was asked for",
            remedy=f"Give 0 to {MOST_WATER:g}; 20 ppm are 2e-5",
        )
    residual *= draws.factor("impurity", "H2O")
    content = concentrations(system, library, residual_water=residual)
    if f"{model.solvation.cation}+" not in content:
        raise SimulationError(
            f"the electrolyte of {model.name!r} has no {model.solvation.cation}+, which its "
            "solvation names",
            remedy="Give it a salt of that cation, or change solvation.cation",
        )
    for name in content:
        if library.species[name].charge == 0 and name != "H2O":
            content[name] *= draws.factor("salt", name)

    reactions = tuple(library.reactions[name] for name in model.reactions)
    exchange = (library.reactions[model.exchange[0]], library.reactions[model.exchange[1]])
    named = [*content, *model.initial]
    for reaction in (*reactions, *exchange):
        named += [*reaction.stoichiometry, *reaction.orders]
    species = tuple(sorted(dict.fromkeys(named), key=lambda name: name == "e-"))
    index = {name: number for number, name in enumerate(species)}

    height = geometry.height
    amounts = np.zeros(len(species))
    for name, concentration in content.items():
        amounts[index[name]] = concentration * height
    for name, value in model.initial.items():
        amounts[index[name]] += value.value * draws.factor("film_thickness", name)
    scalars = _scalars(model, working, counter, geometry, draws)
    hosts = [_host(reaction, library) for reaction in exchange]
    amounts[index[hosts[0]]] = _working_content(working, scalars)
    amounts[index[hosts[1]]] = (
        scalars.counter_lithiation * scalars.counter_capacity
        if model.full_cell
        else _EXCESS * geometry.hourly_current * _HOUR / FARADAY
    )

    # Electrons on the double layer are counted from a potential that no cell reaches.
    charge = scalars.double_layer * (_HIGHEST_POTENTIAL - scalars.initial_potential)
    amounts[index["e-"]] = charge / FARADAY

    stoichiometry = _matrix(reactions, index)
    arrays = CellArrays(
        scalars=np.array(scalars, dtype=np.float64),
        initial=amounts,
        unit_amount=_unit_amounts(species, library, height),
        film_volume=_film_volumes(species, reactions, library),
        stoichiometry=SparseColumns.of(_with_supply(stoichiometry, reactions, exchange, index)),
        orders=SparseColumns.of(
            np.array(
                [[reaction.orders.get(name, 0.0) for reaction in reactions] for name in species]
            ).reshape(len(species), len(reactions))
        ),
        laws=np.array([_codes(reaction, index, library) for reaction in reactions]).reshape(-1, 4),
        constants=np.array([_constants(reaction, draws) for reaction in reactions]).reshape(-1, 6),
        channels=np.array(
            [list(CHANNELS).index(item.law) for item in model.interphase.transport], dtype=np.int64
        ),
        channel_constants=_channel_constants(model, draws),
        open_circuit=np.array([_spline(working), _spline(counter)]),
    )
    return Cell(
        model=model, species=species, reactions=reactions, exchange=exchange, arrays=arrays,
        amounts=amounts, stoichiometry=stoichiometry,
        exchange_stoichiometry=_matrix(exchange, index),
        charged=np.array([library.species[name].charge != 0 for name in species]),
        area=geometry.area, height=height,
        capacity=geometry.capacity, temperature=kelvin, warmer=warmer, draws=draws,
    )  # fmt: skip


@dataclass(frozen=True)
class _Geometry:
    area: float
    height: float
    capacity: float
    drawn_capacity: float
    hourly_current: float


def _geometry(model: SystemModel, working: ElectrodeModel, draws: Draws) -> _Geometry:
    electrode, cell = model.system.working_electrode, model.system.cell
    if electrode is None or cell is None or not cell.electrolyte_volume:
        raise SimulationError(
            f"the working electrode or the electrolyte volume of {model.name!r} is not known or 0",
            remedy="Give working_electrode and cell.electrolyte_volume",
        )
    if electrode.mass is not None:
        specific = electrode.specific_surface_area
        if specific is None:
            specific = working.parameters["specific_surface_area"].value
        area = specific * electrode.mass
        nominal = working.parameters["specific_capacity"].value * electrode.mass
    elif electrode.area is not None:
        area, nominal = electrode.area, 0.0
    else:
        raise SimulationError(
            f"neither mass nor area of the working electrode of {model.name!r} is known",
            remedy="Give one of them",
        )
    if "nominal_capacity" in model.electrical:
        nominal = model.electrical["nominal_capacity"].value
    if not nominal > 0:
        raise SimulationError(
            f"the capacity of {model.name!r}, which C rates refer to, is not known",
            remedy="Give electrical.nominal_capacity",
        )
    area *= draws.factor("surface_area")
    volume = cell.electrolyte_volume * draws.factor("electrolyte_volume")
    drawn = nominal * draws.factor("capacity", "working")
    return _Geometry(area, volume / area, nominal, drawn, nominal / area)


def _scalars(
    model: SystemModel,
    working: ElectrodeModel,
    counter: ElectrodeModel,
    geometry: _Geometry,
    draws: Draws,
) -> Scalars:
    def parameter(name: str) -> float:
        value = working.parameters.get(name)
        return 0.0 if value is None else value.value

    plating = working.kind == "plating"
    stored = geometry.drawn_capacity / geometry.area * _HOUR / FARADAY
    capacity = stored if working.kind == "insertion" else 0.0
    if plating:
        capacity = _EXCESS * stored * parameter("initial_degree")
    initial = parameter("initial_degree")
    if working.kind == "insertion":
        initial = min(max(initial, _LEAST_DEGREE), 1.0 - _LEAST_DEGREE)
    counter_capacity = 0.0
    if model.full_cell:
        ratio = _needed(model, "capacity_ratio")
        used = _used_range(counter, model.window[1])
        counter_capacity = stored / (ratio * used) * draws.factor("capacity", "counter")
    thermal = GAS_CONSTANT * _REFERENCE_TEMPERATURE / FARADAY
    potential = float(np.interp(initial, _GRID, _spline(working)[0]))
    if initial < 0.005 and working.kind == "insertion":
        potential += thermal * np.log(0.005 / initial)
    if plating:
        potential = 0.0
    if "initial_potential" in model.electrical:
        potential = model.electrical["initial_potential"].value
    resistance = _needed(model, "resistance")
    return Scalars(
        height=geometry.height,
        capacity=capacity,
        initial_lithiation=initial,
        exchange_current=parameter("exchange_current_density") * draws.factor("exchange_current"),
        exchange_energy=parameter("exchange_activation_energy"),
        double_layer=parameter("double_layer_capacitance") * draws.factor("double_layer"),
        resistance=resistance * geometry.area * draws.factor("resistance"),
        polarisation_strength=parameter("diffusion_strength") * draws.factor("polarisation"),
        polarisation_time=max(parameter("diffusion_time"), 1.0),
        hysteresis=parameter("hysteresis"),
        hourly_current=max(geometry.hourly_current, _LEAST_CURRENT),
        nucleation=parameter("nucleation_overpotential"),
        swing_strength=model.solvation.swing_strength.value * draws.factor("swing"),
        swing_time=max(model.solvation.swing_time.value, 1.0),
        cracking=model.interphase.cracking.value * draws.factor("cracking"),
        initial_thickness=model.interphase.initial_thickness.value * draws.factor("film_thickness"),
        side=-1.0 if model.full_cell else 1.0,
        counter_capacity=counter_capacity,
        counter_lithiation=counter.parameters["initial_degree"].value if model.full_cell else 0.0,
        plating=1.0 if plating else 0.0,
        initial_potential=potential,
    )


def _needed(model: SystemModel, name: str) -> float:
    if name not in model.electrical:
        raise SimulationError(
            f"the {name.replace('_', ' ')} of {model.name!r} is not known",
            remedy=f"Give electrical.{name}",
        )
    return model.electrical[name].value


def _used_range(positive: ElectrodeModel, highest: float) -> float:
    """Share of a positive electrode's capacity between assembly and the highest cell voltage.

    The negative electrode is then near 0.1 V.
    """
    table = positive.open_circuit.table
    charged = float(np.interp(-(highest + 0.1), -table[:, 1], table[:, 0]))
    used = positive.parameters["initial_degree"].value - charged
    if not used > 0.05:
        raise SimulationError(
            f"{positive.name} cannot be charged to {highest:g} V from its initial degree",
            remedy="Check initial_degree, the open-circuit table and the window of the system",
        )
    return used


def _working_content(working: ElectrodeModel, scalars: Scalars) -> float:
    if working.kind == "insertion":
        return scalars.initial_lithiation * scalars.capacity
    return scalars.capacity


def _spline(electrode: ElectrodeModel) -> _Floats:
    """Open-circuit potential on the kinetics' even grid and its second differences [V].

    The grid is read off a monotone interpolant of the tabulated points, so that a spline through
    it has nothing to overshoot.
    """
    from scipy.interpolate import CubicSpline, PchipInterpolator

    rows = electrode.open_circuit.table
    values = PchipInterpolator(rows[:, 0], rows[:, 1])(_GRID)
    curvature = CubicSpline(_GRID, values)(_GRID, 2)
    return np.array([values, curvature * _GRID[1] ** 2])


def _matrix(reactions: tuple[Reaction, ...], index: Mapping[str, int]) -> _Floats:
    matrix = np.zeros((len(index), len(reactions)))
    for column, reaction in enumerate(reactions):
        for name, number in reaction.stoichiometry.items():
            matrix[index[name], column] = number
    return matrix


def _host(reaction: Reaction, library: Library) -> str:
    for name in reaction.stoichiometry:
        if library.species[name].phase == "electrode":
            return name
    raise SimulationError(
        f"the exchange reaction {reaction.name!r} names no electrode",
        remedy="Write it as 'Li+ + e- -> Li(working)'",
    )


def _with_supply(
    stoichiometry: _Floats,
    reactions: tuple[Reaction, ...],
    exchange: tuple[Reaction, Reaction],
    index: Mapping[str, int],
) -> _Floats:
    """Stoichiometry with the cations that the counter electrode sends for each electron."""
    supplied = stoichiometry.copy()
    cation = next(name for name in exchange[1].stoichiometry if name in ("Li+", "Na+"))
    for column, reaction in enumerate(reactions):
        sign = -1.0 if reaction.electrode == "counter" else 1.0
        supplied[index[cation], column] += sign * abs(reaction.electrons)
    return supplied


def _unit_amounts(species: tuple[str, ...], library: Library, height: float) -> _Floats:
    """Amount of relative activity 1 [mol m-2]: of a solid, of what is dissolved, of the rest."""
    units = {
        "solid": _SOLID_UNIT,
        "liquid": _LIQUID_UNIT * height,
        "dissolved": _LIQUID_UNIT * height,
    }
    return np.array([units.get(library.species[name].phase, 1.0) for name in species])


def _film_volumes(
    species: tuple[str, ...], reactions: tuple[Reaction, ...], library: Library
) -> _Floats:
    """Molar volumes of what makes the film on the watched electrode [m3 mol-1], 0 for the rest."""
    elsewhere = {
        name
        for reaction in reactions
        if reaction.electrode == "counter"
        for name in reaction.products
    }
    here = {
        name
        for reaction in reactions
        if reaction.electrode != "counter"
        for name in reaction.stoichiometry
    }
    volumes = np.zeros(len(species))
    for number, name in enumerate(species):
        item = library.species[name]
        if item.phase == "solid" and (name in here or name not in elsewhere):
            if item.molar_volume is None:
                raise SimulationError(
                    f"the molar volume of the solid {name!r} is not known",
                    remedy="Add molar_volume to the species",
                )
            volumes[number] = item.molar_volume.value
    return volumes


def _codes(reaction: Reaction, index: Mapping[str, int], library: Library) -> list[int]:
    dissolved = -1
    if reaction.law == "dissolution":
        for name in reaction.products:
            if library.species[name].phase in ("liquid", "dissolved"):
                dissolved = index[name]
    return [
        list(LAWS).index(reaction.law),
        1 if reaction.electrode == "counter" else 0,
        abs(reaction.electrons),
        dissolved,
    ]


def _constants(reaction: Reaction, draws: Draws) -> list[float]:
    def value(name: str) -> float:
        found: Value | None = reaction.parameters.get(name)
        return 0.0 if found is None else found.value

    name = reaction.name
    constant = value("rate_constant") * draws.factor("rate_constant", name)
    if reaction.law != "tafel":
        last = value("equilibrium_constant") or value("solubility")
        return [constant, value("activation_energy"), 0.0, 0.0, 1.0, last]
    return [
        constant,
        value("activation_energy"),
        value("potential") + draws.difference("potential", name),
        value("transfer_coefficient") + draws.difference("transfer_coefficient", name),
        value("limiting_rate") * draws.factor("limiting_rate", name),
        0.0,
    ]


def _channel_constants(model: SystemModel, draws: Draws) -> _Floats:
    rows = []
    for item in model.interphase.transport:
        names = [name for name in CHANNELS[item.law].PARAMETERS if name != "activation_energy"]
        row = [item.parameters[name].value for name in names]
        row += [0.0] * (3 - len(row))
        energy = item.parameters.get("activation_energy")
        row[0] *= draws.factor("transport", item.law)
        rows.append([*row, 0.0 if energy is None else energy.value])
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
