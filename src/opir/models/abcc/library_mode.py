"""ABCC in ``library`` mode as a forecaster: species, reactions and two streams by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.chemistry import library
from opir.errors import ModelError
from opir.models.abcc.library_flow import LibraryFlow, LibraryInputs, LibraryPath
from opir.models.abcc.protocol_features import GROWING, STATES, protocol_features
from opir.models.abcc.tables import ChemistryTables, check_descriptor, working_potential
from opir.models.base import MODELS, Arrays, check_wavenumber
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows
from opir.models.networks.adapter import Sizes, SpectraAdapter
from opir.models.networks.base import NetworkForecaster, NetworkModule

__all__ = ["AbccLibrary"]

_RUNS = 1024
_READ = 128
"""Training spectra that are explained to know what is usual."""
_LEAST_PATH = 1e-6
_STRANGE = 1.5
"""How much more than in training may stay unexplained without a remark."""


class LibraryModule(NetworkModule):
    """Adapter and flow, with the spread of the state features and what is usual of spectra."""

    state_mean: Tensor
    state_scale: Tensor
    usual_path: Tensor
    usual_unexplained: Tensor
    baseline: Tensor

    def __init__(self, adapter: SpectraAdapter, network: LibraryFlow, lines: int) -> None:
        super().__init__(adapter, network)
        self.register_buffer("state_mean", torch.zeros(STATES))
        self.register_buffer("state_scale", torch.zeros(STATES))
        self.register_buffer("usual_path", torch.ones(()))
        self.register_buffer("usual_unexplained", torch.ones(()))
        points = adapter.sizes.wavenumber
        vander = np.polynomial.legendre.legvander(np.linspace(-1, 1, points), lines - 1)
        basis = np.linalg.qr(vander)[0].T[: min(lines, points)]
        self.register_buffer("baseline", torch.tensor(basis, dtype=torch.float32))

    @property
    def flow(self) -> LibraryFlow:
        """The flow."""
        assert isinstance(self.network, LibraryFlow)
        return self.network


@MODELS.register("abcc-library")
class AbccLibrary(NetworkForecaster):
    """ABCC on the species and reactions of the chemistry library.

    Absorbance spectra of cells whose system is described; see :class:`LibraryFlow` for what it
    is made of and what holds whatever its weights. The loss is the mean absolute error against
    the measured spectra, most of it (all but ``drift_weight``) without the straight baseline of
    each spectrum: how a baseline drifts can be learned by heart but not foretold.

    Args:
        width, blocks, shared: See :class:`LibraryFlow`.
        residual_weight: Of the size of the residual in the loss, in units of the mean change.
        drift_weight: Of the error with its straight baseline.
    """

    name: ClassVar[str] = "abcc-library"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (5e-3, 3e-3),
        "width": (128, 192),
        "residual_weight": (0.1, 0.3),
    }
    rows: ClassVar[int] = 128
    loss_frames: ClassVar[int] = 8
    static: int = 8
    scores: ClassVar[int] = 32

    def __init__(
        self,
        width: int = 128,
        blocks: int = 2,
        shared: int = 32,
        residual_weight: float = 0.1,
        drift_weight: float = 0.1,
    ) -> None:
        super().__init__(
            width=width,
            blocks=blocks,
            shared=shared,
            residual_weight=residual_weight,
            drift_weight=drift_weight,
        )
        self._tables: ChemistryTables | None = None

    def build(self, sizes: Sizes) -> LibraryFlow:
        """The flow, with first weights drawn from torch's generator."""
        return LibraryFlow(
            self.tables,
            sizes.static + sizes.descriptor,
            sizes.scores,
            width=int(self.options["width"]),
            blocks=int(self.options["blocks"]),
            shared=int(self.options["shared"]),
        )

    @property
    def tables(self) -> ChemistryTables:
        """The chemistry on the axis of the spectra."""
        if self._tables is None:
            raise ModelError(f"{self.name} is not fitted", remedy="Fit it first: opir.training.fit")
        return self._tables

    @property
    def module(self) -> LibraryModule:
        """Adapter and flow."""
        found = super().module
        assert isinstance(found, LibraryModule)
        return found

    # -- training -------------------------------------------------------------------------------

    def begin(self, train: Windows, *, seed: int) -> None:
        """Fit the adapter, look up the chemistry and draw the first weights.

        Raises:
            ModelError: If the system is not described, or no species absorbs on this axis.
        """
        check_descriptor(train.inputs.descriptor)
        # Through single precision, as the axis is kept: the same tables come from a file.
        axis = np.asarray(train.inputs.wavenumber, dtype=np.float32)
        self._tables = ChemistryTables.of(library(), axis.astype(np.float64))
        adapter = SpectraAdapter.fit(train, static=self.static, scores=self.scores)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._module = LibraryModule(adapter, self.build(adapter.sizes), lines=2)
        self.trust = 1.0
        rows = np.unique(np.linspace(0, len(train) - 1, _RUNS).round().astype(int))
        some = train.inputs.rows(rows)
        state = protocol_features(*_clock(some)).state.flatten(0, 1)
        known = ~torch.isnan(state)
        count = known.sum(0).clamp(min=1)
        mean = torch.nan_to_num(state).sum(0) / count
        spread = (torch.where(known, state - mean, 0.0).square().sum(0) / count).sqrt()
        self.module.state_mean.copy_(mean)
        self.module.state_scale.copy_(torch.where(spread > 1e-6, 1 / spread.clamp(min=1e-6), 0.0))
        every = some.rows(np.unique(np.linspace(0, len(some) - 1, _READ).round().astype(int)))
        said = self.tables.read(np.asarray(every.last, dtype=np.float64), every.descriptor)
        if (said.path > 0).any():
            self.module.usual_path.fill_(float(np.median(said.path[said.path > 0])))
        self.module.usual_unexplained.fill_(float(said.unexplained.max()))

    def prepare(self, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
        """What the static spectra and the protocols say, worked out once for all steps."""
        said = self.tables.read(np.asarray(inputs.last, dtype=np.float64), inputs.descriptor)
        growing = np.empty((len(inputs), 1 + inputs.frames, GROWING), np.float32)
        state = np.empty((len(inputs), 1 + inputs.frames, STATES), np.float32)
        for start in range(0, len(inputs), self.rows):
            part = slice(start, start + self.rows)
            found = protocol_features(*_clock(inputs.rows(np.arange(len(inputs))[part])))
            growing[part] = found.growing.numpy()
            state[part] = found.state.numpy()
        return {
            "growing": growing,
            "state": state,
            "amounts": said.amounts.astype(np.float32),
            "shift": said.shift.astype(np.float32),
            "initial": said.initial.astype(np.float32),
            "path": said.path.astype(np.float32),
        }

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Error without and with a straight baseline, and the size of the residual."""
        module, flow = self.module, self.module.flow
        module.train()
        first = int(batch["given_frames"])
        count = batch["frames"].shape[1] - first
        frames = torch.randperm(count, generator=generator)[: self.loss_frames].sort().values
        frames = frames.to(batch["frames"].device)
        inputs, base = self._told(batch, batch["frames"][:, :first], frames)
        path = flow(inputs)
        residual = module.adapter.to_change(path.residual)
        change = flow.spectra(path.taken + path.moved + path.formed, inputs.shift) + residual
        error = base[:, None] + change - batch["frames"][:, first + frames]
        flat = error - error @ module.baseline.T @ module.baseline
        scale = module.adapter.scale
        return {
            "absolute": flat.abs().mean() / scale,
            "drift": self.options["drift_weight"] * error.abs().mean() / scale,
            "residual": self.options["residual_weight"] * residual.abs().mean() / scale,
        }

    def _told(
        self, batch: Mapping[str, Tensor], given: Tensor, frames: Tensor | None
    ) -> tuple[LibraryInputs, Tensor]:
        """What the flow takes in at the given frame and some of the later ones, and the base."""
        module = self.module
        static, base = module.adapter.encode_static(given)
        described = module.adapter.encode_descriptor(batch["descriptor"])
        growing, state = batch["growing"], batch["state"]
        if frames is not None:
            kept = torch.cat([frames.new_zeros(1), frames + 1])
            growing, state = growing[:, kept], state[:, kept]
        path = batch["path"] / module.usual_path
        state = torch.nan_to_num((state - module.state_mean) * module.state_scale).clamp(-8, 8)
        return LibraryInputs(
            context=torch.cat([static, described], dim=1),
            amounts=batch["amounts"],
            shift=batch["shift"],
            initial=batch["initial"],
            path=torch.where(path > _LEAST_PATH, path, torch.ones_like(path)),
            growing=growing,
            state=state,
        ), base

    # -- forecasting ----------------------------------------------------------------------------

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Spectra, both streams and the residual, amounts and extents, at ``inputs.times``.

        The streams add up to the spectra: ``solvent`` (the given frame, with what moves in it
        reversibly and what reactions take from it), ``sei`` (what forms that was not there) and
        ``residual``.
        Amounts are those of all species that react [mmol m-2, as an interphase on the electrode
        would show them]; of what is brought from outside there is a reservoir.
        """
        check_wavenumber(self, self.module.adapter.wavenumber.double().cpu().numpy(), inputs)
        check_descriptor(inputs.descriptor)
        shape = (len(inputs), inputs.frames, inputs.wavenumber.size)
        reactions = self.tables.reactions
        solvent, sei, residual = (np.empty(shape, np.float32) for _ in range(3))
        extents = np.empty((*shape[:2], len(reactions.reactions)))
        amounts = np.empty((*shape[:2], len(reactions.species)))
        for first in range(0, len(inputs), self.rows):
            part = slice(first, first + self.rows)
            found = self._part(inputs.rows(np.arange(len(inputs))[part]))
            solvent[part], sei[part], residual[part], extents[part], initial = found
            moved = extents[part] @ reactions.stoichiometry.T
            amounts[part] = np.maximum(initial[:, None] + moved, 0.0)
        return Forecast(
            spectra=solvent + sei + residual,
            times=inputs.times,
            wavenumber=inputs.wavenumber,
            model=self.name,
            streams={"solvent": solvent, "sei": sei, "residual": residual},
            amounts=amounts,
            extents=extents,
            components=reactions.species,
            reactions=reactions.reactions,
        )

    @torch.no_grad()
    def _part(self, inputs: ForecastInputs) -> tuple[NDArray[Any], ...]:
        module, flow = self.module, self.module.flow
        module.eval()
        where = module.state_mean.device
        prepared = {
            name: torch.as_tensor(values, device=where)
            for name, values in self.prepare(inputs).items()
        }
        given, prepared["descriptor"] = (
            torch.as_tensor(np.asarray(values, np.float32), device=where)
            for values in (inputs.given, inputs.descriptor)
        )
        told, base = self._told(prepared, given, None)
        path: LibraryPath = flow(told)
        trust = float(self.trust)
        solvent = base[:, None] + flow.spectra(trust * (path.taken + path.moved), told.shift)
        if trust != 1:
            solvent = solvent + (1 - trust) * (given[:, -1] - base)[:, None]
        rest = trust * module.adapter.to_change(path.residual)
        parts = (solvent, flow.spectra(trust * path.formed, told.shift), rest)
        return (
            *(item.cpu().numpy() for item in parts),
            trust * path.extents.cpu().numpy(),
            path.held.double().cpu().numpy(),
        )

    def remarks(self, inputs: ForecastInputs) -> tuple[str, ...]:
        """What a reader should know of the spectra: that the library cannot explain one."""
        said = self.tables.read(np.asarray(inputs.last, dtype=np.float64), inputs.descriptor)
        usual = float(self.module.usual_unexplained)
        worst = float(said.unexplained.max())
        if worst <= _STRANGE * usual:
            return ()
        return (
            f"{worst:.0%} of the spectrum is not explained by the chemistry library; of training "
            f"spectra it was at most {usual:.0%}. What the forecast makes of it is not to be "
            "relied on.",
        )

    # -- state ----------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], Arrays]:
        """Options, sizes, names of the chemistry and weights."""
        config, arrays = super().state()
        reactions = self.tables.reactions
        config["species"], config["reactions"] = list(reactions.species), list(reactions.reactions)
        config["populations"] = [list(label) for label in self.tables.populations]
        return config, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`.

        Raises:
            ModelError: If the chemistry library is not the one it was trained with.
        """
        model = cls(**config["options"])
        axis = np.asarray(arrays["adapter.wavenumber"], dtype=np.float64)
        tables = ChemistryTables.of(library(), axis)
        model._tables = tables
        same = (
            list(tables.reactions.species) == list(config["species"])
            and list(tables.reactions.reactions) == list(config["reactions"])
            and [list(label) for label in tables.populations] == config["populations"]
            and np.allclose(tables.reactions.stoichiometry, arrays["network.stoichiometry"])
            and np.allclose(tables.molar, arrays["network.molar"], rtol=1e-4, atol=1e-6)
        )
        if not same:
            raise ModelError(
                f"the {cls.name} in the file was trained with another chemistry library",
                remedy="Use the opir that wrote it, or train it anew",
            )
        adapter = SpectraAdapter(
            int(config["points"]),
            int(config["given"]),
            int(config["descriptor"]),
            static=int(config["static"]),
            scores=int(config["scores"]),
        )
        lines = arrays["baseline"].shape[0]
        model._module = LibraryModule(adapter, model.build(adapter.sizes), lines)
        model._module.load_state_dict({k: torch.as_tensor(v) for k, v in arrays.items()})
        model.trust = float(config["trust"])
        return model


def _clock(inputs: ForecastInputs) -> tuple[Tensor, Tensor]:
    """Times from the given frame on, and the drive there with the potential of the electrode."""
    first = inputs.given.shape[1] - 1
    drive = inputs.drive[:, first:].copy()
    drive[..., 0] = working_potential(drive[..., 0], inputs.descriptor)
    times = np.concatenate([inputs.given_times[:, -1:], inputs.times], axis=1)
    return (
        torch.tensor(times - times[:, :1], dtype=torch.float32),
        torch.tensor(drive, dtype=torch.float32),
    )
