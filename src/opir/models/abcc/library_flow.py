"""The flow of the library mode: reactions and reversible coordinates of species, and a rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor, nn

from opir.errors import UnknownNameError
from opir.models.abcc.law_context import told_to_laws
from opir.models.abcc.library_absorbance import absorbance
from opir.models.abcc.protocol_features import GROWING, STATES
from opir.models.abcc.reaction_laws import ReactionLaws
from opir.models.abcc.reactions import Catalysis, limited_extents
from opir.models.abcc.reversible import exchanged
from opir.models.abcc.tables import REACTION_FEATURES, USUAL_DILUTION, ChemistryTables
from opir.models.abcc.visits import STEPS
from opir.models.descriptor import DESCRIPTOR
from opir.models.known_systems import WITHIN_SYSTEMS
from opir.models.networks.layers import Residual

__all__ = [
    "LARGEST_SHIFT",
    "LAW",
    "PARTS",
    "LibraryFlow",
    "LibraryInputs",
    "LibraryPath",
]

_STEPS_IN_TRAINING = 1
"""Between two of the frames that are compared, in which extents follow: more cost a third of the
steps of a training, and were worth nothing."""

PARTS = ("irreversible", "reversible", "residual")
"""What changes of the spectrum are made of."""

LAW = 3
"""Number of the formulas: one higher whenever the same weights would forecast something else."""

LARGEST_SHIFT = 1.0
"""How far the bands of a population move at most while the state of the cell changes [cm-1]."""

_FIRST_PRECISION = 2.0
"""Before its softplus, of what a frame tells: with less, training learns to ignore the latent."""
_CATALYST = 0.01
"""How much of a catalyst is usual beside a usual amount of electrolyte [mmol m-2 as seen]."""
_STATE = 0.1
"""Of what reversible coordinates learn: as quickly as the rest."""
_ROOT = 1e-6
_LEAST = 1e-6
"""Of a species in the static spectrum [mmol m-2]; what is below was not there."""


@dataclass(frozen=True)
class LibraryInputs:
    """What the flow takes in; the first entry of a time axis is the given frame.

    Attributes:
        context: What does not depend on time, about unit variance, ``[batch, context]``.
        amounts, shift: Of each population, see :class:`StaticState`, ``[batch, population]``.
        initial: Of each species that reacts, ``[batch, species]``.
        path: Optical path relative to a usual cell, ``[batch]``.
        growing: See :class:`ProtocolFeatures`, ``[batch, times, GROWING]``.
        visits: Of the working electrode's potential, see :func:`~opir.models.abcc.visits.visits`,
            ``[batch, visit, 3]``.
        frames: How many steps of the visits are over at these times, ``[batch, times]``.
        state: About unit variance, 0 where not known, ``[batch, times, STATES]``.
        latent: What is peculiar of this cell and not known beforehand, 0 for a usual one,
            ``[batch, latent]``.
        dilution: See :func:`opir.models.abcc.tables.dilution_of`, ``[batch]``.
    """

    context: Tensor
    amounts: Tensor
    shift: Tensor
    initial: Tensor
    path: Tensor
    growing: Tensor
    visits: Tensor
    frames: Tensor
    state: Tensor
    latent: Tensor
    dilution: Tensor

    def at(self, frames: Tensor) -> LibraryInputs:
        """The given frame and some of the later ones, numbered from 0."""
        kept = torch.cat([frames.new_zeros(1), frames + 1])
        growing, numbers, state = (
            values[:, kept] for values in (self.growing, self.frames, self.state)
        )
        return replace(self, growing=growing, frames=numbers, state=state)

    def rows(self, rows: slice) -> LibraryInputs:
        """Some of the batch."""
        return LibraryInputs(*(getattr(self, item.name)[rows] for item in fields(self)))


@dataclass(frozen=True)
class LibraryPath:
    """Changes since the given frame, at the times after it.

    Attributes:
        taken: Change, by reactions, of the populations that were there to begin with
            [mmol m-2 as seen], ``[batch, times, population]``.
        moved: Their change by reversible coordinates, the same shape.
        shift: How far the bands of each population have moved since the given frame [cm-1], by
            the state of the cell, the same shape.
        formed: Populations of what was not there before, never negative, the same shape.
        residual: What the library lacks, as scores, ``[batch, times, scores]``.
        extents: Of the reactions [mmol m-2 as seen in the interphase], double precision,
            ``[batch, times, reaction]``.
        held: Amounts of the species that react at the given frame, in the same unit,
            ``[batch, species]``.
    """

    taken: Tensor
    moved: Tensor
    shift: Tensor
    formed: Tensor
    residual: Tensor
    extents: Tensor
    held: Tensor

    def bent(self, change: Tensor, inputs: LibraryInputs) -> Tensor:
        """What is there of each population times how far its bands have moved [mmol m-2 cm-1].

        Args:
            change: Of what was there to begin with [mmol m-2], ``[batch, times, population]``.
            inputs: What the path was made from.
        """
        return (inputs.amounts[:, None] + change) * self.shift


class LibraryFlow(nn.Module):
    r"""Displacement of a spectrum from the given frame to any later time.

    **Irreversible.** Hazards of reactions (:class:`~opir.models.abcc.reaction_laws.ReactionLaws`)
    never fall, whatever the weights of the networks, and extents neither
    (:func:`limited_extents`); amounts are never negative; atoms are kept.

    **Reversible.** The forms of a species turn into each other and all of a kind become more or
    less (:func:`~opir.models.abcc.reversible.exchanged`), by functions of the state of the drive
    and of how much interphase there is, less those at the given frame. So do the bands shift,
    bounded by :data:`LARGEST_SHIFT`. A part is common to all populations of a kind (free or bound,
    of a molecule or an ion): an anion never trained on moves as anions do.

    **Residual.** Scores of principal components from a network over both, less those at the given
    frame, for what the library does not hold. Training makes it small.

    **Peculiar.** Cells of one kind differ. A latent of a few numbers, normal about 0 beforehand,
    enters the context; what frames of a cell show beyond the forecast of a usual one tells of it
    (:meth:`posterior`).

    Args:
        tables: The chemistry.
        context: Numbers of the context; the last ones are the descriptor.
        scores: Of the residual.
        width, blocks: Of the networks over time.
        shared: Width of the network that all reactions share.
        latent: Numbers of the latent.
        without: One of :data:`PARTS` that is left out, to see what it is worth.
    """

    molar: Tensor
    slope: Tensor
    stoichiometry: Tensor
    consumed: Tensor
    shown: Tensor
    forms: Tensor
    dissolved: Tensor
    solid: Tensor
    kinds: Tensor
    alike: Tensor
    catalysts: Tensor
    told_to_laws: Tensor
    of_usual: Tensor
    at_surface: Tensor

    def __init__(
        self,
        tables: ChemistryTables,
        context: int,
        scores: int,
        *,
        width: int = 128,
        blocks: int = 2,
        shared: int = 32,
        latent: int = 8,
        without: str = "",
    ) -> None:
        super().__init__()
        if without and without not in PARTS:
            raise UnknownNameError("part of the flow", without, PARTS)
        self.without = without
        self.catalysis = Catalysis.of(tables.consumed, tables.catalysts)
        labels = tables.populations
        self.most = int((tables.consumed > 0).sum(axis=0).max())
        buffers = {
            "molar": tables.molar,
            "slope": tables.slope,
            "stoichiometry": tables.reactions.stoichiometry,
            "consumed": tables.consumed,
            "shown": tables.shown,
            "forms": tables.forms,
            "dissolved": tables.dissolved,
            "solid": tables.solid,
            "kinds": tables.kinds,
            "alike": np.array([[a == b for b, _ in labels] for a, _ in labels]),
            "catalysts": tables.catalysts,
        }
        for name, values in buffers.items():
            self.register_buffer(name, torch.tensor(np.asarray(values), dtype=torch.float32))
        laws = torch.ones(context)
        laws[context - len(DESCRIPTOR) :] = torch.as_tensor(told_to_laws(), dtype=torch.float32)
        self.register_buffer("told_to_laws", laws)
        usual = torch.zeros(context)
        within = [any(word in name for word in WITHIN_SYSTEMS) for name in DESCRIPTOR]
        usual[context - len(DESCRIPTOR) :] = torch.tensor(within, dtype=torch.float32)
        self.register_buffer("of_usual", usual)
        tafel = tables.features[:, REACTION_FEATURES.index("law: tafel")]
        self.register_buffer("at_surface", torch.tensor(tafel > 0))
        self.context_in = nn.Linear(context, width)
        self.context_inside = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.of_latent = nn.Linear(latent, width, bias=False)
        self.observed_in = nn.Linear(scores + STATES + GROWING, width)
        self.observed_inside = nn.Sequential(nn.GELU(), nn.Linear(width, width), nn.GELU())
        self.observed_out = nn.Linear(width, 2 * latent)
        self.laws = ReactionLaws(tables, width, shared)
        self.state_gate = nn.Linear(width, 2 * width)
        self.state_in = nn.Linear(STATES + 1, width)
        self.state_inside = nn.Sequential(Residual(width), nn.LayerNorm(width))
        self.state_of_kind = _zero(nn.Linear(width, len(tables.kinds)))
        self.state_of_each = _zero(nn.Linear(width, len(tables.populations)))
        self.shift_of_kind = _zero(nn.Linear(width, len(tables.kinds)))
        self.shift_of_each = _zero(nn.Linear(width, len(tables.populations)))
        self.residual_gate = nn.Linear(width, 2 * width)
        self.residual_in = nn.Linear(STATES + 3 * GROWING, width)
        self.residual_out = nn.Sequential(
            *(Residual(width) for _ in range(blocks)),
            nn.LayerNorm(width),
            _zero(nn.Linear(width, scores)),
        )

    def forward(
        self, inputs: LibraryInputs, extents: Callable[..., tuple[Tensor, Tensor]] = limited_extents
    ) -> LibraryPath:
        """The changes at all times but the first, which is the given frame.

        Args:
            inputs: What the flow takes in.
            extents: :func:`limited_extents`, or :func:`quick_extents` where no gradient is needed.
        """
        context = self.context(inputs)
        dilution = inputs.dilution[:, None]
        hazards = self.hazards(inputs)
        # At an electrode so much runs per surface, however much electrolyte is beside it.
        hazards = hazards * torch.where(self.at_surface, dilution / USUAL_DILUTION, 1.0)[:, None]
        in_liquid = self.dissolved > 0
        # In the liquid so much runs per concentration of a catalyst.
        liquid = dilution / (USUAL_DILUTION * _CATALYST)
        hazards = hazards * torch.where(self.catalysts.any(dim=0), liquid, 1.0)[:, None]
        # Amounts count as they are seen in the interphase; the liquid is more than it shows.
        held = torch.where(in_liquid, inputs.initial / dilution, inputs.initial)
        # In double precision: what is made and used up again may be far more than what is left.
        exact, _ = extents(
            hazards.diff(dim=1).clamp_min(0).double(),
            held.double(),
            self.consumed.double(),
            self.stoichiometry.double(),
            catalysis=self.catalysis,
            most=self.most,
        )
        exact = exact[:, self.steps - 1 :: self.steps]
        change = (exact @ self.stoichiometry.double().T).to(held.dtype)
        seen = change * torch.where(in_liquid, dilution, 1.0)[:, None]
        whole = inputs.amounts @ self.forms.T
        there = in_liquid & (whole > _LEAST)
        share = torch.where(there[:, None], seen / whole.clamp_min(_LEAST)[:, None], 0.0)
        taken = (share.clamp_min(-1.0) @ self.forms) * inputs.amounts[:, None]
        formed = torch.where(there[:, None], 0.0, seen).clamp_min(0) @ self.shown
        film = seen * self.solid

        start = torch.zeros_like(film[:, :1, :1])
        thick = torch.log1p(20 * film.clamp_min(0).sum(dim=-1, keepdim=True))
        state = torch.cat([inputs.state, torch.cat([start, thick], dim=1)], dim=-1)
        inside = self.state_inside(_gated(self.state_in(state), self.state_gate(context)))
        of_kind = self.state_of_kind(inside)
        binding = of_kind[..., :2] @ self.kinds[1::2] + self.state_of_each(inside)
        crowding = of_kind[..., 2:] @ (self.kinds[::2] + self.kinds[1::2])
        moved = exchanged(
            (inputs.amounts[:, None] + taken).clamp_min(0),
            self.alike,
            _STATE * (binding[:, 1:] - binding[:, :1]),
            _STATE * (crowding[:, 1:] - crowding[:, :1]),
        )
        bend = torch.tanh(self.shift_of_kind(inside) @ self.kinds + self.shift_of_each(inside))
        shift = 0.5 * LARGEST_SHIFT * (bend[:, 1:] - bend[:, :1])

        growing = inputs.growing
        told = [growing, torch.sqrt(growing + _ROOT), torch.log1p(100 * growing)]
        both = self.residual_in(torch.cat([inputs.state, *told], dim=-1))
        scores = self.residual_out(_gated(both, self.residual_gate(context)))
        residual = (scores[:, 1:] - scores[:, :1]) * inputs.path[:, None, None]
        if self.without == "irreversible":
            taken, formed, exact = (torch.zeros_like(item) for item in (taken, formed, exact))
        elif self.without == "reversible":
            moved, shift = torch.zeros_like(moved), torch.zeros_like(shift)
        elif self.without == "residual":
            residual = torch.zeros_like(residual)
        return LibraryPath(taken, moved, shift, formed, residual, exact, held)

    def context(self, inputs: LibraryInputs, told: Tensor | None = None) -> Tensor:
        """What does not depend on time, the latent with it, ``[batch, width]``.

        Args:
            inputs: What it is of.
            told: 1 for each number that is told of, 0 for those that count as usual, ``[context]``;
                all are told by default.
        """
        known = inputs.context if told is None else inputs.context * told
        both = self.context_in(known) + self.of_latent(inputs.latent)
        found: Tensor = self.context_inside(both)
        return found

    def posterior(
        self, inputs: LibraryInputs, beyond: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor]:
        r"""What frames of a cell tell of its latent.

        Each frame gives a mean and a precision, which add to the precision 1 of what is known
        beforehand (Volpp et al. 2021, Bayesian context aggregation, ICLR 2021). So without frames
        it is the standard normal, and every frame more makes it narrower.

        Args:
            inputs: Of a usual cell (its latent is not looked at).
            beyond: What the frames show beyond the forecast with the latent 0, as scores about
                unit variance, ``[batch, times - 1, scores]``.
            seen: Which of them are known, 1 or 0, ``[batch, times - 1]``.

        Returns:
            Mean and variance, ``[batch, latent]``.
        """
        context = self.context(replace(inputs, latent=torch.zeros_like(inputs.latent)))
        grown = torch.log1p(100 * inputs.growing[:, 1:])
        told = torch.cat([(4 * beyond).clamp(-8, 8), inputs.state[:, 1:], grown], dim=-1)
        both = self.observed_inside(self.observed_in(told) + context[:, None])
        mean, precision = self.observed_out(both).chunk(2, dim=-1)
        precision = nn.functional.softplus(precision + _FIRST_PRECISION) * seen[..., None]
        variance = 1 / (1 + precision.sum(dim=1))
        return (precision * mean).sum(dim=1) * variance, variance

    @property
    def steps(self) -> int:
        """Between two times, in which extents follow."""
        return _STEPS_IN_TRAINING if self.training else STEPS

    def hazards(self, inputs: LibraryInputs) -> Tensor:
        """Of reactions at the times, and in even steps between two of them.

        In training, of fewer steps (:attr:`steps`).

        Returns:
            ``[batch, steps * (times - 1) + 1, reaction]``: 0 at first, never falling.
        """
        told = self.context(inputs, self.told_to_laws)
        initial = inputs.initial / inputs.path[:, None]
        found: Tensor = self.laws(
            inputs.growing, inputs.visits, inputs.frames, told, initial, self.steps
        )
        return found

    def laws_apart(self, inputs: LibraryInputs) -> Tensor:
        """How far laws of these cells are from usual ones (:meth:`ReactionLaws.apart`)."""
        usual = self.context(inputs, self.of_usual)
        return self.laws.apart(self.context(inputs, self.told_to_laws), usual)

    def spectra(self, path: LibraryPath, inputs: LibraryInputs) -> Tensor:
        """What all populations change, on the axis trained on, ``[batch, times, wavenumber]``."""
        change = path.taken + path.moved
        bent = path.bent(change, inputs)
        whole = change + path.formed
        return absorbance(whole, whole * inputs.shift[:, None] + bent, self.molar, self.slope)

    def mean_shift(self, path: LibraryPath, inputs: LibraryInputs) -> Tensor:
        """Of the bands of each species beside the library's [cm-1], ``[batch, times, species]``.

        The mean over its forms in the given frame, by their amounts; 0 where there are none.
        """
        whole = inputs.amounts @ self.forms.T
        moves = inputs.amounts[:, None] * (inputs.shift[:, None] + path.shift)
        share = torch.where(whole > _LEAST, 1 / whole.clamp_min(_LEAST), 0.0)
        found: Tensor = (moves @ self.forms.T) * share[:, None]
        return found


def _gated(values: Tensor, gate: Tensor) -> Tensor:
    """Scaled and moved by the context (Perez et al. 2018, FiLM, arXiv 1709.07871)."""
    scale, offset = gate[:, None].chunk(2, dim=-1)
    return values * (1 + scale) + offset


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
