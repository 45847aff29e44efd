"""Laws of reactions: how far each one gets with the protocol, if there is enough to react."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.models.abcc.growth import KINDS, grown
from opir.models.abcc.protocol_features import GROWING, LEVELS
from opir.models.abcc.shared_film import SharedFilm
from opir.models.abcc.tables import REACTION_FEATURES, ChemistryTables
from opir.models.abcc.visits import STEPS

__all__ = ["ReactionLaws", "divided", "kin", "speeds"]

_FIRST_HAZARD = -9.0
"""Logarithm of the hazard that training starts from, per 1e4 s at full weight."""
_FIRST_SCAVENGED = 3.0
"""What scavengers take from the logarithm of the size of a law at first."""
_SCALE = 30.0
"""Of what few numbers learn: as quickly as what a network has to say, which all its weights do."""
_THERE = 0.005
"""Share of a component in the electrolyte at which it scavenges half as much as it can: additives
are there, impurities are not."""
_TRACE = 3e-3
"""Share of a reactant that is taken to be there in any case: others may form it."""
_USUAL_SHARE = 0.3
"""Of a reactant in the electrolyte."""
_LEAST = 1e-6
_USUAL_LIQUID = 60.0
"""Of all that an electrolyte holds, in a usual optical path [mmol m-2]."""
_USUAL_VOLUME, _LEAST_VOLUME = 60.0, 6.0
"""Of the solids that a reduction forms [cm3 mol-1]."""
_OF_REACTANTS, _OF_KIN, _OWN = 0.3, 0.1, 0.3
"""How much what laws have of reactants, and offsets of kin and of a reaction alone, count beside
what they have of cells."""
_OF_ANY = (
    "onset [V]", "onset known", "at the counter electrode",
    *(name for name in REACTION_FEATURES if name.startswith("law: ")),
)  # fmt: skip
"""What tells reactions apart whatever their reactants."""
_WIDTH = 0.3
"""How far around a reaction's onset training first looks for its dose [V]."""
_FAR = 2.0
_NEVER = -1e4


