"""How sure evidence makes of a reaction: a logistic regression on simulated validation runs.

    python benchmarks/pathways_confidence.py STORE [-o src/opir/pathways/confidence.json]

Of each validation run of the random split all reactions are weighed, with rate constants and by the
spectra alone, and held against the truth: there from 10 times the noise on, not there below 1
(:mod:`opir.bench.pathways.truth`). Printed and written: the coefficients, and how well they tell
the two apart on every fourth run, which was left out of the fit for that.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from opir.bench.data import open_sources
from opir.bench.pathways.truth import ABSENT, PRESENT, truth_of
from opir.chemistry import library
from opir.pathways.recovery import fitting_of
from opir.pathways.weigh import FEATURES
from opir.progress import Progress
from opir.workflows.train_store import fold_without

BLIND = tuple(name for name in FEATURES if name != "expected")


def main() -> None:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--every", type=int, default=1, help="one run in so many")
    asked = parser.parse_args()
    sources, known = open_sources(asked.store), library()
    store = sources.store("main")
    ids = fold_without(sources, None).validation[:: asked.every]
    kinds = {"with rate constants": FEATURES, "spectra alone": BLIND}
    rows: dict[str, list[tuple[np.ndarray, bool, int]]] = {kind: [] for kind in kinds}
    progress = Progress(len(ids))
    for number, id in enumerate(ids):
        truth, run = truth_of(store, id, known), store.run(id)
        for kind in kinds:
            fitting = fitting_of(run, constants=kind != "spectra alone")
            if fitting is None:
                continue
            features = fitting.weighed.features
            if kind != "spectra alone" and np.isnan(features).any():
                continue
            for reaction, row in zip(fitting.setting.reactions, features, strict=True):
                size = truth.seen.get(reaction.name, 0.0)
                if size >= PRESENT or size < ABSENT:
                    rows[kind].append((row, size >= PRESENT, number))
        progress.show(number + 1, id)
    found = {}
    for kind, names in kinds.items():
        columns = [FEATURES.index(name) for name in names]
        values = np.array([row[columns] for row, _, _ in rows[kind]])
        there = np.array([one for _, one, _ in rows[kind]])
        tested = np.array([number % 4 == 3 for _, _, number in rows[kind]])
        tried = LogisticRegression(C=10, max_iter=5000).fit(values[~tested], there[~tested])
        said = tried.predict(values[tested])
        hits = int((said & there[tested]).sum())
        f1 = 2 * hits / (said.sum() + there[tested].sum())
        print(f"{kind}: {len(there)} reactions of {len(ids)} runs, F1 {f1:.3f} on runs left out")
        model = LogisticRegression(C=10, max_iter=5000).fit(values, there)
        found[kind] = dict(zip(names, map(float, np.round(model.coef_[0], 4)), strict=True))
        found[kind]["constant"] = round(float(model.intercept_[0]), 4)
    print(json.dumps(found, indent=1))
    if asked.out:
        content = {
            "note": "found by benchmarks/pathways_confidence.py on simulated validation runs",
            "coefficients": found,
        }
        asked.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
