"""Laws of reactions: how far each one gets with the protocol, if there is enough to react."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opir.models.abcc.growth import KINDS, grown
from opir.models.abcc.law_context import HINDRANCES
from opir.models.abcc.protocol_features import GROWING, LEVELS
from opir.models.abcc.tables import REACTION_FEATURES, ChemistryTables

__all__ = ["ReactionLaws", "by_potential", "kin"]

_FIRST_HAZARD = -9.0
"""Logarithm of the hazard that training starts from, per 1e4 s at full weight."""
_FIRST_HINDERED = {"scavenged": 3.0, "behind a film": 1.0}
"""What a hindrance takes from the logarithm of the size of a law at first."""
_SCALE = 30.0
"""Of what few numbers learn: as quickly as what a network has to say, which all its weights do."""
_THERE = 0.005
"""Share of a component in the electrolyte at which it hinders half as much as it can: additives
are there, impurities are not."""
_TRACE = 3e-3
"""Share of a reactant that is taken to be there in any case: others may form it."""
_USUAL_SHARE = 0.3
"""Of a reactant in the electrolyte."""
_LEAST = 1e-6
_NOTHING = 1e-9
_LEAST_PART = 1e-3
"""Of the electrons of all reductions; a range of potentials with less of them counts no more."""
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

    **Size.** An offset of :math:`b_j` belongs to the reaction alone, another to all that use up
    the same, beside whatever cation (:func:`kin`). From them is taken

    - what the most hindering component takes, as much for all reactions
      (:func:`~opir.models.abcc.law_context.hindering`);
    - of reductions at the working electrode :math:`r \ln \sum_k z_k c_k e^{b_k}`, the same for all
      of them: they share the electrons that the film lets through (Single, Latz, Horstmann 2018,
      doi:10.1002/cssc.201800077), so where much else is reduced less is left for each. Shares
      :math:`c_k` are those of what they reduce in the electrolyte, :math:`z_k` their electrons, and
      :math:`0 < r < 1` is learned: with 1 their sum would be given, with 0 they would not know of
      each other. What runs besides differs with the potential: where reductions have only the
      part :math:`f_p` of these electrons, since their weights say that most do not run there, the
      time spent there counts :math:`f_p^{-r}` times for each of them;

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
    hinders: Tensor
    electrolyte: Tensor
    used: Tensor
    electrons: Tensor
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
            "hinders": tables.hinders,
            "electrolyte": electrolyte,
            "used": consumed & electrolyte[:, None],
            "electrons": _reduced(tables.features),
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
        first = torch.tensor([_FIRST_HINDERED[name] for name in HINDRANCES])
        self.hindered = nn.Parameter(first / _SCALE)
        self.sharing = nn.Parameter(torch.zeros(()))

    def forward(self, growing: Tensor, context: Tensor, initial: Tensor) -> Tensor:
        """Hazards up to each time, 0 at first and never falling, ``[batch, times, reaction]``.

        Args:
            growing: See :class:`~opir.models.abcc.library_flow.LibraryInputs`.
            context: What laws are told of the cell, ``[batch, width]``.
            initial: See :class:`~opir.models.abcc.library_flow.LibraryInputs`.
        """
        law = self._law(context, self.features)
        weights = torch.softmax(self.prior + 3 * law[..., :GROWING], dim=-1)
        size, kinds = law[..., GROWING], law[:, None, :, GROWING + 1 :]
        share = self._share(initial)
        hindered = self._hindrance(share) @ (_SCALE * self.hindered)
        offset = _FIRST_HAZARD + 3 * (self.own + self.of_kin[self.kin])
        size = offset + 3 * size - hindered + self._needed(share)
        speeds, spent = by_potential(weights, growing)
        taken, more = self._shared(size, share, speeds)
        size, dose = size - taken, spent @ (speeds * more).transpose(1, 2)
        hazards: Tensor = torch.exp(size.clamp(-25, 8))[:, None] * grown(dose, kinds)
        return hazards

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

    def hindrance(self, initial: Tensor) -> Tensor:
        """How far each reaction is hindered by what the electrolyte holds, in either way.

        Args:
            initial: See :class:`~opir.models.abcc.library_flow.LibraryInputs`.

        Returns:
            From 0 to 1, ``[batch, reaction, hindrance]``.
        """
        return self._hindrance(self._share(initial))

    def _share(self, initial: Tensor) -> Tensor:
        """Of each species in the electrolyte at first, 0 of what is not dissolved."""
        liquid = initial * self.electrolyte
        return liquid / liquid.sum(dim=1, keepdim=True).clamp_min(_LEAST)

    def _hindrance(self, share: Tensor) -> Tensor:
        there = share / (share + _THERE)
        return torch.stack([(there[..., None] * one).amax(dim=1) for one in self.hinders], dim=-1)

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

    def _shared(self, size: Tensor, share: Tensor, speeds: Tensor) -> tuple[Tensor, Tensor]:
        """What reductions leave each other.

        Args:
            size: Logarithms of what hazards would be otherwise, ``[batch, reaction]``.
            share: Of each species in the electrolyte, ``[batch, species]``.
            speeds: See :func:`by_potential`.

        Returns:
            What is taken from sizes, ``[batch, reaction]``, and how many times a range counts,
            ``[batch, reaction, range]``.
        """
        count = self.used.sum(dim=0)
        there = torch.exp(share.clamp_min(_NOTHING).log() @ self.used / count.clamp_min(1))
        # What is not there must not be learned of, however little.
        there = torch.where((count > 0) & ((share <= 0).float() @ self.used == 0), there, 0.0)
        each = self.electrons * there * torch.exp(size.clamp(-25, 8))
        whole = each.sum(dim=1, keepdim=True) + _NOTHING
        part = (each[:, None] @ speeds) / whole[..., None]
        power, reduced = torch.sigmoid(_SCALE * self.sharing), self.electrons > 0
        taken = power * (torch.log(whole) - _FIRST_HAZARD) * reduced
        more = torch.exp(-power * torch.log(part + _LEAST_PART))
        return taken, torch.where(reduced[:, None], more, 1.0)


def by_potential(weights: Tensor, growing: Tensor) -> tuple[Tensor, Tensor]:
    """The same dose by ranges of the potential.

    Args:
        weights: Of what only grows, ``[batch, reaction, GROWING]``.
        growing: See :class:`~opir.models.abcc.protocol_features.ProtocolFeatures`.

    Returns:
        How quick each reaction's dose grows, ``[batch, reaction, range]``, while the potential is
        below the first of :data:`LEVELS`, between two, above the last, with either charge and
        while it is not known; and how much of each there was, ``[batch, times, range]``.
    """
    count = len(LEVELS)
    below, above, time = weights[..., :count], weights[..., count : 2 * count], weights[..., -1:]
    lower = nn.functional.pad(below.flip(-1).cumsum(-1).flip(-1), (0, 1))
    upper = nn.functional.pad(above.cumsum(-1), (1, 0))
    speeds = torch.cat([lower + upper + time, weights[..., 2 * count :]], dim=-1)
    under, over = growing[..., :count], growing[..., 2 * count - 1 : 2 * count]
    spent = torch.cat([under[..., :1], under.diff(dim=-1), over], dim=-1)
    unknown = growing[..., -1:] - spent.sum(dim=-1, keepdim=True)
    spent = torch.cat([spent, growing[..., 2 * count : -1], unknown], dim=-1)
    return speeds, spent.clamp_min(0)  # rounding


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
