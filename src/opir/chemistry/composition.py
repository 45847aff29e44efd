"""From parts, molarities and percents to the concentration of every species."""

from __future__ import annotations

from collections.abc import Mapping

from opir.chemistry.library import Library, Salt
from opir.chemistry.species import Species
from opir.errors import SystemDescriptionError
from opir.system import Component, System

__all__ = ["concentrations"]

_MOST = 8000.0


def concentrations(
    system: System, library: Library, *, residual_water: float = 0.0
) -> dict[str, float]:
    """Concentration of every species of an electrolyte at 298 K, salts apart into ions.

    Volumes are taken to add: pure densities for liquids, an apparent molar volume for salts.

    Args:
        system: Its electrolyte has solvents in parts or fractions (by volume or mass), salts in
            mol/L or mol/kg of solvent, additives as mass fraction or in mol/L.
        library: Where species and salts are looked up.
        residual_water: Mass fraction of water that is there besides [1].

    Returns:
        Species -> concentration [mol m-3].

    Raises:
        SystemDescriptionError: If an amount is missing, in a unit that does not fit, or absurd.
        UnknownNameError: If the library has no such species.
    """
    solvents: dict[str, float] = {}
    fractions: dict[str, tuple[Species | Salt, float]] = {}
    molar: dict[str, tuple[Species | Salt, float]] = {}
    molal: dict[str, tuple[Species | Salt, float]] = {}
    for component in system.electrolyte:
        what = _look_up(component, library)
        amount = component.amount
        if amount is None:
            raise SystemDescriptionError(
                f"the amount of {component.name!r} is not known", remedy="Give amount and unit"
            )
        if component.role == "solvent" and component.unit in _PARTS:
            assert_liquid = _liquid(what, component)
            solvents[component.name] = amount * (
                assert_liquid if component.unit.startswith("volume") else 1.0
            )
        elif component.unit == "mass fraction":
            fractions[component.name] = (what, amount)
        elif component.unit == "mol/L":
            molar[component.name] = (what, amount * 1e3)
        elif component.unit == "mol/kg":
            molal[component.name] = (what, amount)
        elif component.unit == "g/L":
            molar[component.name] = (what, amount / _mass(what, library))
        else:
            raise SystemDescriptionError(
                f"the amount of {component.name!r} is in {component.unit!r}, which does not fit "
                f"a {component.role}",
                remedy="Solvents in parts or fractions by volume or mass; salts in mol/L or "
                "mol/kg; additives in wt% or mol/L",
            )
    if residual_water:
        fractions["H2O"] = (library.species["H2O"], residual_water)
    return _solve(solvents, fractions, molar, molal, library)


_PARTS = ("volume parts", "mass parts", "volume fraction", "mass fraction")


def _look_up(component: Component, library: Library) -> Species | Salt:
    if component.name in library.salts:
        return library.salts[component.name]
    return library.find_species(component.name)


def _liquid(what: Species | Salt, component: Component) -> float:
    """Density [kg m-3] of a solvent."""
    if isinstance(what, Salt) or what.density is None:
        raise SystemDescriptionError(
            f"the density of {component.name!r} is not known",
            remedy="Add it to the species as 'density', or give the amount in mol/L",
        )
    return what.density.value


def _mass(what: Species | Salt, library: Library) -> float:
    if isinstance(what, Salt):
        return sum(library.species[ion].molar_mass * n for ion, n in what.ions.items())
    return what.molar_mass


def _volume(what: Species | Salt) -> float:
    """Molar volume in the mixture [m3 mol-1]."""
    if isinstance(what, Salt):
        return what.apparent_molar_volume.value
    return what.molar_volume.value if what.molar_volume is not None else 5e-5


def _solve(
    solvents: Mapping[str, float],
    fractions: Mapping[str, tuple[Species | Salt, float]],
    molar: Mapping[str, tuple[Species | Salt, float]],
    molal: Mapping[str, tuple[Species | Salt, float]],
    library: Library,
) -> dict[str, float]:
    """Masses in 1 m3 from: the volumes add to 1 m3, the mass fractions hold."""
    share = sum(fraction for _, fraction in fractions.values())
    if share >= 1 and solvents:
        raise SystemDescriptionError(
            f"additives and solvents given as mass fraction add up to {share:g}",
            remedy="Leave room for the solvents, or give these in parts",
        )
    relative = sum(solvents.values())
    pure = {name: library.find_species(name) for name in solvents}
    # Per kg of the solvent mixture: volume, and what is molal in it.
    specific = sum(
        m / relative * _volume(pure[n]) / pure[n].molar_mass for n, m in solvents.items()
    )
    specific += sum(b * _volume(w) for w, b in molal.values())
    mass_factor = 1 + sum(b * _mass(w, library) for w, b in molal.values())
    fixed_volume = sum(c * _volume(w) for w, c in molar.values())
    fixed_mass = sum(c * _mass(w, library) for w, c in molar.values())
    # Additives: mass = fraction * total, total = (solvent part + fixed) / (1 - share).
    per_total = sum(f * _volume(w) / _mass(w, library) for w, f in fractions.values())
    over = per_total / (1 - share) if share < 1 else 0.0
    solvent_mass = 0.0
    if solvents:
        solvent_mass = (1 - fixed_volume - fixed_mass * over) / (specific + mass_factor * over)
        if solvent_mass <= 0:
            raise SystemDescriptionError(
                "the salts and additives leave no room for the solvents",
                remedy="Check the amounts and their units",
            )
    total = (solvent_mass * mass_factor + fixed_mass) / (1 - share) if share < 1 else 0.0
    found: dict[str, float] = {}

    def add(what: Species | Salt, amount: float) -> None:
        ions = what.ions if isinstance(what, Salt) else {what.name: 1}
        for ion, count in ions.items():
            found[ion] = found.get(ion, 0.0) + count * amount

    for name, mass in solvents.items():
        add(pure[name], solvent_mass * mass / relative / pure[name].molar_mass)
    for what, amount in molar.values():
        add(what, amount)
    for what, amount in molal.values():
        add(what, amount * solvent_mass)
    for what, fraction in fractions.values():
        add(what, fraction * total / _mass(what, library))
    for name, amount in found.items():
        if library.species[name].charge and amount > _MOST:
            raise SystemDescriptionError(
                f"{name} would be {amount / 1e3:.3g} mol/L, more than dissolves in anything",
                remedy="Check the amount of the salt and its unit",
            )
    return found
