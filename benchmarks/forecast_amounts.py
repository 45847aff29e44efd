"""What forecasts say of species, against what formed. Simulated data.

    python benchmarks/forecast_amounts.py STORE [--model opir-base] [--without SYSTEM] [--every 4]

Of test runs of the random split (or of a system that the model was trained without): the change of
each species at the last frame, as an interphase on the electrode would show it, forecast from one
static spectrum, over the true one. Counted are species that change the spectra by 30 times the
noise and more (see opir.bench.pathways.truth) and whose amount grows. Printed: the median of the
absolute logarithm of the ratio as a factor, the share within a factor of two, and by species the
median ratio with that of every tenth run.
"""

from __future__ import annotations

import argparse

import numpy as np

from opir.bench.data import load_fold, with_all_known
from opir.bench.pathways.truth import truth_of
from opir.chemistry import library
from opir.models import from_pretrained
from opir.workflows.train_store import fold_without

SEEN = 30.0
NOTHING = 1e-2


def main() -> None:
    """Print a line for all and one for each species."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--model", default="opir-base")
    parser.add_argument("--without")
    parser.add_argument("--every", type=int, default=4)
    asked = parser.parse_args()
    sources, known = with_all_known(asked.store), library()
    data = load_fold(fold_without(sources, asked.without), sources)
    forecast = from_pretrained(asked.model).forecast(data.test.inputs)
    assert forecast.extents is not None
    numbers: dict[str, list[tuple[int, float]]] = {}
    for column, name in enumerate(forecast.reactions):
        for species, number in known.reactions[name].stoichiometry.items():
            numbers.setdefault(species, []).append((column, number))
    ratios: dict[str, list[float]] = {}
    for row in range(0, len(data.test_ids), asked.every):
        id = data.test_ids[row]
        truth, store = truth_of(data.source, id, known), data.source.truth(id)
        assert store is not None
        optics = known.systems[truth.system].optics
        shows = 1e3 * optics["area_per_volume"].value * optics["path_length"].value
        true = shows * (store["amounts"].values[-1] - store["amounts"].values[0])
        place = {str(name): at for at, name in enumerate(store["species"].values)}
        for species, size in truth.species.items():
            if size < SEEN or species not in place or true[place[species]] <= 0:
                continue
            made = sum(forecast.extents[row, -1, at] * n for at, n in numbers.get(species, ()))
            ratios.setdefault(species, []).append(made / true[place[species]])
    every = np.log(np.maximum(np.concatenate(list(ratios.values())), NOTHING))
    print(f"{asked.model}: {every.size} amounts of {len(ratios)} species in simulated test runs")
    print(f"off by a factor of {np.exp(np.median(np.abs(every))):.2f} in the median, "
          f"{np.mean(np.abs(every) < np.log(2)):.0%} within a factor of two")  # fmt: skip
    for species, values in sorted(ratios.items(), key=lambda item: -len(item[1])):
        low, middle, high = np.quantile(values, [0.1, 0.5, 0.9])
        print(f"  {species:18} {len(values):4} runs  {middle:6.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
