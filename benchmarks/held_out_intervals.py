"""Whether intervals hold on systems never seen, as `opir predict` gives them there.

    python benchmarks/held_out_intervals.py STORE DIR     # DIR: of `opir pretrain STORE -o DIR`

Simulated data. For each system, the model that was trained without it forecasts its test runs; the
share of the change that is kept and the factor that widens intervals are chosen on the other
systems held out, as they are for a system of a user's. Prints the share of points in the 90 %
intervals and the mean absolute error, beside persistence.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from opir.bench.data import load_fold, with_all_known
from opir.models import load_model
from opir.models.kept_share import SHARES
from opir.workflows.pretrain import Examined, share_for
from opir.workflows.train_store import fold_without


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--preset", default="base")
    asked = parser.parse_args()
    sources = with_all_known(asked.store)
    begin = f"opir-{asked.preset}-without-"
    found = [
        Examined(**json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(asked.folder.glob(f"{begin}*.json"))
    ]
    print(
        "| system held out | runs | kept | widened | in 90 % intervals | MAE / 1e-3 | persistence |"
    )
    print("|---|---|---|---|---|---|---|")
    rows = []
    for item in found:
        others = [one for one in found if one is not item]
        at = share_for(others)
        factor = float(np.mean([one.widening_by_share[at] for one in others]))
        model = load_model(asked.folder / f"{begin}{item.name}.safetensors")
        assert model.intervals is not None
        data = load_fold(fold_without(sources, item.name), sources)
        last, target = data.test.inputs.last[:, None], data.test.target
        spectra = model.forecast(data.test.inputs).spectra
        error = np.abs(last + np.float32(SHARES[at]) * (spectra - last) - target)
        half = factor * model.intervals.half_widths(data.test.inputs.lead, 0.9)
        held = float((error <= half).mean())
        rows.append((item.runs, held, float(error.mean()), item.mae_by_share[0]))
        print(
            f"| {item.name} | {item.runs} | {SHARES[at]:.0%} | {factor:.2f} | {held:.1%} | "
            f"{1e3 * error.mean():.2f} | {1e3 * item.mae_by_share[0]:.2f} |",
            flush=True,
        )
    runs, held, errors, still = np.array(rows).T
    weights = runs / runs.sum()
    print(
        f"| all, by run | {int(runs.sum())} | | | {weights @ held:.1%} | "
        f"{1e3 * (weights @ errors):.2f} | {1e3 * (weights @ still):.2f} |"
    )


if __name__ == "__main__":
    main()
