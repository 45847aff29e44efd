"""Runs of a simulated set simulated again, with some of their hidden constants drawn anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from opir.chemistry import SystemModel
from opir.errors import OptionError, SimulationError, StoreError, ValueRangeError
from opir.run.store import Store
from opir.simulate.cell.variation import Draws
from opir.simulate.dataset.domain import domain_library
from opir.simulate.dataset.generate import chemistry_hash
from opir.simulate.dataset.plan import Task, draw_task
from opir.simulate.dataset.preset import Preset
from opir.simulate.dataset.shifted import LINE_SHAPE
from opir.simulate.dataset.variant import vary_composition
from opir.simulate.replicas.knowledge import known_draws
from opir.simulate.single_run import TOLERANCE, FrameTimes, Simulation, simulate

__all__ = ["REPLICA_TOLERANCE", "KnownRun", "Repeater", "Replicas", "SameStage"]

_Floats = NDArray[np.float64]

REPLICA_TOLERANCE = 3e-5
"""Relative tolerance of the kinetics of replicas. They take a third less time than with that of
runs, and spectra change by 1e-6 in the mean (1e-5 in the worst of 41 runs): far below the noise."""

_TRIES = 2

_SAME = 5e-5
"""Largest difference in absorbance between a run and itself simulated again. On the machine that
made it there is none but that of single precision; others may differ in the solver's last steps."""


@dataclass(frozen=True)
class SameStage:
    """Frame times at the same stage of the protocol as in another course of it.

    A step that ends at a cutoff lasts a little longer or shorter in another cell. A frame is put
    at the same share of the same step; where the steps are not the same (one was over as soon as
    it began, in one of the cells), at the same share of the whole.

    Attributes:
        frames: Times of the frames in the other course [s], rising, ``[time]``.
        edges: Where its steps begin, and its end [s], rising, ``[step + 1]``.
    """

    frames: _Floats
    edges: _Floats

    def times(self, edges: ArrayLike) -> _Floats:
        """Times [s], rising, ``[time]``, from the edges of this course's steps [s]."""
        here = np.asarray(edges, dtype=np.float64)
        there = self.edges
        if here.size != there.size:
            here, there = here[[0, -1]], there[[0, -1]]
        return np.interp(self.frames, there, here)


