"""Reactions of the library as matrices, and extents that can use up no more than there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from opir.chemistry import Library, Reaction
from opir.errors import AxisError, OptionError

__all__ = ["Catalysis", "ReactionSet", "limited_extents", "quick_extents"]

_SUPPLIED = ("Li+", "Na+", "e-")
"""What the counter electrode and the wire bring as it is used; it limits no reaction."""

_LITTLE = 1e-9
"""Share of what is held that is as good as none: (1 - exp(-x)) / x is taken to be 1 below it."""

_FEW = 1e-5
"""The least share of a catalyst that is taken to be used up in an interval."""


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


@dataclass(frozen=True)
class Catalysis:
    """Which reactions need what they do not use up, as numbers that do not depend on weights.

    Attributes:
        first: Reactions that neither need nor use up a catalyst.
        then: The others.
        species: What is a catalyst.
        place: Which of those each of ``then`` needs; behind the last one for none.
    """

    first: tuple[int, ...]
    then: tuple[int, ...]
    species: tuple[int, ...]
    place: tuple[int, ...]

    @classmethod
    def of(cls, consumed: ArrayLike, catalysts: ArrayLike | None = None) -> Catalysis:
        """From matrices ``[species, reaction]``.

        Args:
            consumed: What an extent of 1 uses up.
            catalysts: True where a reaction needs a species that it does not use up, one at most;
                no reaction does by default.

        Raises:
            AxisError: If the shapes differ.
        """
        used = np.asarray(consumed) > 0
        needed = np.zeros(used.shape, dtype=bool) if catalysts is None else np.asarray(catalysts)
        needed = needed > 0
        if used.shape != needed.shape:
            raise AxisError(
                f"consumed {used.shape} and catalysts {needed.shape} do not fit",
                remedy="Twice [species, reaction]",
            )
        species = np.flatnonzero(needed.any(axis=1))
        late = needed.any(axis=0) | used[species].any(axis=0)
        then = np.flatnonzero(late)
        ordered = np.concatenate([needed[species][:, then], np.ones((1, then.size), dtype=bool)])
        found = (np.flatnonzero(~late), then, species, ordered.argmax(axis=0))
        return cls(*(tuple(item.tolist()) for item in found))


def limited_extents(
    hazard: Tensor,
    amounts: Tensor,
    consumed: Tensor,
    stoichiometry: Tensor,
    *,
    catalysis: Catalysis | None = None,
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

    A reaction that needs a catalyst goes on by its hazard times how much of that there is, in the
    mean over the interval. Those that make catalysts come first, then those that need one or use
    one up, so in an interval that begins with ``a`` of it, in which ``p`` is made and what is there
    is asked for :math:`\lambda` of itself, it is

    .. math::
        \bar a = a E + p (1 - E) / \lambda, \qquad E = (1 - e^{-\lambda}) / \lambda ,

    what linear production and first-order loss leave: half of what is made where little is lost,
    production over loss where it is used up as it comes.

    Args:
        hazard: Of each reaction over each interval, never negative,
            ``[batch, interval, reaction]``.
        amounts: At the beginning, never negative, ``[batch, species]``.
        consumed: What an extent of 1 uses up, ``[species, reaction]``, never negative. A reaction
            that uses up nothing has no largest extent, and is taken to be asked for 1 at most.
        stoichiometry: ``N``, ``[species, reaction]``.
        catalysis: Which reactions need a catalyst; none by default.
        most: How many species a reaction uses up at most; counted by default.

    Returns:
        Extents at the ends of the intervals, ``[batch, interval, reaction]``, and amounts there,
        ``[batch, interval, species]``.

    Raises:
        AxisError: If the shapes do not fit.
    """
    species = len(stoichiometry)
    _check_shapes(hazard, amounts, consumed, stoichiometry)
    if most is None:
        most = max(1, int((consumed > 0).sum(dim=0).max()))
    known = catalysis or Catalysis(tuple(range(hazard.shape[-1])), (), (), ())
    where = consumed.device
    first, then, which, place = (
        torch.tensor(item, dtype=torch.long, device=where)
        for item in (known.first, known.then, known.species, known.place)
    )
    early, late = (_Stage.of(item, consumed, stoichiometry, most) for item in (first, then))
    using = consumed[which][:, then]
    # The batch stands last: picking rows is quicker than picking columns. One species more, of
    # which there is always 1, for reactions that use up nothing.
    held = nn.functional.pad(amounts, (0, 1), value=1.0).T
    held = nn.functional.threshold(held, torch.finfo(amounts.dtype).tiny, 0.0)
    asked = hazard.permute(1, 2, 0)
    shares = (asked[:, columns].contiguous().unbind(0) for columns in (first, then))
    total, after = (hazard.new_zeros(len(item), hazard.shape[0]) for item in (first, then))
    extents, left = [], []
    for share, later in zip(*shares, strict=True):
        begin = held
        step, held = early.take(early.wanted(share, held), held)
        total = total + step
        if known.then:
            wanted = late.wanted(later, held)
            there = _mean(begin.index_select(0, which), held.index_select(0, which), using @ wanted)
            there = nn.functional.pad(there, (0, 0, 0, 1), value=1.0)
            step, held = late.take(wanted * there.index_select(0, place), held)
            after = after + step
        extents.append(torch.cat([total, after]))
        left.append(held[:species])
    order = np.argsort(known.first + known.then)
    found = torch.stack(extents).index_select(1, torch.as_tensor(order, device=where))
    return found.permute(2, 0, 1), torch.stack(left).permute(2, 0, 1)


