"""Forecast a real fermentation from single frames: python examples/fermentation.py."""

from __future__ import annotations

from opir.workflows.real_runs import fermentation


def main() -> None:
    report = fermentation("results/fermentation", overwrite=True, say=print)
    print(report.text)
    print(f"Model, forecast, tables and pictures are in {report.folder}")


if __name__ == "__main__":
    main()