@dataclass(frozen=True)
class KnownRun:
    """A run of a set and all that decided it.

    Attributes:
        id: Its name in the store.
        task: System, protocol, conditions, instrument.
        model: The system with the composition of the run.
        draws: Hidden constants of its cell: name -> factor or difference.
        clean: Noise-free spectra, ``[time, wavenumber]``.
        wavenumber: [cm-1], ``[wavenumber]``.
        stage: Its frame times, and the edges of the steps of its protocol.
        present: Species that are there at the first frame.
        native_film: The solids among them.
    """

    id: str
    task: Task
    model: SystemModel
    draws: Mapping[str, float]
    clean: _Floats
    wavenumber: _Floats
    stage: SameStage
    present: frozenset[str]
    native_film: frozenset[str]

    @property
    def entropy(self) -> int:
        """A number of its own, for seeds."""
        return int.from_bytes(hashlib.sha256(self.id.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Replicas:
    """Noise-free spectra of cells of which the same is known.

    Attributes:
        clean: ``[replica, time, wavenumber]``; absorbance.
        dropped: How many more were begun and failed; others took their place.
    """

    clean: _Floats
    dropped: int


class Repeater:
    """Simulates runs of a store again.

    Args:
        store: Made by ``opir data simulate``, by this version and with these chemistry files.

    Attributes:
        store: The store.
        preset, library: What it was made with.

    Raises:
        StoreError: If the store does not say how it was made, or was made with other chemistry.
    """

    def __init__(self, store: Store) -> None:
        provenance = store.attributes.get("provenance") or {}
        if "settings" not in provenance or "chemistry" not in provenance:
            raise StoreError(
                "the store does not say how its runs were simulated",
                remedy="Use a store that opir data simulate made",
                path=store.url,
            )
        self.store = store
        self.preset = Preset.from_json(str(provenance["settings"]))
        self.library = domain_library(self.preset)
        found = chemistry_hash(self.library)
        if found != provenance["chemistry"]:
            raise StoreError(
                f"the store was made with other chemistry files: {provenance['chemistry']} there, "
                f"{found} here",
                remedy="Make the store anew, or use the version of opir that made it",
                path=store.url,
            )

    def known(self, id: str) -> KnownRun:
        """A run with all that decided it; it is simulated once more to see that it is so.

        Raises:
            UnknownNameError: If the store has no such run.
            StoreError: If the run has no truth, or comes out otherwise.
        """
        truth, tags = self.store.truth(id), self.store.record(id)["tags"]
        if truth is None or "index" not in tags or "draws" not in truth:
            raise StoreError(
                f"the store does not say how run {id!r} was simulated",
                remedy="Use a store that opir data simulate made",
                path=self.store.url,
            )
        task = draw_task(
            self.preset, int(tags["index"]), self.library.systems, attempt=int(tags["attempt"])
        )
        amounts = dict(
            zip(truth["species"].values.tolist(), truth["amounts"].values[0], strict=True)
        )
        species = self.library.species
        present = frozenset(
            name for name, amount in amounts.items() if amount > 0 and name in species
        )
        times = truth["time"].values.astype(np.float64)
        run = KnownRun(
            id=id,
            task=task,
            model=vary_composition(
                self.library.systems[task.system],
                salt=task.salt,
                additives=task.additives,
                water=task.water,
            ),
            draws=dict(zip(truth["draw"].values.tolist(), truth["draws"].values, strict=True)),
            clean=truth["streams"].values.sum(axis=0, dtype=np.float64),
            wavenumber=truth["wavenumber"].values.astype(np.float64),
            stage=SameStage(times, times),
            present=present,
            native_film=frozenset(name for name in present if species[name].phase == "solid"),
        )
        again = self.repeat(run, run.draws, frames=task.frames)
        spectra = again.truth["streams"].values.sum(axis=0)
        error = float(np.abs(spectra - run.clean).max())
        if not error <= _SAME:
            raise StoreError(
                f"run {id!r} comes out otherwise when it is simulated again, by {error:.2g} in "
                "absorbance",
                remedy="Make the store anew with this version of opir",
                path=self.store.url,
            )
        edges = np.unique(again.trajectory.edges)
        return KnownRun(**{**vars(run), "stage": SameStage(again.truth["time"].values, edges)})

    def repeat(
        self,
        run: KnownRun,
        kept: Mapping[str, float],
        *,
        seed: int | np.random.SeedSequence = 0,
        frames: FrameTimes | None = None,
        tolerance: float = TOLERANCE,
    ) -> Simulation:
        """A run simulated again under the same conditions, without an instrument.

        Args:
            run: The run.
            kept: Hidden constants of its cell that are kept; the others are drawn.
            seed: Of those.
            frames: When frames are taken; at the same stages of the protocol by default.
            tolerance: Relative tolerance of the kinetics.

        Raises:
            SimulationError: If the solver cannot follow the protocol.
        """
        return simulate(
            run.model,
            run.task.protocol,
            temperature=run.task.temperature,
            frames=run.stage if frames is None else frames,
            wavenumber=run.wavenumber,
            vary=Draws(np.random.default_rng(seed), kept=kept),
            instrument=None,
            line_shape=LINE_SHAPE if self.preset.domain == "shifted" else "pseudo-voigt",
            tolerance=tolerance,
            library=self.library,
        )

    def replicas(self, run: KnownRun, knowledge: str, count: int, *, seed: int = 0) -> Replicas:
        """Cells of which the same is known as of the run, simulated.

        The hidden constants of replica ``k`` depend on the id of the run, the seed and ``k``
        alone, and those that are hidden to both kinds of knowledge are the same for both.

        Args:
            run: See :meth:`known`.
            knowledge: One of :data:`~opir.simulate.replicas.knowledge.KNOWLEDGE`.
            count: How many replicas.
            seed: Of what is drawn.

        Raises:
            OptionError: If the count is below 1.
            SimulationError: If more than half of them cannot be simulated.
        """
        if count < 1:
            raise OptionError(f"{count} replicas were asked for", remedy="Ask for 1 or more")
        kept = known_draws(run.draws, knowledge, present=run.present, native_film=run.native_film)
        found: list[_Floats] = []
        last = ""
        for number in range(_TRIES * count):
            if len(found) == count:
                return Replicas(np.array(found), number - count)
            sequence = np.random.SeedSequence([seed, run.entropy, number])
            try:
                made = self.repeat(run, kept, seed=sequence, tolerance=REPLICA_TOLERANCE)
            except (SimulationError, ValueRangeError) as error:
                last = error.problem
            else:
                found.append(made.truth["streams"].values.sum(axis=0))
        raise SimulationError(
            f"{len(found)} of {_TRIES * count} replicas of run {run.id!r} could be simulated, "
            f"{count} are needed; the last that could not: {last}",
            remedy="Leave this run out",
        )