class ReactionLaws(nn.Module):
    r"""Hazards of reactions.

    The hazard of reaction :math:`j` (see :func:`~opir.models.abcc.reactions.limited_extents`) up to
    a time is :math:`\Lambda_j = e^{b_j} (\alpha_j x_j + \beta_j (\sqrt{x_j + p_j} - \sqrt{p_j}) +
    \gamma_j \ln(1 + s_j x_j) / \ln(1 + s_j))` of :math:`x_j = \sum_k w_{jk} \phi_k(t)`: weights
    :math:`w_j \ge 0` that sum to 1 over what only grows with the protocol (times below and above
    potentials, charge), and growth as time, from linear to parabolic where the film begins to hold
    it up, or as the logarithm of time (:func:`~opir.models.abcc.growth.grown`). Weights, kind of
    growth, where it turns and its size come from one network that all reactions share, over what
    the reaction is made of and what laws are told of the cell.

    **Reductions at the working electrode** share a film: what they would do without it is
    :math:`e^{b_j}` times those of the weights that count while the potential is where it is, and
    what they do is their part of what the film lets through
    (:class:`~opir.models.abcc.shared_film.SharedFilm`).

    **Size.** An offset of :math:`b_j` belongs to the reaction alone, another to all that use up
    the same, beside whatever cation (:func:`kin`). From them is taken what the strongest scavenger
    takes, as much for all reactions (:func:`~opir.models.abcc.law_context.scavengers`);
    and of reactions without electrons the logarithm of the shares of what they need of the
    electrolyte besides their scarcest reactant is added (mass action).

    **Pooling.** Few cells tell of few reactions. :meth:`apart` is how far laws are from those that
    a usual cell at this temperature has for a reaction of this law and onset, whatever reacts,
    beside whatever cation. In the loss it keeps what was learned of some cells and reactions, and
    need not have been, from being carried to others (partial pooling; Gelman and Hill 2006,
    doi:10.1017/CBO9780511790942).

    Args:
        tables: The chemistry.
        width: Of what laws are told of a cell.
        shared: Width of the network that all reactions share.
    """

    features: Tensor
    alone: Tensor
    kin: Tensor
    prior: Tensor
    scavengers: Tensor
    electrolyte: Tensor
    used: Tensor
    taken: Tensor
    brought: Tensor
    electrons: Tensor
    volumes: Tensor
    others: Tensor

    def __init__(self, tables: ChemistryTables, width: int, shared: int) -> None:
        super().__init__()
        # A cation is known of the cell; of a reaction it would be learned from the few with sodium.
        features = _scaled(tables.features) * [name != "sodium" for name in REACTION_FEATURES]
        electrolyte = tables.dissolved & ~tables.reactions.supplied
        consumed = tables.consumed > 0
        buffers = {
            "features": features,
            "alone": features * [name in _OF_ANY for name in REACTION_FEATURES],
            "prior": _prior(tables.features),
            "scavengers": tables.scavengers,
            "electrolyte": electrolyte,
            "used": consumed & electrolyte[:, None],
            "taken": tables.consumed * electrolyte[:, None],
            "brought": consumed & tables.reactions.supplied[:, None],
            "electrons": _reduced(tables.features),
            "volumes": np.maximum(tables.volumes, _LEAST_VOLUME) / _USUAL_VOLUME,
            "others": (consumed & ~electrolyte[:, None]).any(axis=0),
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.tensor(np.asarray(values), dtype=torch.float32))
        self.register_buffer("kin", torch.tensor(kin(tables)))
        self.of_context = nn.Linear(width, shared)
        # What no reaction of the training runs is made of must not speak of others.
        self.of_reaction = nn.Linear(len(REACTION_FEATURES), shared)
        nn.init.zeros_(self.of_reaction.weight)
        self.between = nn.Linear(shared, shared)
        self.last = nn.Linear(shared, GROWING + 1 + KINDS)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.own = nn.Parameter(torch.zeros(len(features)))
        self.of_kin = nn.Parameter(torch.zeros(len(features)))
        self.scavenged = nn.Parameter(torch.tensor(_FIRST_SCAVENGED / _SCALE))
        self.film = SharedFilm(width)

    def forward(
        self,
        growing: Tensor,
        visits: Tensor,
        frames: Tensor,
        context: Tensor,
        initial: Tensor,
        steps: int = STEPS,
    ) -> Tensor:
        """Hazards up to each time and, in even steps, between two of them.

        Those that share a film are told at each step; others grow in a straight line.

        Args:
            growing, visits, frames: See :class:`~opir.models.abcc.library_flow.LibraryInputs`.
            context: What laws are told of the cell, ``[batch, width]``.
            initial: Of each species in a usual optical path [mmol m-2], ``[batch, species]``.
            steps: How many between two times.

        Returns:
            0 at first and never falling, ``[batch, steps * (times - 1) + 1, reaction]``.
        """
        law = self._law(context, self.features)
        weights = torch.softmax(self.prior + 3 * law[..., :GROWING], dim=-1)
        size, kinds = law[..., GROWING], law[:, None, :, GROWING + 1 :]
        share = self._share(initial)
        lost = _SCALE * self.scavenged * self._scavenged(share)
        offset = _FIRST_HAZARD + 3 * (self.own + self.of_kin[self.kin])
        size = torch.exp((offset + 3 * size - lost + self._needed(share)).clamp(-25, 8))
        alone = size[:, None] * grown(growing @ weights.transpose(1, 2), kinds)
        reduced, there = self.electrons > 0, self._there(initial)
        rates = torch.where(reduced, size, 0.0)[..., None] * speeds(weights)
        electrons, volumes = self.electrons * there, self.volumes * there
        whole = divided(frames, steps).round()
        shared = self.film(rates, electrons, volumes, visits, whole, context)
        return torch.where(reduced, shared, divided(alone, steps))

    def apart(self, context: Tensor, usual: Tensor) -> Tensor:
        """How far laws are from those of usual cells and any reactants, mean squares, a number.

        Args:
            context: What laws are told of the cells, ``[batch, width]``.
            usual: The same of usual cells at their temperatures, ``[batch, width]``.
        """
        one, other, any_other = (
            3 * self._law(*told)
            for told in ((context, self.features), (usual, self.features), (usual, self.alone))
        )
        of_cells, of_reactants = (one - other).square().mean(), (other - any_other).square().mean()
        of_kin, own = ((3 * item).square().mean() for item in (self.of_kin[self.kin], self.own))
        return of_cells + _OF_REACTANTS * of_reactants + _OF_KIN * of_kin + _OWN * own

    def _share(self, initial: Tensor) -> Tensor:
        """Of each species in the electrolyte at first, 0 of what is not dissolved."""
        liquid = initial * self.electrolyte
        return liquid / liquid.sum(dim=1, keepdim=True).clamp_min(_LEAST)

    def _scavenged(self, share: Tensor) -> Tensor:
        """How far the electrolyte takes up what reactions need, 0 to 1, ``[batch, reaction]``."""
        there = share / (share + _THERE)
        return (there[..., None] * self.scavengers).amax(dim=1)

    def _law(self, context: Tensor, features: Tensor) -> Tensor:
        """``[batch, reaction, GROWING + 1 + KINDS]``."""
        both = nn.functional.gelu(self.of_context(context)[:, None] + self.of_reaction(features))
        found: Tensor = self.last(both + nn.functional.gelu(self.between(both)))
        return found

    def _needed(self, share: Tensor) -> Tensor:
        """What is added to sizes for what reactions need of the electrolyte, ``[batch, reaction]``.

        The scarcest reactant is left out: hazards are of that.
        """
        there = torch.log((share + _TRACE) / _USUAL_SHARE)
        scarcest = torch.where(self.used > 0, there[..., None], -_NEVER).amin(dim=1)
        counts = (self.others == 0) & (self.used > 0).any(dim=0)
        needed = there @ self.used - torch.where(counts, scarcest, 0.0)
        return torch.where(self.electrons > 0, 0.0, needed)

    def _there(self, initial: Tensor) -> Tensor:
        """Largest extent of each reaction that the electrolyte allows, ``[batch, reaction]``.

        Hazards are of that. In units of what a usual electrolyte holds, so that as much film forms
        in a thinner one. It is 0 where something of the electrolyte that the reaction takes is not
        there, or the cell has another cation: what is not there must not be learned of, however
        little, and forms no film.
        """
        some, liquid = self.taken > 0, initial * self.electrolyte / _USUAL_LIQUID
        each = torch.where(some, liquid[..., None] / torch.where(some, self.taken, 1.0), -_NEVER)
        takes = some.any(dim=0) & ((initial <= 0).to(initial.dtype) @ self.brought == 0)
        return torch.where(takes, each.amin(dim=1), 0.0)


