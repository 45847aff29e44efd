"""What more given frames bring, and what samples of whole trajectories hold. Simulated data.

    python benchmarks/samples.py STORE [--model opir-base]

For 1, 4 and 12 given frames, at the frames after the twelfth of test runs of the random split: the
mean absolute error of the forecast (every fourth run), and of every tenth run the share of
noise-free points, without their straight baseline, between the second and the last but one of 39
samples (90 % for samples drawn as the truth is), with the mean width.
"""

from __future__ import annotations

import argparse

import numpy as np

from opir.bench.data import load_fold, with_all_known
from opir.models import from_pretrained
from opir.models.abcc.library_mode import AbccLibrary
from opir.models.inputs import given_more
from opir.workflows.train_store import fold_without

MOST = 12


def main() -> None:
    """Print a line for each number of given frames."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--model", default="opir-base")
    asked = parser.parse_args()
    model = from_pretrained(asked.model)
    assert isinstance(model, AbccLibrary)
    sources = with_all_known(asked.store)
    data = load_fold(fold_without(sources, None), sources)
    lines = model.module.baseline.numpy()
    few, some = np.arange(0, len(data.test), 10), np.arange(0, len(data.test), 4)
    assert data.clean is not None
    assert data.clean_last is not None
    change = data.clean[few] - data.clean_last[few, None]
    true = (change - change @ lines.T @ lines)[:, MOST - 1 :]
    for given in (1, 4, MOST):
        windows = given_more(data.test.rows(some), given - 1)
        error = np.abs(model.forecast(windows.inputs).spectra - windows.target)
        inputs = given_more(data.test.rows(few), given - 1).inputs
        drawn = model.sample(inputs, 39, 0) - data.test.inputs.given[few, :1]
        drawn = np.sort((drawn - drawn @ lines.T @ lines)[:, :, MOST - given :], axis=0)
        held = (true >= drawn[1]) & (true <= drawn[-2])
        print(
            f"{given:2d} given: MAE {1e3 * error[:, MOST - given :].mean():.2f}e-3; samples hold "
            f"{held.mean():.1%}, {1e3 * (drawn[-2] - drawn[1]).mean():.1f}e-3 wide",
            flush=True,
        )


if __name__ == "__main__":
    main()
