"""The main job on real runs: fit every forecaster, score it on held-out time, draw and save."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from opir.bench.amounts import Calibration, calibrate
from opir.bench.fermentation import ReferenceAnalysis, fermentation_run, fermentation_study
from opir.bench.study import Study, StudyResult, run_study
from opir.bench.table import csv_table, text_table
from opir.bench.tga_ir import tga_ir_run, tga_ir_study
from opir.bench.time_blocks import segments
from opir.files import atomic_path, check_output
from opir.plots import save
from opir.plots.amounts import Compared, components_figure, reference_figure
from opir.plots.forecast import forecast_figure
from opir.plots.study import block_figure, lead_figure
from opir.run import Run, Spectrum
from opir.run.netcdf import write_run
from opir.training import TrainingConfig

__all__ = ["RealRunReport", "fermentation", "tga_ir"]

Say = Callable[[str], None]


@dataclass(frozen=True)
class RealRunReport:
    """What a study of a real run left behind.

    Attributes:
        folder: Where the files are.
        tables: Heading -> table as text.
        result: The study; its models and forecasts are those of the first rotation.
        calibrations: Learned amounts against the reference analysis, where there is one.
        notes: Sentences that belong beside the tables.
    """

    folder: Path
    tables: dict[str, str]
    result: StudyResult
    calibrations: tuple[Calibration, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Tables and notes as printed."""
        parts = [f"{heading}\n{table}" for heading, table in self.tables.items()]
        return "\n".join([*parts, *self.notes]) + "\n"


def fermentation(
    out: Path | str = "results/fermentation",
    *,
    folder: Path | str | None = None,
    rotations: int = 5,
    training: TrainingConfig | None = None,
    overwrite: bool = False,
    note: str = "",
    say: Say | None = None,
) -> RealRunReport:
    """Forecast a real fermentation from single frames and compare with what was measured.

    Args:
        out: Folder for model, forecast (NetCDF), tables (text, CSV) and pictures.
        folder: Folder with the run's CSV files; the package chemotools by default.
        rotations: Rotations of the block cycle in the second table; below 2 there is none.
        training: How ABCC is trained, if not as in the study.
        overwrite: Replace the folder's files.
        note: A sentence to put beside the tables.
        say: Takes a line of text now and then.

    Raises:
        OutputExistsError: If the folder exists and ``overwrite`` is false.
        MissingDependencyError: If torch or chemotools is not installed.
    """
    target = _folder(out, overwrite)
    run, reference = fermentation_run(folder)
    study = fermentation_study(run, training=training)
    result, tables = _scored(study, rotations, say)
    calibrations = _calibrate(result, reference, target)
    notes = tuple(
        f"{item.substance}: R2 {item.r2_held_out:.3f} (RMSE {item.rmse_held_out:.2f} g/L) on "
        f"{int(item.held_out.sum())} HPLC samples held out from learning and calibration; "
        f"{item.r2_training:.3f} on the {int((~item.held_out).sum())} calibrated on; "
        f"leave-one-out over all {item.held_out.size}: {item.r2_leave_one_out:.3f}."
        for item in calibrations
    )
    notes += (note,) if note else ()
    report = RealRunReport(target, tables, result, calibrations, notes)
    _write(report, "2nd derivative of absorbance / cm²")
    return report


def tga_ir(
    path: Path | str,
    out: Path | str = "results/tga_ir",
    *,
    rotations: int = 5,
    training: TrainingConfig | None = None,
    overwrite: bool = False,
    say: Say | None = None,
) -> RealRunReport:
    """The same for the infrared of a thermogravimetric run.

    Args:
        path: The OMNIC series file ``tga_ir.srs``.
        out, rotations, training, overwrite, say: As for :func:`fermentation`.
    """
    target = _folder(out, overwrite)
    study = tga_ir_study(tga_ir_run(path), training=training)
    result, tables = _scored(study, rotations, say)
    report = RealRunReport(target, tables, result)
    _write(report, "absorbance")
    return report


def _folder(out: Path | str, overwrite: bool) -> Path:
    target = Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    check_output(target, overwrite=overwrite).mkdir(exist_ok=True)
    return target


def _scored(study: Study, rotations: int, say: Say | None) -> tuple[StudyResult, dict[str, str]]:
    whole = run_study(study, rotations=max(1, rotations), say=say)
    heading = "First rotation of the block cycle"
    tables = {heading: whole.first_rotation}
    if rotations > 1:
        tables[f"All {rotations} rotations"] = whole
    return whole, {heading: text_table(item) for heading, item in tables.items()}


