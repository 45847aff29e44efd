"""The main job on a battery: a simulated cell that ships, forecast by the weights that ship."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np

from opir.files import atomic_path
from opir.metrics import stream_separation
from opir.models.inputs import DRIVE
from opir.plots import save
from opir.plots.forecast import forecast_figure
from opir.protocol import Protocol
from opir.run import Run
from opir.run.between import record_of
from opir.run.netcdf import read_run
from opir.workflows.predict import Prediction, predict

__all__ = ["BatteryReport", "battery", "example_cell"]

_STREAMS = ("solvent", "sei")
_SPECIES = 5


@dataclass(frozen=True)
class BatteryReport:
    """What the forecast of a simulated cell left behind.

    Attributes:
        folder: Where the files are.
        prediction: The forecast.
        mae: Mean absolute error against the simulated run [absorbance].
        persistence: That of the given spectrum, kept.
        covered: Share of the points that lie in the 90 % intervals.
        separation: Coefficient of determination of each stream against the simulator's.
    """

    folder: Path
    prediction: Prediction
    mae: float
    persistence: float
    covered: float
    separation: dict[str, float]

    @property
    def text(self) -> str:
        """As printed."""
        run, share = self.prediction.run, 1 - self.mae / self.persistence
        streams = ", ".join(f"{name} {value:.2f}" for name, value in self.separation.items())
        return "\n".join(
            [
                f"A simulated cell ({run.system.name if run.system else 'unknown'}), seen by no "
                f"training: {run.time.size} frames from one spectrum and what the cell was put "
                "through.",
                f"Mean absolute error {1e3 * self.mae:.2f}e-3, {share:.0%} below persistence "
                f"({1e3 * self.persistence:.2f}e-3); {self.covered:.1%} of the points lie in the "
                "90 % intervals.",
                f"Streams against the simulator's, R2: {streams}.",
                f"Formed most: {', '.join(_formed(run))}.",
                "The cell is simulated and so were those trained on: of real cells it says "
                "nothing.",
            ]
        )


def example_cell() -> Run:
    """A simulated run of a cell that no weights were trained on, with its true streams.

    Made by ``opir simulate --system lp57-graphite-nmc622 --protocol formation-c10 --seed 1``, with
    what the cycler recorded between the frames (:func:`opir.run.between.with_record`); the seed
    was chosen before its forecast was seen.
    """
    return read_run(Path(str(files("opir.workflows"))) / "example" / "simulated-cell.nc")


def battery(out: Path | str, *, overwrite: bool = False) -> BatteryReport:
    """Forecast the example cell from its first spectrum, and hold the forecast against it.

    Args:
        out: Folder for the files of a forecast (:func:`opir.workflows.forecast_files.write_files`)
            and for ``comparison.png`` and ``report.txt``.
        overwrite: Replace what is there.

    Raises:
        OutputExistsError: If a file exists and ``overwrite`` is false.
    """
    cell = example_cell()
    start = [np.asarray(cell.on_time(name), dtype=np.float64)[0] for name in DRIVE]
    record = record_of(cell)
    assert record is not None
    time, *columns = np.vstack([[cell.time[0], *start], record]).T
    plan = Protocol.from_measured(time, *columns, name="formation-c10, as recorded")
    done = predict(
        cell,
        system=cell.system,
        protocol=plan,
        times=cell.time[1:] - cell.time[0],
        out=out,
        overwrite=overwrite,
    )
    found, target = done.run.values, cell.values[1:]
    data, truth = done.run.dataset, cell.dataset
    inside = (target >= data["absorbance_lower"].values) & (
        target <= data["absorbance_upper"].values
    )
    given = np.stack([data[f"stream_{name}"].values for name in _STREAMS])
    true = np.stack([truth[f"stream_{name}"].values[1:] for name in _STREAMS])
    separation = stream_separation(given, true)
    report = BatteryReport(
        Path(out),
        done,
        float(np.abs(found - target).mean()),
        float(np.abs(cell.values[0] - target).mean()),
        float(inside.mean()),
        dict(zip(_STREAMS, separation.tolist(), strict=True)),
    )
    later = Run(truth.isel(time=slice(1, None)))
    name = cell.system.name if cell.system else "cell"
    figure = forecast_figure(
        cell.spectrum(0), later, done.run, text=f"{name}: forecast and simulation (simulated data)"
    )
    save(figure, report.folder / "comparison.png", overwrite=overwrite)
    with atomic_path(report.folder / "report.txt", overwrite=overwrite) as temporary:
        temporary.write_text(report.text + "\n", encoding="utf-8")
    return report


def _formed(run: Run) -> list[str]:
    """Species of which there is more at the end, the largest gain first."""
    gain = (run.dataset["amount"][-1] - run.dataset["amount_given"]).to_series()
    most = gain[gain > 0].sort_values(ascending=False)[:_SPECIES]
    return [f"{name} ({value:.2g} mmol m-2)" for name, value in most.items()]
