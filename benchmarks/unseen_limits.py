"""How well the interphase of a system never seen can be told by laws alone. Simulated data.

    python benchmarks/unseen_limits.py STORE [--runs 24] [--replicas 8]

Some test runs of each system are simulated anew by someone who has the simulator and the constants
of all other systems, but not those that this system alone has: of reactions that run in no other,
rate constant and limiting rate are the geometric means of reactions that use up the same besides
the cation, else of those of the same law at the same electrode; how its film lets electrons
through, and cracks, is that of the systems with the same working electrode, else of all others
(geometric means). Everything else is known: which reactions run, their potentials, transfer
coefficients and activation energies, all that the static spectrum shows, and the whole protocol.
What is hidden of a cell is drawn again, and the median of the replicas is the forecast. ``known``
is the same with the constants of the system itself. Medians over runs of R2 of the interphase's
stream (see `opir.metrics.stream_separation`), as in streams.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opir.bench.data import open_sources
from opir.bench.scoring.score import subset_of
from opir.chemistry import Library, Reaction, SystemModel, Transport, Value
from opir.chemistry.library import Named
from opir.errors import SimulationError, ValueRangeError
from opir.metrics import stream_separation
from opir.progress import Progress
from opir.simulate.dataset.variant import vary_composition
from opir.simulate.replicas import KnownRun, Repeater
from opir.simulate.replicas.knowledge import known_draws
from opir.simulate.replicas.repeat import REPLICA_TOLERANCE
from opir.workflows.train_store import fold_without

HIDDEN = ("rate_constant", "limiting_rate")
CARRIERS = ("Li+", "Na+", "e-")


def middle(values: Iterable[Value]) -> Value:
    """The geometric mean of values of one unit."""
    items = list(values)
    mean = float(np.exp(np.mean(np.log([item.value for item in items]))))
    return replace(items[0], value=mean, tag="derived", note="mean of others")


def guessed_reaction(own: Reaction, others: Iterable[Reaction]) -> Reaction:
    """A reaction with the constants of those like it."""
    alike = [item for item in others if (item.law, item.electrode) == (own.law, own.electrode)]
    same = [item for item in alike if uses(item) == uses(own)]
    found = dict(own.parameters)
    for name in HIDDEN:
        for group in (same, alike):
            given = [item.parameters[name] for item in group if name in item.parameters]
            given = [value for value in given if value.unit == own.parameters[name].unit]
            if name in own.parameters and given:
                found[name] = middle(given)
                break
    return replace(own, parameters=found)


def uses(reaction: Reaction) -> frozenset[str]:
    """What it uses up besides cation and electrons."""
    return frozenset(reaction.reactants) - frozenset(CARRIERS)


def guessed_film(own: SystemModel, others: Iterable[SystemModel]) -> SystemModel:
    """A system whose film lets through what those of others do."""
    every = list(others)
    alike = [item for item in every if item.working == own.working] or every
    channels = []
    for channel in own.interphase.transport:
        known = [
            other.parameters
            for item in alike
            for other in item.interphase.transport
            if other.law == channel.law
        ]
        parameters: Mapping[str, Value] = {
            name: middle(item[name] for item in known) if known else value
            for name, value in channel.parameters.items()
        }
        channels.append(Transport(channel.law, parameters))
    cracking = middle(item.interphase.cracking for item in alike)
    film = replace(own.interphase, transport=tuple(channels), cracking=cracking)
    return replace(own, interphase=film)


def without(known: Library, held: str, systems: Iterable[str]) -> Library:
    """The library as someone knows it who never saw a system."""
    others = [known.systems[name] for name in systems if name != held]
    names = {name for item in others for name in item.reactions}
    seen = [known.reactions[name] for name in sorted(names)]
    own = known.systems[held]
    reactions = dict(known.reactions)
    for name in own.reactions:
        if name not in names:
            reactions[name] = guessed_reaction(known.reactions[name], seen)
    return replace(
        known,
        reactions=Named("reaction", reactions),
        systems=Named("system", {**known.systems, held: guessed_film(own, others)}),
    )


def forecast(repeater: Repeater, run: KnownRun, replicas: int) -> NDArray[np.float64]:
    """Median change of the interphase's stream ``[time, wavenumber]`` over cells like the run's."""
    task = run.task
    model = vary_composition(
        repeater.library.systems[task.system],
        salt=task.salt, additives=task.additives, water=task.water,
    )  # fmt: skip
    kept = known_draws(run.draws, "spectrum", present=run.present, native_film=run.native_film)
    made = []
    for replica in range(replicas):
        seed = np.random.SeedSequence([0, run.entropy, replica])
        try:
            again = repeater.repeat(
                replace(run, model=model), kept, seed=seed, tolerance=REPLICA_TOLERANCE
            )
        except (SimulationError, ValueRangeError):
            continue
        streams = again.truth["streams"].sel(stream="sei").values
        made.append(streams - streams[:1])
    if not made:
        return np.zeros_like(run.clean)
    return np.asarray(np.median(made, axis=0))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--runs", type=int, default=24, help="test runs of each system")
    parser.add_argument("--replicas", type=int, default=8)
    asked = parser.parse_args()
    sources = open_sources(asked.store)
    store = sources.store("main")
    repeater = Repeater(store)
    systems = sources.index().systems
    print("| system | runs | R2 sei, constants of others | at best scale | R2 sei, known |")
    print("|---|---|---|---|---|")
    whole = []
    for held in systems:
        blind = Repeater(store)
        blind.library = without(repeater.library, held, systems)
        ids = fold_without(sources, held).test
        ids = tuple(ids[row] for row in subset_of(ids, asked.runs))
        found = []
        progress = Progress(len(ids))
        for number, id in enumerate(ids):
            run = repeater.known(id)
            known = store.truth(id)
            assert known is not None
            streams = known["streams"].sel(stream="sei").values.astype(np.float64)
            truth = streams - streams[:1]
            told = forecast(blind, run, asked.replicas)
            squares = max(float((told * told).sum()), 1e-300)
            scaled = told * (float((told * truth).sum()) / squares)
            made = np.array([told, scaled, forecast(repeater, run, asked.replicas)])
            found.append(stream_separation(made, np.broadcast_to(truth, made.shape)))
            progress.show(number + 1, id)
        whole.extend(found)
        print(line(held, found), flush=True)
    print(line("all", whole))


def line(name: str, found: list[NDArray[np.float64]]) -> str:
    """One line of the table."""
    middles = np.nanmedian(np.array(found), axis=0)
    return f"| {name} | {len(found)} | " + " | ".join(f"{value:.3f}" for value in middles) + " |"


if __name__ == "__main__":
    main()
