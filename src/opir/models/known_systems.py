"""Whether a system is like one of those that a model was trained on, from its descriptor alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.errors import AxisError, FormatError
from opir.models.descriptor import DESCRIPTOR

__all__ = ["SIZE", "WITHIN_SYSTEMS", "KnownSystems", "Likeness"]

Array = NDArray[np.float64]

WITHIN_SYSTEMS = ("water", "temperature")
"""In names of features that runs of one system differ in by design."""
SIZE = "capacity"
"""In names of features that tell how large a cell is; cells of any size are of one system."""
_NEVER = 3.0
"""Standard deviations that a feature counts in which training runs did not differ at all."""
_LEAST_REACH = 0.05
_DIGITS = 7


@dataclass(frozen=True)
class Likeness:
    """How a system compares with those trained on.

    Attributes:
        nearest: The system whose mean it is nearest to.
        ratio: Distance to a system over the largest distance of a run of that system from its own
            mean; the smallest over the systems. Up to 1 for runs trained on.
    """

    nearest: str
    ratio: float


@dataclass(frozen=True)
class KnownSystems:
    """Systems trained on, as means of their descriptors.

    A distance is the root mean square over features (all but water, temperature and capacities) in
    standard deviations over the training runs. Of the ten simulated systems of OpIRSpec-Sim-7K,
    each held out in turn, all but the runs of one (silicon without its additive) lay at 1.3 times
    the reach of any other and more, test runs of systems trained on at 1.01 times at most.

    Attributes:
        names: Of the systems.
        centres: Mean descriptors, ``[system, feature]``.
        spread: Standard deviation of each feature over all training runs, 0 where there is none,
            ``[feature]``.
        reach: Largest distance of a run of each system from its mean, ``[system]``.
    """

    names: tuple[str, ...]
    centres: Array
    spread: Array
    reach: Array

    @classmethod
    def of(cls, systems: Sequence[str], descriptors: ArrayLike) -> Self:
        """From training runs.

        Args:
            systems: Name of the system of each run, ``[run]``.
            descriptors: See :func:`opir.models.descriptor.describe`, ``[run, feature]``.

        Raises:
            AxisError: If the shapes do not fit.
        """
        values = np.asarray(descriptors, dtype=np.float64)
        _check(values, len(systems))
        spread = values.std(axis=0)
        spread[spread <= 1e-9 * np.abs(values).max(axis=0)] = 0.0
        none = cls((), np.empty((0, len(DESCRIPTOR))), spread, np.empty(0))
        return none.joined(systems, values)

    def joined(self, systems: Sequence[str], descriptors: ArrayLike) -> Self:
        """With further systems, those of a model that was trained on; :attr:`spread` stays.

        Args:
            systems: Name of the system of each run, ``[run]``.
            descriptors: See :func:`opir.models.descriptor.describe`, ``[run, feature]``.

        Raises:
            AxisError: If the shapes do not fit.
        """
        values, labels = np.asarray(descriptors, dtype=np.float64), np.asarray(systems, np.str_)
        _check(values, labels.size)
        names = tuple(sorted(set(labels.tolist())))
        centres = np.array([values[labels == name].mean(axis=0) for name in names])
        more = type(self)(names, centres, self.spread, np.ones(len(names)))
        reach = [
            more.distances(values[labels == name])[:, at].max() for at, name in enumerate(names)
        ]
        return type(self)(
            self.names + names,
            np.concatenate([self.centres, centres]),
            self.spread,
            np.append(self.reach, np.maximum(reach, _LEAST_REACH)),
        )

    def distances(self, descriptors: ArrayLike) -> Array:
        """Distances to the means, ``[run, system]``, of descriptors ``[run, feature]``."""
        left_out = (SIZE, *WITHIN_SYSTEMS)
        kept = [not any(word in name for word in left_out) for name in DESCRIPTOR]
        apart = np.asarray(descriptors, np.float64)[:, None, kept] - self.centres[:, kept]
        spread = self.spread[kept]
        other = np.abs(apart) > 1e-6 * (1 + np.abs(self.centres[:, kept]))
        scaled = np.where(spread > 0, apart / np.where(spread > 0, spread, 1.0), _NEVER * other)
        return np.asarray(np.sqrt((scaled**2).mean(axis=-1)))

    def likeness(self, descriptor: ArrayLike) -> Likeness:
        """How one system, by its descriptor ``[feature]``, compares."""
        found = self.distances(np.asarray(descriptor)[None])[0]
        return Likeness(self.names[int(found.argmin())], float((found / self.reach).min()))

    def to_json(self) -> dict[str, Any]:
        """JSON values."""

        def short(values: Array) -> list[Any]:
            found: list[Any] = np.vectorize(lambda v: float(f"{v:.{_DIGITS}g}"))(values).tolist()
            return found

        return {
            "names": list(self.names),
            "centres": short(self.centres),
            "spread": short(self.spread),
            "reach": short(self.reach),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """From :meth:`to_json`.

        Raises:
            FormatError: If the values do not fit.
        """
        try:
            names = tuple(str(name) for name in values["names"])
            arrays = [np.asarray(values[n], np.float64) for n in ("centres", "spread", "reach")]
        except (KeyError, TypeError, ValueError) as error:
            raise FormatError(f"the known systems are damaged ({error})") from error
        shapes = [(len(names), len(DESCRIPTOR)), (len(DESCRIPTOR),), (len(names),)]
        if [item.shape for item in arrays] != shapes or not names:
            raise FormatError("the known systems do not fit their names and the descriptor")
        return cls(names, *arrays)


def _check(descriptors: Array, runs: int) -> None:
    """Refuse descriptors that are not one row for each of so many runs, or of none."""
    if descriptors.shape != (runs, len(DESCRIPTOR)) or not runs:
        raise AxisError(
            f"descriptors have shape {descriptors.shape}; [{runs}, {len(DESCRIPTOR)}] is needed"
        )