def _calibrate(
    result: StudyResult, reference: ReferenceAnalysis, target: Path
) -> tuple[Calibration, ...]:
    from opir.models.abcc import Abcc

    model, run = result.models["abcc"], result.study.run
    if not isinstance(model, Abcc):
        return ()
    amounts = model.amounts(run.values)
    parts = segments(run.time.size, result.study.design)
    found = tuple(
        calibrate(amounts, run, reference, substance, parts) for substance in ("glucose", "ethanol")
    )
    compared = [
        Compared(
            item.substance,
            item.curve,
            item.time,
            item.measured,
            item.calculated,
            item.held_out,
            f"R2 {item.r2_held_out:.3f} held out",
        )
        for item in found
    ]
    text = "Amounts learned without HPLC, calibrated on samples of training blocks"
    figure = reference_figure(run.time, compared, text=text)
    save(figure, target / "hplc.png", overwrite=True)
    names = dict(zip(model.component_names, amounts.T, strict=True))
    figure = components_figure(
        model.component_axis,
        model.component_spectra,
        run.time,
        names,
        text="Learned components",
    )
    save(figure, target / "components.png", overwrite=True)
    return found


def _write(report: RealRunReport, measure: str) -> None:
    result, target = report.result, report.folder
    lines = [(f"table_{n + 1}.txt", text) for n, text in enumerate(report.tables.values())]
    lines += [("report.txt", report.text), ("table.csv", csv_table(result))]
    for name, text in lines:
        with atomic_path(target / name, overwrite=True) as temporary:
            temporary.write_text(text, encoding="utf-8")
    result.models["abcc"].save(target / "abcc.safetensors", overwrite=True)
    figure = lead_figure(
        result.windows["test"].inputs.lead[0],
        result.lead_mae,
        text=f"{result.study.name}: held-out blocks of time",
        label=f"Mean absolute error of {measure}",
    )
    save(figure, target / "error_by_lead_time.png", overwrite=True)
    figure = block_figure(
        result.study.run,
        *result.by_block(),
        text=f"{result.study.name}: each block forecast while held out",
        label=f"Mean absolute error\nof {measure}",
    )
    save(figure, target / "error_by_block.png", overwrite=True)
    _write_forecast(result, target)


def _write_forecast(result: StudyResult, target: Path) -> None:
    """Forecast, truth and error of two test windows: of median error, and of largest change."""
    errors = result.mae["abcc"][: len(result.windows["test"])]
    changes = np.abs(result.windows["test"].change).mean(axis=(1, 2))
    median = int(np.argsort(errors)[len(errors) // 2])
    run = _draw(result, median, "with the median error", target / "forecast.png")
    _draw(result, int(changes.argmax()), "with the largest change", target / "largest_change.png")
    write_run(run, target / "forecast.nc", overwrite=True)
    table = np.column_stack([run.time, run.values])
    head = "time / s," + ",".join(f"{nu:g}" for nu in run.wavenumber)
    with atomic_path(target / "forecast.csv", overwrite=True) as temporary:
        np.savetxt(temporary, table, delimiter=",", header=head, comments="", fmt="%.8g")


def _draw(result: StudyResult, row: int, which: str, path: Path) -> Run:
    """Draw ABCC's forecast of a test window of the first rotation; returns the forecast."""
    window = result.windows["test"].rows(row)
    inputs, forecast = window.inputs, result.forecasts["abcc"]
    run = forecast.to_run(row, name=f"{result.study.name}: forecast from one frame")
    attributes = {
        "history": str(result.study.run.dataset.attrs.get("history", "")),
        "source": str(result.study.run.dataset.attrs.get("source", "")),
        "model_recipe": json.dumps(result.study.recipe),
    }
    run = run.replace(**attributes)
    truth = Run.from_arrays(inputs.times[0], inputs.wavenumber, window.target[0]).replace(
        history=attributes["history"]
    )
    given = Spectrum.from_arrays(inputs.wavenumber, inputs.last[0])
    kept = result.models["abcc"].trust
    text = f"{result.study.name}, a held-out window {which}: ABCC from one frame"
    if kept is not None and kept < 1:
        text += f", {100 * kept:.0f} % of its change kept"
        text += " (persistence)" if kept == 0 else ""
    save(forecast_figure(given, truth, run, text=text), path, overwrite=True)
    return run
