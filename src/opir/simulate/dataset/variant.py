"""A system with another composition: salt concentration, additives, water."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opir.chemistry import SystemModel
from opir.errors import OptionError
from opir.system import Component, System

__all__ = ["vary_composition"]


def vary_composition(
    model: SystemModel,
    *,
    salt: float | None = None,
    additives: Mapping[str, float] | None = None,
    water: float | None = None,
) -> SystemModel:
    """The system with other amounts.

    Every additive that the system may have is listed afterwards, with an amount of 0 where there
    is none of it, so that all variants of a system have the same species.

    Args:
        model: The system.
        salt: Concentration of the main salt [mol m-3]; None: its own.
        additives: Additive -> mass fraction; others stay as they are.
        water: Mass fraction; None: its own.

    Raises:
        OptionError: If the system has no salt, or an amount is negative.
    """
    given = dict(additives or {})
    numbers = [*given.values(), *(v for v in (salt, water) if v is not None)]
    if any(not number >= 0 for number in numbers):
        raise OptionError("an amount below 0 was asked for", remedy="Give 0 or more")
    components = []
    salts = [c for c in model.system.electrolyte if c.role == "salt" and c.amount is not None]
    main = max(salts, key=lambda c: c.amount or 0.0, default=None)
    if salt is not None and main is None:
        raise OptionError(f"{model.name} has no salt whose concentration could be changed")
    for component in model.system.electrolyte:
        if component is main and salt is not None:
            component = _component(component.name, salt / 1e3, "mol/L", "salt")
        elif component.name in given:
            component = _component(
                component.name, given.pop(component.name), "mass fraction", component.role
            )
        components.append(component)
    present = {component.name for component in components}
    for name in sorted({*given, *model.variants.additives} - present):
        components.append(_component(name, given.get(name, 0.0), "mass fraction", "additive"))
    system = _with_electrolyte(model.system, tuple(components))
    moisture = model.residual_water
    if water is not None:
        moisture = replace(moisture, value=water)
    return replace(model, system=system, residual_water=moisture)


def _component(name: str, amount: float, unit: str, role: str) -> Component:
    return Component.model_validate({"name": name, "amount": amount, "unit": unit, "role": role})


def _with_electrolyte(system: System, components: tuple[Component, ...]) -> System:
    kept = {name: getattr(system, name) for name in System.model_fields}
    return System(**{**kept, "electrolyte": components})
