"""What is read of a static spectrum: with and without what is described. Simulated data.

    python benchmarks/static_composition.py STORE [--task random]

The given spectra of the test runs of a task are explained by the chemistry library, alone and with
the sums that the descriptor tells (opir.models.abcc.known_composition). Printed for each: mean
absolute error of the mole fractions of the components; of the components that are less than 5 % of
the molecules, the share of which less than a fifth is found; the share of runs in which a species
that is not there is more than 0.5 %; the share of the spectrum that stays unexplained.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from opir.bench.data import load_fold, open_sources
from opir.bench.tasks import TASKS
from opir.chemistry import concentrations, library
from opir.models.abcc.tables import ChemistryTables
from opir.models.descriptor import DESCRIPTOR

FEW, FOUND, NOTHING = 0.05, 0.2, 0.005


def main() -> None:
    """Print one line for each way of reading."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--task", default="random")
    asked = parser.parse_args()
    sources, known = open_sources(asked.store), library()
    store = sources.store("main")
    for fold in TASKS[asked.task].folds(sources):
        data = load_fold(fold, sources)
        inputs = data.test.inputs
        tables = ChemistryTables.of(known, inputs.wavenumber)
        names = sorted({name for name, _ in tables.populations if known.species[name].charge <= 0})
        names = [name for name in names if known.species[name].phase in ("liquid", "dissolved")]
        names.remove("H2O")
        true = np.zeros((len(inputs), len(names)))
        for row, id in enumerate(fold.test):
            system = store.run(id).system
            assert system is not None
            amounts = concentrations(system, known)
            true[row] = [amounts.get(name, 0.0) for name in names]
        true /= true.sum(axis=1, keepdims=True)
        nothing = inputs.descriptor.copy()
        sums = DESCRIPTOR.index("log10 of carbon double bonds [mol/L]")
        nothing[:, :sums] = 0.0
        nothing[:, DESCRIPTOR.index("cations [mol/L]")] = 0.0
        belongs = np.array([[name == one for one in names] for name, _ in tables.populations])
        for what, descriptor in (("spectrum alone", nothing), ("described too", inputs.descriptor)):
            began = time.perf_counter()
            said = tables.read(inputs.given[:, 0].astype(np.float64), descriptor)
            spent = (time.perf_counter() - began) / len(inputs)
            found = said.amounts @ belongs
            found /= np.maximum(found.sum(axis=1, keepdims=True), 1e-300)
            there = true > 0
            few = there & (true < FEW)
            missed = (found[few] < FOUND * true[few]).mean()
            others = (np.where(there, 0, found) > NOTHING).any(axis=1).mean()
            print(
                f"{fold.name}, {what}: mole fractions off by "
                f"{np.abs(found - true)[there].mean():.4f}; of {few.sum()} small components "
                f"{missed:.0%} missed; others seen in {others:.0%} of {len(inputs)} runs; "
                f"unexplained {np.median(said.unexplained):.1%}; {1e3 * spent:.2f} ms a spectrum"
            )


if __name__ == "__main__":
    main()