def quick_extents(
    hazard: Tensor,
    amounts: Tensor,
    consumed: Tensor,
    stoichiometry: Tensor,
    *,
    catalysis: Catalysis | None = None,
    most: int | None = None,
) -> tuple[Tensor, Tensor]:
    """:func:`limited_extents` without gradients, in less time where numba is installed.

    In double precision on the processor, up to rounding; anything else is handed on.
    """
    at_hand = find_spec("numba") is not None and hazard.device.type == "cpu"
    if not at_hand or hazard.dtype != torch.float64:
        return limited_extents(
            hazard, amounts, consumed, stoichiometry, catalysis=catalysis, most=most
        )
    from opir.models.abcc.extents_kernel import follow

    _check_shapes(hazard, amounts, consumed, stoichiometry)
    used, change = consumed.double().numpy(), stoichiometry.double().numpy()
    known = catalysis or Catalysis.of(used)
    needs = np.full(used.shape[1], -1)
    needs[list(known.then)] = [(*known.species, -1)[at] for at in known.place]
    found = follow(
        hazard.detach().contiguous().numpy(),
        amounts.detach().contiguous().numpy(),
        _columns(used),
        _columns(change),
        np.array(known.first, dtype=np.int64),
        np.array(known.then, dtype=np.int64),
        needs,
        _LITTLE,
        _FEW,
    )
    return torch.from_numpy(found[0]), torch.from_numpy(found[1])


def _check_shapes(hazard: Tensor, amounts: Tensor, consumed: Tensor, stoichiometry: Tensor) -> None:
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


def _columns(
    matrix: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """See :data:`opir.models.abcc.extents_kernel.Columns`."""
    column, row = np.nonzero(matrix.T)
    starts = np.searchsorted(column, np.arange(matrix.shape[1] + 1))
    return starts, row, matrix[row, column]


@dataclass(frozen=True)
class _Stage:
    """Some reactions that go on at once.

    Attributes:
        place, per_extent: See :func:`_reactants`.
        used, change: What an extent of 1 uses up, below zero, and changes,
            ``[species + 1, reaction]``.
    """

    place: Tensor
    per_extent: Tensor
    used: Tensor
    change: Tensor

    @classmethod
    def of(cls, columns: Tensor, consumed: Tensor, stoichiometry: Tensor, most: int) -> _Stage:
        """See :func:`limited_extents`."""
        consumed, stoichiometry = consumed[:, columns], stoichiometry[:, columns]
        used, change = (
            nn.functional.pad(item, (0, 0, 0, 1)) for item in (-consumed, stoichiometry)
        )
        return cls(*_reactants(consumed, most), used, change)

    def wanted(self, share: Tensor, held: Tensor) -> Tensor:
        """Extents asked for, ``[reaction, batch]``: shares of the largest that are possible."""
        return share * (_at(held, self.place) * self.per_extent).amin(dim=0)

    def take(self, wanted: Tensor, held: Tensor) -> tuple[Tensor, Tensor]:
        """Extents that there is enough for, and what is held then."""
        # - d / a. Where nothing is held nothing is asked for either.
        spent = (self.used @ wanted / torch.where(held > 0, held, 1.0)).clamp_max(-_LITTLE)
        step = wanted * _at(torch.expm1(spent) / spent, self.place).amin(dim=0)
        # Rounding may pass zero by the last digit of what was there.
        held = torch.addmm(held, self.change, step)
        return step, nn.functional.threshold(held, torch.finfo(held.dtype).tiny, 0.0)


def _mean(begin: Tensor, made: Tensor, asked: Tensor) -> Tensor:
    """How much of a catalyst there is in the mean over an interval.

    Args:
        begin: At its beginning.
        made: With what is made in it.
        asked: What is asked for of that.
    """
    # Above what would leave too few digits of 1 - E.
    lost = (asked / torch.where(made > 0, made, 1.0)).clamp_min(_FEW)
    kept = -torch.expm1(-lost) / lost
    return begin * kept + (made - begin).clamp_min(0) * ((1 - kept) / lost)


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
