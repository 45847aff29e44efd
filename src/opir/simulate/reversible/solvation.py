"""Which solvent sits at the cation: competitive binding to a limited number of places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, ModelError, ValueRangeError
from opir.simulate.reversible.van_t_hoff import van_t_hoff

__all__ = ["Solvation"]

Array = NDArray[np.float64]

_STEPS = 80
_CLOSED = 1e-13


@dataclass(frozen=True)
class Solvation:
    """Equilibrium of n places per cation with the solvents, each place for one of any.

    bound_i = K_i free_i vacant, with free_i = total_i - bound_i and vacant = n cation -
    sum(bound): the Langmuir isotherm of several solvents (Langmuir, J. Am. Chem. Soc. 40 (1918)
    1361) with both balances closed. So neither the places nor a solvent can be overdrawn. The
    number of places falls with concentration as n = n0 / (1 + cation / c_half); n times cation
    still grows. K_i follows van 't Hoff. The defaults of n0, c_half, strength and enthalpy are
    chosen (not measured) to give, in 12 mol/L of carbonate, 4.4, 3.3 and 2.3 bound solvents per
    cation at 0.5, 1.5 and 3 mol/L, and a coordinated share that falls by 0.1 to 0.2 % per K.

    Attributes:
        constants: K_i at 298.15 K of each solvent, m3 mol-1.
        enthalpy: Of binding, J mol-1; negative: less is bound when hot.
        places: n0, places at infinite dilution.
        half_concentration: c_half, mol m-3.

    Raises:
        ValueRangeError: If a constant is negative or not finite.
    """

    constants: tuple[float, ...]
    enthalpy: float = -5500.0
    places: float = 6.0
    half_concentration: float = 3200.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "constants", tuple(float(k) for k in self.constants))
        if not all(np.isfinite(k) and k >= 0 for k in self.constants):
            raise ValueRangeError(
                f"a binding constant among {self.constants} is negative or not finite",
                remedy="Give a constant of 0 for a solvent that does not bind",
            )
        for name in ("places", "half_concentration"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise ValueRangeError(f"{name} is {value:g}", remedy="Give a positive number")

    @classmethod
    def from_preferences(
        cls, preferences: ArrayLike, *, strength: float = 4e-4, **others: float
    ) -> Solvation:
        """Constants as ``strength`` [m3 mol-1] times relative preferences (EC 2, DMC 1, say)."""
        relative = np.atleast_1d(np.asarray(preferences, dtype=np.float64))
        return cls(tuple(strength * relative), **others)

    def number(self, cation: ArrayLike) -> Array:
        """Places per cation at a concentration [mol m-3]; same shape."""
        found: Array = self.places / (1 + np.asarray(cation, float) / self.half_concentration)
        return found

    def bound(self, solvent: ArrayLike, cation: ArrayLike, temperature: ArrayLike) -> Array:
        """Concentrations of bound solvents.

        Args:
            solvent: Total of each solvent, free and bound [..., solvent], mol m-3.
            cation: Total of the cation [...], mol m-3.
            temperature: [...] or one, K.

        Returns:
            [..., solvent], mol m-3; between 0 and the total, summing to less than the places.

        Raises:
            AxisError: If there are not as many solvents as constants.
            ValueRangeError: If a concentration is negative or not finite.
        """
        total, metal = np.asarray(solvent, dtype=np.float64), np.asarray(cation, dtype=np.float64)
        if total.ndim == 0 or total.shape[-1] != len(self.constants):
            raise AxisError(
                f"solvent has the shape {total.shape}",
                remedy=f"Give [..., solvent] with {len(self.constants)} solvents",
            )
        for name, values in (("solvent", total), ("cation", metal)):
            if not (np.isfinite(values) & (values >= 0)).all():
                raise ValueRangeError(
                    f"a concentration of {name} is negative or not finite",
                    remedy="Concentrations are in mol m-3 and not below 0",
                )
        factor = van_t_hoff(self.enthalpy, temperature)
        constant = np.asarray(self.constants) * factor[..., None]
        vacant = self._vacant(total, self.number(metal) * metal, constant)
        pull = constant * vacant[..., None]
        found: Array = total * (pull / (1 + pull))
        return found

    def _vacant(self, total: Array, places: Array, constant: Array) -> Array:
        """Vacant places v: the root of v + sum of total K v / (1 + K v) = places.

        The left side rises and is concave, so Newton's method from below never overshoots.
        """
        shape = np.broadcast_shapes(total.shape[:-1], places.shape, constant.shape[:-1])
        target = np.broadcast_to(places, shape)
        start = target / (1 + (total * constant).sum(axis=-1))
        vacant: Array = np.maximum(start, target - total.sum(axis=-1)) * np.ones(shape)
        for _ in range(_STEPS):
            pull = constant * vacant[..., None]
            share = 1 / (1 + pull)
            rest = target - vacant - (total * pull * share).sum(axis=-1)
            if (np.abs(rest) <= _CLOSED * np.maximum(target, 1e-300)).all():
                return vacant
            vacant = vacant + rest / (1 + (total * constant * share * share).sum(axis=-1))
            vacant = np.clip(vacant, 0, target)
        raise ModelError(
            "the solvation equilibrium did not close",
            remedy="Binding constants above 1e6 m3 mol-1 make no sense here: check their unit",
        )

    def coordinated_fraction(
        self, solvent: ArrayLike, cation: ArrayLike, temperature: ArrayLike
    ) -> Array:
        """Bound over total of each solvent [..., solvent]; 0 where there is none of it."""
        total = np.asarray(solvent, dtype=np.float64)
        bound = self.bound(total, cation, temperature)
        out = np.zeros(bound.shape)
        np.divide(bound, total, out=out, where=np.broadcast_to(total > 0, bound.shape))
        return out