def divided(values: Tensor, steps: int) -> Tensor:
    """Values at times and, in straight lines, at even steps between two of them.

    Args:
        values: ``[batch, times, ...]``.
        steps: How many.

    Returns:
        ``[batch, steps * (times - 1) + 1, ...]``.
    """
    share = torch.arange(steps, device=values.device, dtype=values.dtype) / steps
    begin, rise = values[:, :-1].unsqueeze(2), values.diff(dim=1).unsqueeze(2)
    between = begin + share.reshape(1, 1, steps, *(1,) * (values.ndim - 2)) * rise
    return torch.cat([between.flatten(1, 2), values[:, -1:]], dim=1)


def speeds(weights: Tensor) -> Tensor:
    """How quick a dose grows while the potential is in a range, ``[batch, reaction, range]``.

    Args:
        weights: Of what only grows, ``[batch, reaction, GROWING]``. Charges do not count.
    """
    count = len(LEVELS)
    below, above, time = weights[..., :count], weights[..., count : 2 * count], weights[..., -1:]
    lower = nn.functional.pad(below.flip(-1).cumsum(-1).flip(-1), (0, 1))
    upper = nn.functional.pad(above.cumsum(-1), (1, 0))
    return torch.cat([lower + upper + time, time], dim=-1)


def kin(tables: ChemistryTables) -> NDArray[np.int64]:
    """The first reaction that uses up as much of the same, by the same law, beside either cation.

    The same is what has the same atoms, lithium and sodium counting alike.

    Args:
        tables: The chemistry.

    Returns:
        Its number, ``[reaction]``; that of the reaction itself where none comes before it.
    """
    elements = tables.reactions.elements
    atoms = tables.reactions.composition.copy()
    if {"Li", "Na"} <= set(elements):
        atoms[elements.index("Li")] += atoms[elements.index("Na")]
        atoms[elements.index("Na")] = 0
    told = ("electrons", "at the counter electrode")
    law = [name.startswith("law: ") or name in told for name in REACTION_FEATURES]
    first: dict[object, int] = {}
    found = []
    for column, used in enumerate(tables.consumed.T):
        reactants = sorted((*atoms[:, at], used[at]) for at in np.flatnonzero(used))
        key = (*tables.features[column, law], *map(tuple, reactants))
        found.append(first.setdefault(key, column))
    return np.array(found)


def _reduced(features: np.ndarray) -> np.ndarray:
    """Electrons of reductions at the working electrode, 0 of other reactions, ``[reaction]``."""
    electrons, tafel, counter = (
        features[:, REACTION_FEATURES.index(name)]
        for name in ("electrons", "law: tafel", "at the counter electrode")
    )
    return np.asarray(np.where((tafel > 0) & (counter == 0), electrons, 0.0))


def _scaled(features: np.ndarray) -> np.ndarray:
    """About unit variance. What a reaction does not have stays 0."""
    spread = features.std(axis=0)
    # What only a few reactions have must not throw them far out when they are never trained on.
    return np.asarray(np.clip(features / np.where(spread > 0, spread, 1.0), -_FAR, _FAR))


def _prior(features: np.ndarray) -> np.ndarray:
    """Where training starts to look: at potentials below the onset, else at the time.

    What takes no electron goes by the time alone: it knows nothing of potentials and currents.
    """
    count = len(LEVELS)
    found = np.full((len(features), GROWING), -3.0)
    found[:, -1] = np.where(features[:, 1] > 0, -3.0, 0.0)
    near = -0.5 * ((np.array(LEVELS) - features[:, :1]) / _WIDTH) ** 2
    known = features[:, 1] > 0
    found[known, :count] = np.maximum(near[known], -6.0)
    found[(features[:, 2] == 0) & ~known, :-1] = _NEVER
    return found
