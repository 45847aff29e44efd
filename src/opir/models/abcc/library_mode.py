"""ABCC in ``library`` mode as a forecaster: species, reactions and two streams by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opir.chemistry import library
from opir.errors import ModelError, OptionError
from opir.models.abcc.drive_between import features_in_parts
from opir.models.abcc.library_absorbance import quick_absorbance
from opir.models.abcc.library_axis import OtherAxis
from opir.models.abcc.library_doubt import chosen_doubt
from opir.models.abcc.library_extents import extent_error, taught_extents
from opir.models.abcc.library_flow import LAW, LibraryFlow, LibraryInputs, LibraryPath
from opir.models.abcc.library_module import LibraryModule, Start
from opir.models.abcc.reactions import quick_extents
from opir.models.abcc.tables import ChemistryTables, StaticState, check_descriptor
from opir.models.base import MODELS, Arrays
from opir.models.forecast import Forecast
from opir.models.inputs import ForecastInputs, Windows, from_first, given_more
from opir.models.kept_share import SHARES
from opir.models.networks.adapter import Sizes, SpectraAdapter, spaced
from opir.models.networks.base import NetworkForecaster

__all__ = ["AbccLibrary"]

Prepared = Mapping[str, NDArray[np.float32]]
"""What :meth:`AbccLibrary.prepare` gives."""

_RUNS = 1024
_LOOKED = 3
"""Frames after the given ones that tell, in validation windows, how much to carry on."""
_DOUBTED = 48
"""Validation windows that samples are held against."""
_POOLED = 4
"""Every so many of the runs of a step tell how far laws are apart: all would tell little more."""
_READ = 128
"""Training spectra that are explained to know what is usual."""
_STRANGE = 1.5
"""How much more than in training may stay unexplained without a remark."""


@MODELS.register("abcc-library")
class AbccLibrary(NetworkForecaster):
    """ABCC on the species and reactions of the chemistry library.

    Absorbance spectra of cells whose system is described; see :class:`LibraryFlow` for what it
    is made of and what holds whatever its weights. The loss is the mean absolute error against
    the measured spectra, most of it (all but ``drift_weight``) without the straight baseline of
    each spectrum: how a baseline drifts can be learned by heart but not foretold.

    Args:
        width, blocks, shared, latent, without: See :class:`LibraryFlow`.
        residual_weight: Of the size of the residual in the loss, in units of the mean change.
        drift_weight: Of the error with its straight baseline.
        latent_share: Of the runs of a step of which frames tell of the latent.
        narrowness: Of what frames tell of the latent (a divergence, in nats), in the loss.
        extent_weight: Of errors of extents in the loss, where training windows tell the true ones.
        pooling_weight: Of how far laws of reactions are from usual ones, in the loss, where windows
            tell true extents (:class:`~opir.models.abcc.reaction_laws.ReactionLaws`).
    """

    name: ClassVar[str] = "abcc-library"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "learning_rate": (5e-3, 3e-3),
        "width": (128, 192),
        "residual_weight": (0.1, 0.3),
        "latent_share": (0.5, 0.25),
    }
    any_axis: ClassVar[bool] = True
    needs_system: ClassVar[bool] = True
    rows: ClassVar[int] = 128
    loss_frames: ClassVar[int] = 8
    static: int = 8
    scores: ClassVar[int] = 32
    calibration: ClassVar[float] = 28.0

    def __init__(
        self,
        width: int = 128,
        blocks: int = 2,
        shared: int = 32,
        latent: int = 8,
        residual_weight: float = 0.1,
        drift_weight: float = 0.1,
        latent_share: float = 0.5,
        narrowness: float = 1e-5,
        extent_weight: float = 0.5,
        pooling_weight: float = 0.1,
        without: str = "",
    ) -> None:
        super().__init__(
            width=width,
            blocks=blocks,
            shared=shared,
            latent=latent,
            residual_weight=residual_weight,
            drift_weight=drift_weight,
            latent_share=latent_share,
            narrowness=narrowness,
            extent_weight=extent_weight,
            pooling_weight=pooling_weight,
            without=without,
        )
        self._tables: ChemistryTables | None = None
        self._other: OtherAxis | None = None
        self._usual = np.ones(0, np.float32)
        self._looked: tuple[ForecastInputs | None, Prepared] = None, {}

    def build(self, sizes: Sizes) -> LibraryFlow:
        """The flow, with first weights drawn from torch's generator."""
        return LibraryFlow(
            self.tables,
            sizes.static + sizes.descriptor,
            sizes.scores,
            width=int(self.options["width"]),
            blocks=int(self.options["blocks"]),
            shared=int(self.options["shared"]),
            latent=int(self.options["latent"]),
            without=str(self.options["without"]),
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
        some = from_first(train.rows(spaced(len(train), _RUNS)))
        adapter = SpectraAdapter.fit(some, static=self.static, scores=self.scores)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self._module = LibraryModule(adapter, self.build(adapter.sizes), lines=2)
        self.trust, self._looked = 1.0, (None, {})
        state = torch.from_numpy(features_in_parts(some.inputs, self.rows)[1])
        self.module.keep_states(state.flatten(0, 1))
        self.module.keep_range(train.inputs)
        said = self._read(some.inputs.rows(spaced(len(some), _READ)))
        if (seen := said.path[said.path > 0]).size:
            self.module.usual_path.fill_(float(np.median(seen)))
        self.module.usual_unexplained.fill_(float(said.unexplained.max()))

    def _read(self, inputs: ForecastInputs) -> StaticState:
        """The first given spectra, explained."""
        axis = self._axis(inputs.wavenumber)
        tables = self.tables if axis is None else axis.tables
        return tables.read(np.asarray(inputs.given[:, 0], dtype=np.float64), inputs.descriptor)

    def prepare(self, inputs: ForecastInputs) -> dict[str, NDArray[np.float32]]:
        """What the first given spectra and the protocols from there on say, once for all steps."""
        said = self._read(inputs)
        growing, state, stays = features_in_parts(inputs, self.rows)
        read = {name: getattr(said, name) for name in ("amounts", "shift", "initial", "path")}
        read = {name: values.astype(np.float32) for name, values in read.items()}
        return {"growing": growing, "visits": stays, "state": state, **read}

    def look(self, inputs: ForecastInputs) -> Forecast:
        """As of :meth:`forecast`; what the same inputs say is worked out once for all looks."""
        if self._looked[0] is not inputs:
            self._looked = inputs, self.prepare(inputs)
        return self.forecast(inputs)

    def taught(self, windows: Windows) -> dict[str, NDArray[np.float32]]:
        """True extents, where they are known (:mod:`opir.models.abcc.library_extents`)."""
        if windows.extents is None or not self.options["extent_weight"]:
            return {}
        found, self._usual = taught_extents(windows, self.tables.reactions.reactions)
        return {"extents": found}

    def losses(self, batch: Mapping[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        """Terms of the loss by name; of some of the runs frames have told of the latent."""
        module = self.module
        module.train()
        given, later = batch["frames"][:, :1], batch["frames"][:, 1:]
        frames = torch.randperm(later.shape[1], generator=generator)[: self.loss_frames]
        frames = frames.sort().values.to(later.device)
        told, base = module.told(batch, given)
        told, wanted = told.at(frames), later[:, frames] - base[:, None]
        known = frames < int(batch["given_frames"]) - 1
        told, nats = module.drawn(told, wanted, known, self.options["latent_share"], generator)
        error, residual, path = module.beyond(told, wanted)
        scale = module.adapter.scale
        terms = {
            "absolute": module.flat(error).abs().mean() / scale,
            "drift": self.options["drift_weight"] * error.abs().mean() / scale,
            "residual": self.options["residual_weight"] * residual.abs().mean() / scale,
            "narrowness": self.options["narrowness"] * nats,
        }
        if "extents" in batch:
            off = extent_error(path.extents, batch["extents"][:, 1:][:, frames], self._usual)
            apart = module.flow.laws_apart(told.rows(slice(None, None, _POOLED)))
            terms["extents"] = self.options["extent_weight"] * off
            terms["pooling"] = self.options["pooling_weight"] * apart
        return terms

    def calibrate(self, validation: Windows) -> None:
        """Choose how much of what given frames show beyond the forecast is carried on.

        Also the spread of latents, the doubt in them, and how much of the change is trusted.
        """
        more = min(_LOOKED, validation.inputs.frames // 2)
        windows = given_more(validation, more) if more else validation
        found = []
        self.trust = 1.0
        for share in (0.0, 1.0):
            self.module.carried.fill_(share)
            found.append(self.look(windows.inputs).spectra)
        none, gained = found[0] - windows.target, found[1] - found[0]
        errors = [np.abs(none + share * gained).mean() for share in SHARES]
        self.module.carried.fill_(float(SHARES[int(np.argmin(errors))]))
        # How far latents lie from 0 once nearly all frames of a cell have told of them.
        told = given_more(validation, validation.inputs.frames - 1).inputs
        squares = []
        for _, start in self._starts(told, None):
            squares.append(start.told.latent.square() + start.spread.square())
        self.module.latent_spread.copy_(torch.cat(squares).mean(dim=0).sqrt())
        few = validation.rows(spaced(len(validation), _DOUBTED))
        self.module.doubt.fill_(1.0)
        for place, count in enumerate((0, more)):
            some = given_more(few, count)
            _, start = next(iter(self._starts(some.inputs, None)))
            frames = spaced(some.inputs.frames, self.loss_frames)
            later = torch.as_tensor(frames + start.more, device=start.base.device)
            seen = torch.as_tensor(some.target[:, frames].astype(np.float32), device=later.device)
            self.module.doubt[place] = chosen_doubt(self.module, start, later, seen)
        super().calibrate(validation)

    # -- forecasting ----------------------------------------------------------------------------

    def forecast(self, inputs: ForecastInputs) -> Forecast:
        """Spectra, both streams and the residual, amounts and extents, at ``inputs.times``.

        The flow starts at the first given frame; later ones tell of what is peculiar of the cell.
        The streams add up to the spectra: ``solvent`` (the given frame, with what moves in it
        reversibly and what reactions take from it), ``sei`` (what forms that was not there) and
        ``residual``.
        Amounts are those of all species that react [mmol m-2, as an interphase on the electrode
        would show them]; of what is brought from outside there is a reservoir. The shift of a
        species is the mean over its forms, 0 where none is seen in the given frame.
        """
        check_descriptor(inputs.descriptor)
        axis = self._axis(inputs.wavenumber)
        reactions = self.tables.reactions
        found = [self._parts(start, start.told) for _, start in self._starts(inputs, axis)]
        solvent, sei, residual, extents, initial, shift = (
            items[0] if len(items) == 1 else np.concatenate(items)
            for items in zip(*found, strict=True)
        )
        amounts = initial[:, None] + extents @ reactions.stoichiometry.T
        spectra = solvent + sei
        spectra += residual
        return Forecast(
            spectra=spectra,
            times=inputs.times,
            wavenumber=inputs.wavenumber,
            model=self.name,
            streams={"solvent": solvent, "sei": sei, "residual": residual},
            amounts=np.maximum(amounts, 0.0, out=amounts),
            extents=extents,
            shift=shift,
            components=reactions.species,
            reactions=reactions.reactions,
        )

    def sample(self, inputs: ForecastInputs, count: int, seed: int) -> NDArray[np.float32]:
        """Whole trajectories of cells that may be this one, without the noise of an instrument.

        The latent is drawn from what is known of it: with one given frame as it is spread over
        validation runs, more narrowly with more of them, and so far apart that intervals of
        samples come nearest to what they should hold of validation runs.

        Returns:
            Shape ``[count, batch, frames, wavenumber]``.

        Raises:
            ModelError: As of :meth:`forecast`.
            OptionError: If ``count`` is below 1.
        """
        if count < 1:
            raise OptionError(f"{count} samples were asked for; at least 1 is needed")
        check_descriptor(inputs.descriptor)
        generator = torch.Generator().manual_seed(seed)
        spectra = np.empty((count, len(inputs), inputs.frames, inputs.wavenumber.size), np.float32)
        for part, start in self._starts(inputs, self._axis(inputs.wavenumber)):
            for number in range(count):
                noise = torch.randn(start.told.latent.shape, generator=generator)
                noise = self.module.drawn_apart(start) * noise.to(start.base.device)
                drawn = replace(start.told, latent=start.told.latent + noise)
                spectra[number, part] = sum(self._parts(start, drawn)[:3])
        return spectra

    def _axis(self, wavenumber: NDArray[np.float64]) -> OtherAxis | None:
        """None where it is the one trained on."""
        own = self.tables.wavenumber
        if own.shape == wavenumber.shape and np.allclose(own, wavenumber, rtol=0, atol=1e-3):
            return None
        if self._other is None or not np.array_equal(self._other.tables.wavenumber, wavenumber):
            self._other = OtherAxis.of(self.tables, wavenumber, self.name)
        return self._other

    def _starts(
        self, inputs: ForecastInputs, axis: OtherAxis | None
    ) -> Iterator[tuple[slice, Start]]:
        """Some rows at a time: which ones, and what their given frames say."""
        before, known = self._looked
        known = known if axis is None and inputs is before else {}
        for first in range(0, len(inputs), self.rows):
            part = slice(first, first + self.rows)
            said = {name: values[part] for name, values in known.items()}
            yield part, self._start(inputs.rows(np.arange(len(inputs))[part]), axis, said)

    @torch.no_grad()
    def _start(self, asked: ForecastInputs, axis: OtherAxis | None, said: Prepared) -> Start:
        """What the given frames say; ``said``, if anything, is what was prepared of them."""
        module = self.module
        module.eval()
        inputs = asked if axis is None else axis.onto_own(asked)
        where = module.state_mean.device
        said = said or self.prepare(inputs)
        batch = {name: torch.as_tensor(values, device=where) for name, values in said.items()}
        given, batch["descriptor"] = (
            torch.as_tensor(np.asarray(values, np.float32), device=where)
            for values in (inputs.given, inputs.descriptor)
        )
        told, base = module.told(batch, given[:, :1])
        spread = torch.ones_like(told.latent)
        more = given.shape[1] - 1
        carried = torch.zeros_like(base)
        if more:
            seen = told.at(torch.arange(more, device=where))
            wanted = given[:, 1:] - base[:, None]
            beyond = module.beyond(seen, wanted)[0]
            mean, variance = module.posterior(seen, beyond, torch.ones_like(beyond[..., 0]))
            told, spread = replace(told, latent=mean), variance.sqrt()
            beyond = module.beyond(replace(seen, latent=mean), wanted)[0]
            scores = module.adapter.to_scores(beyond.mean(dim=1))
            carried = module.carried * module.adapter.to_change(scores)
        basis = module.adapter.change_basis * module.adapter.change_scale[:, None]
        molar, slope, last = module.flow.molar, module.flow.slope, given[:, -1]
        if axis is not None:
            # The frames as they were measured, less what was taken off as noise.
            first, last = (
                torch.as_tensor(asked.given[:, at].astype(np.float32), device=where)
                for at in (0, -1)
            )
            base = first - axis.interpolated(given[:, 0] - base)
            carried, basis = axis.interpolated(carried), axis.interpolated(basis)
            molar, slope = (
                torch.as_tensor(values.astype(np.float32), device=where)
                for values in (axis.tables.molar, axis.tables.slope)
            )
        return Start(told, spread, base, carried, last, more, molar, slope, basis)

    @torch.no_grad()
    def _parts(self, start: Start, told: LibraryInputs) -> tuple[NDArray[Any], ...]:
        """Streams, residual, extents, amounts at first and shifts, after the given frames."""
        path: LibraryPath = self.module.flow(told, quick_extents)
        trust, more = float(self.trust), start.more

        def absorbed(change: Tensor, bent: Tensor) -> Tensor:
            change, bent = trust * change[:, more:], trust * bent[:, more:]
            return quick_absorbance(change, bent, start.molar, start.slope)

        # Without trust: persistence of the last given frame.
        base = trust * start.base[:, None] + (1 - trust) * start.last[:, None]
        rest = (trust * path.residual[:, more:]) @ start.basis
        first, change = told.shift[:, None], path.taken + path.moved
        parts = (
            absorbed(change, change * first + path.bent(change, told)).add_(base),
            absorbed(path.formed, path.formed * first),
            rest.add_(trust * start.carried[:, None]),
        )
        return (
            *(item.cpu().numpy() for item in parts),
            (trust * path.extents[:, more:]).contiguous().cpu().numpy(),
            path.held.double().cpu().numpy(),
            self.module.flow.mean_shift(path, told)[:, more:].cpu().numpy(),
        )

    def remarks(self, inputs: ForecastInputs) -> tuple[str, ...]:
        """What a reader should know of the spectra: that the library cannot explain one."""
        said = self._read(inputs)
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
        """Options, sizes, names of the chemistry, number of the law, and weights."""
        config, arrays = super().state()
        return config | self.tables.names | {"law": LAW}, arrays

    @classmethod
    def from_state(cls, config: Mapping[str, Any], arrays: Arrays) -> Self:
        """From :meth:`state`.

        Raises:
            ModelError: If the chemistry library or the law is not the one it was trained with.
        """
        model = cls(**config["options"])
        axis = np.asarray(arrays["adapter.wavenumber"], dtype=np.float64)
        model._tables = tables = ChemistryTables.of(library(), axis)
        known = config.get("law") == LAW
        if not known or not tables.are_those_of(config, arrays):
            other = "chemistry library" if known else "law of reactions"
            raise ModelError(
                f"the {cls.name} in the file was trained with another {other}",
                remedy="Use the opir that wrote it, or train it anew",
            )
        adapter = SpectraAdapter.empty(config)
        lines = arrays["baseline"].shape[0]
        model._module = LibraryModule(adapter, model.build(adapter.sizes), lines)
        model._module.load_state_dict({k: torch.as_tensor(v) for k, v in arrays.items()})
        model.trust = float(config["trust"])
        return model
