"""Reactions of the library as matrices, and extents that can use up no more than there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.chemistry import Library, Reaction
from opir.errors import AxisError, OptionError

__all__ = ["ReactionSet", "limited_extents"]

_SUPPLIED = ("Li+", "Na+", "e-")
"""What the counter electrode and the wire bring as it is used; it limits no reaction."""

_LITTLE = 1e-9
"""Share of what is held that is as good as none: (1 - exp(-x)) / x is taken to be 1 below it."""


@dataclass(frozen=True)
class ReactionSet:
    """Some reactions and all species that take part in them.

    Attributes:
        species: Names, ``[species]``.
        reactions: Names, ``[reaction]``.
        stoichiometry: ``N``, products positive, ``[species, reaction]``.
        elements: Names of the rows of :attr:`composition`; ``charge`` is the last.
        composition: ``E``, atoms of each element and the charge of each species,
            ``[element, species]``. ``E N = 0``: the library refuses what does not balance.
        supplied: Whether a species is brought from outside as it is used, ``[species]``.
    """

    species: tuple[str, ...]
    reactions: tuple[str, ...]
    stoichiometry: NDArray[np.float64]
    elements: tuple[str, ...]
    composition: NDArray[np.float64]
    supplied: NDArray[np.bool_]

    @classmethod
    def of(cls, library: Library, reactions: Sequence[str] | None = None) -> ReactionSet:
        """The irreversible reactions of a library, or some of them, in the order given.

        Insertion and plating, which run both ways, are no reactions of this kind.

        Args:
            library: Where they are looked up.
            reactions: Names; all irreversible ones by default.

        Raises:
            UnknownNameError: If there is no such reaction.
            OptionError: If one runs both ways, or none is named.
        """
        if reactions is None:
            chosen = [item for item in library.reactions.values() if item.law != "exchange"]
        else:
            chosen = [library.reactions[name] for name in reactions]
        _check(chosen)
        species = tuple(dict.fromkeys(name for item in chosen for name in item.stoichiometry))
        row = {name: at for at, name in enumerate(species)}
        matrix = np.zeros((len(species), len(chosen)))
        for column, item in enumerate(chosen):
            for name, number in item.stoichiometry.items():
                matrix[row[name], column] = number
        found = [library.species[name] for name in species]
        elements = tuple(dict.fromkeys(element for item in found for element in item.elements))
        atoms = [[item.elements.get(element, 0) for item in found] for element in elements]
        return cls(
            species,
            tuple(item.name for item in chosen),
            matrix,
            (*elements, "charge"),
            np.array([*atoms, [item.charge for item in found]], dtype=np.float64),
            np.array([name in _SUPPLIED for name in species]),
        )

    @property
    def consumed(self) -> NDArray[np.float64]:
        """How much of each species an extent of 1 uses up, never negative, ``[species, reaction]``.

        Zero for what is supplied from outside.
        """
        used = np.maximum(-self.stoichiometry, 0.0)
        used[self.supplied] = 0.0
        return used


def _check(reactions: Sequence[Reaction]) -> None:
    if not reactions:
        raise OptionError("no reaction is named", remedy="Name at least one")
    for item in reactions:
        if item.law == "exchange":
            raise OptionError(
                f"the reaction {item.name!r} runs both ways, so it has no extent that only grows",
                remedy="Leave insertion and plating out",
            )


def limited_extents(
    hazard: Tensor,
    amounts: Tensor,
    consumed: Tensor,
    stoichiometry: Tensor,
    *,
    most: int | None = None,
) -> tuple[Tensor, Tensor]:
    r"""Extents of reactions that go on as hazards say, as far as there is something to react.

    A hazard :math:`\Lambda_j` is what share of the largest extent that is possible now,
    :math:`m_j = \min_s a_s / \nu_{sj}`, a reaction asks for over an interval (it may be above 1).
    So over each interval a species of which ``a`` is left is asked for
    :math:`d_s = \sum_j \nu_{sj} \Lambda_j m_j` in all. Of that it gives
    :math:`a (1 - e^{-d/a})`: nearly everything while there is plenty, never more than there is. A
    reaction goes on by what it asks for times the smallest share that any of its reactants gives:

    .. math::
        \Delta\xi_j = \Lambda_j m_j \min_{s \in j} \frac{a_s}{d_s} (1 - e^{-d_s / a_s}), \qquad
        a \leftarrow a + N \Delta\xi .

    So, whatever the hazards, extents never fall, amounts never become negative, and what ``N``
    conserves is conserved. Where one reactant alone decays, it is exact on any grid: hazards of
    intervals that join add up. (Where several compete for what is nearly used up, the split
    between them is of second order in the interval.)

    Args:
        hazard: Of each reaction over each interval, never negative,
            ``[batch, interval, reaction]``.
        amounts: At the beginning, never negative, ``[batch, species]``.
        consumed: What an extent of 1 uses up, ``[species, reaction]``, never negative. A reaction
            that uses up nothing has no largest extent, and is taken to be asked for 1 at most.
        stoichiometry: ``N``, ``[species, reaction]``.
        most: How many species a reaction uses up at most; counted by default.

    Returns:
        Extents at the ends of the intervals, ``[batch, interval, reaction]``, and amounts there,
        ``[batch, interval, species]``.

    Raises:
        AxisError: If the shapes do not fit.
    """
    species, reactions = stoichiometry.shape
    if (
        hazard.ndim != 3
        or hazard.shape[-1] != reactions
        or amounts.shape != (hazard.shape[0], species)
        or consumed.shape != stoichiometry.shape
    ):
        raise AxisError(
            f"hazard {tuple(hazard.shape)}, amounts {tuple(amounts.shape)}, consumed "
            f"{tuple(consumed.shape)} and stoichiometry {tuple(stoichiometry.shape)} do not fit",
            remedy="[batch, interval, reaction], [batch, species] and twice [species, reaction]",
        )
    if most is None:
        most = max(1, int((consumed > 0).sum(dim=0).max()))
    place, per_extent = _reactants(consumed, most)
    # One species more, of which there is always 1, for reactions that use up nothing. The batch
    # stands last: picking rows is quicker than picking columns.
    used, change = (nn.functional.pad(item, (0, 0, 0, 1)) for item in (-consumed, stoichiometry))
    tiny = torch.finfo(amounts.dtype).tiny
    held = nn.functional.pad(amounts, (0, 1), value=1.0).T
    held = nn.functional.threshold(held, tiny, 0.0)
    total = torch.zeros_like(hazard[:, 0].T)
    extents, left = [], []
    for asked_share in hazard.permute(1, 2, 0).contiguous().unbind(0):
        wanted = asked_share * (_at(held, place) * per_extent).amin(dim=0)
        # - d / a. Where nothing is held nothing is asked for either.
        spent = (used @ wanted / torch.where(held > 0, held, 1.0)).clamp_max(-_LITTLE)
        step = wanted * _at(torch.expm1(spent) / spent, place).amin(dim=0)
        # Rounding may pass zero by the last digit of what was there.
        held = nn.functional.threshold(torch.addmm(held, change, step), tiny, 0.0)
        total = total + step
        extents.append(total)
        left.append(held[:species])
    return torch.stack(extents).permute(2, 0, 1), torch.stack(left).permute(2, 0, 1)


def _reactants(consumed: Tensor, most: int) -> tuple[Tensor, Tensor]:
    """Places of what each reaction uses up, ``[reactant, reaction]``, and extents per amount.

    The latter are ``[reactant, reaction, 1]``. A reaction of fewer reactants than others names its
    first one again; one of none names the place behind the last species, and 1.
    """
    number, place = consumed.topk(most, dim=0)
    place = torch.where(number > 0, place, place[:1])
    number = torch.where(number > 0, number, number[:1])
    some = number > 0
    per_extent = torch.where(some, 1 / number, 1.0)
    return torch.where(some, place, len(consumed)), per_extent[..., None]


def _at(values: Tensor, place: Tensor) -> Tensor:
    """``values[place]``, ``[reactant, reaction, batch]``."""
    return values.index_select(0, place.flatten()).reshape(*place.shape, values.shape[1])
