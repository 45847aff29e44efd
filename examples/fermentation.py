"""Forecast a real fermentation from single frames: python examples/fermentation.py."""

from __future__ import annotations

import argparse

from opir.training import TrainingConfig
from opir.workflows.real_runs import fermentation

QUICK = TrainingConfig(steps=40, evaluate_every=20)
NOTE = (
    "QUICK RUN: one rotation, a training of 40 steps. It shows that everything works; "
    "its numbers are not to be quoted."
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Forecast a real fermentation.")
    parser.add_argument("--out", default="results/fermentation", help="folder for the results")
    parser.add_argument(
        "--quick", action="store_true", help="one rotation, hardly any training: not to be quoted"
    )
    chosen = parser.parse_args()
    if chosen.quick:
        print(NOTE)
        report = fermentation(
            chosen.out, rotations=1, training=QUICK, overwrite=True, note=NOTE, say=print
        )
    else:
        report = fermentation(chosen.out, overwrite=True, say=print)
    print(report.text)
    print(f"Model, forecast, tables and pictures are in {report.folder}")


if __name__ == "__main__":
    main()
