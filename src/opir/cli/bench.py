"""Commands of the benchmark: opir bench run, tune, table, report, template, submit, pathways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

__all__ = ["app"]

app = typer.Typer(
    help="The benchmark of forecasters: fair tasks, floors, tables.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_WORKERS = typer.Option(2, "--workers", min=0, help="Processes; 0 does all in this one.")


@app.command()
def run(
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the results."),
    task: list[str] = typer.Option(
        [], "--task", help="random, ..., or all that the data named allow. May be repeated."
    ),
    models: list[str] = typer.Option(
        ["all"],
        "--models",
        help="Names with commas between, all, floors, or package.module:Class of one's own.",
    ),
    budget: str = typer.Option("60s", help="Training of each model, processor time: 20s, 10m."),
    seeds: int = typer.Option(3, min=1, help="How many, where the seed makes a difference."),
    seed_from: int = typer.Option(0, "--seed-from", min=0, help="The first seed."),
    store: str | None = typer.Option(None, help="Store of runs (opir data simulate makes one)."),
    shifted: str | None = typer.Option(None, help="Store of another domain, to test on."),
    shared: Path | None = typer.Option(None, help="Folder of real measurements."),
    tuned: Path | None = typer.Option(None, help="Options of the models (opir bench tune)."),
    floor_runs: int = typer.Option(
        256, "--floor-runs", min=2, help="Test runs of a fold that floors are found for at most."
    ),
    folds: int | None = typer.Option(
        None, min=1, help="Folds of each task at most, evenly spread; all by default."
    ),
    record: bool = typer.Option(
        False, "--record", help="Hand models what cyclers recorded between the frames, too."
    ),
    workers: int = _WORKERS,
    quick: bool = typer.Option(
        False, "--quick", help="All tasks and models, small; makes its own runs. Minutes."
    ),
    tiny: bool = typer.Option(False, "--tiny", help="Smaller yet, a few models. Seconds."),
    force: bool = typer.Option(False, "--force", help="Make results anew that are there."),
) -> None:
    """Run the benchmark; stopped, the same command goes on."""
    from opir.workflows.bench import TINY_MODELS, bench_run

    size = "tiny" if tiny else "quick" if quick else "full"
    usual = {"tiny": ["random", "low-data"], "quick": ["all"], "full": ["random"]}
    named = _words(models)
    done = bench_run(
        out,
        tasks=_words(task) or usual[size],
        models=TINY_MODELS if tiny and named == ["all"] else named,
        budget=budget,
        seeds=seeds,
        seed_from=seed_from,
        store=store,
        shifted=shifted,
        shared=shared,
        tuned=tuned,
        floor_runs=floor_runs,
        folds=folds,
        record=record,
        workers=workers,
        size=size,
        force=force,
        say=lambda text: typer.echo(text, err=True),
    )
    typer.echo(str(done))
    typer.echo(f"Tables: opir bench table {out}")


@app.command()
def tune(
    out: Path = typer.Option(..., "--out", "-o", help="File for the options found (.json)."),
    store: str = typer.Option(..., help="Store of runs."),
    models: list[str] = typer.Option(["all"], "--models", help="Names with commas between, all."),
    budget: str = typer.Option("20s", help="Training of each trial, processor time."),
    trials: int = typer.Option(6, min=1, help="Trials of each model."),
    record: bool = typer.Option(
        False, "--record", help="Hand models what cyclers recorded between the frames, too."
    ),
    workers: int = _WORKERS,
) -> None:
    """Search the options of every model alike, on validation windows; stopped, it goes on."""
    from opir.workflows.bench import bench_tune

    named = _words(models)
    found = bench_tune(
        out,
        models=named,
        budget=budget,
        trials=trials,
        store=store,
        record=record,
        workers=workers,
        command=f"opir bench tune --models {','.join(named)} --budget {budget} --trials {trials} "
        f"{'--record ' if record else ''}--store STORE",
    )
    for name, entry in sorted(found["models"].items()):
        errors = [t["validation_mae"] for t in entry["trials"] if t["validation_mae"] is not None]
        best = f"{min(errors):.5g} of {len(errors)} trials" if errors else "all trials failed"
        typer.echo(f"{name}: {best}  {entry['best']}")
    typer.echo(f"Written: {out}")


@app.command()
def table(
    directory: Path = typer.Argument(..., metavar="DIR", help="What opir bench run wrote."),
    as_json: bool = typer.Option(False, "--json", help="JSON in place of Markdown."),
    as_csv: bool = typer.Option(False, "--csv", help="CSV in place of Markdown."),
    summary: bool = typer.Option(False, "--summary", help="One metric over all tasks, one table."),
    metric: list[str] = typer.Option([], "--metric", help="Metric to show. May be repeated."),
    task: list[str] = typer.Option([], "--task", help="Task to show. May be repeated."),
) -> None:
    """Print the tables of the results."""
    from opir.errors import OptionError
    from opir.workflows.bench import bench_table

    chosen = {"json": as_json, "csv": as_csv, "summary": summary}
    asked = [name for name, given in chosen.items() if given]
    if len(asked) > 1:
        raise OptionError(
            f"{' and '.join(f'--{name}' for name in asked)} were both given",
            remedy="Give one of them",
        )
    format = (*asked, "markdown")[0]
    text = bench_table(directory, format=format, metrics=_words(metric), tasks=_words(task))
    typer.echo(text, nl=False)


@app.command()
def report(
    directory: Path = typer.Argument(..., metavar="DIR", help="What opir bench run wrote."),
    out: Path = typer.Option(Path("report.html"), "--out", "-o", help="The page (.html)."),
    task: list[str] = typer.Option([], "--task", help="Task to show. May be repeated."),
    force: bool = typer.Option(False, "--force", help="Replace the page if it is there."),
) -> None:
    """Write all results as one HTML page that opens without a network."""
    from opir.workflows.bench_report import bench_report

    typer.echo(str(bench_report(directory, out, tasks=_words(task), overwrite=force)))


_TASK = typer.Option(..., "--task", help="Name of the task.")
_FOLD = typer.Option(None, "--fold", help="Name of the fold, where the task has several.")
_STORE = typer.Option(None, help="Store of runs.")
_SHIFTED = typer.Option(None, help="Store of another domain, to test on.")
_SHARED = typer.Option(None, help="Folder of real measurements.")


@app.command()
def template(
    out: Path = typer.Option(..., "--out", "-o", help="NetCDF file to write."),
    task: str = _TASK,
    fold: str | None = _FOLD,
    store: str | None = _STORE,
    shifted: str | None = _SHIFTED,
    shared: Path | None = _SHARED,
    record: bool = typer.Option(
        False, "--record", help="With what cyclers recorded between the frames."
    ),
    force: bool = typer.Option(False, "--force", help="Replace the file if it is there."),
) -> None:
    """Write what a model may see of a task, to work without opir; test spectra are withheld."""
    from opir.workflows.bench_submit import bench_template

    sources: dict[str, Any] = {"store": store, "shifted": shifted, "shared": shared}
    found = bench_template(out, task=task, fold=fold, record=record, overwrite=force, **sources)
    typer.echo(str(found))


@app.command()
def submit(
    predictions: Path = typer.Argument(..., help="NetCDF (.nc), zarr (.zarr) or NumPy (.npz)."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder of the results."),
    task: str = _TASK,
    fold: str | None = _FOLD,
    name: str | None = typer.Option(None, help="Name of the row in the tables."),
    store: str | None = _STORE,
    shifted: str | None = _SHIFTED,
    shared: Path | None = _SHARED,
    force: bool = typer.Option(False, "--force", help="Replace the row if it is there."),
) -> None:
    """Score predictions made elsewhere, without their code; they become a row of the results."""
    from opir.workflows.bench_submit import bench_submit

    sources: dict[str, Any] = {"store": store, "shifted": shifted, "shared": shared}
    record = bench_submit(
        predictions, out, task=task, fold=fold, name=name, overwrite=force, **sources
    )
    typer.echo(f"{record['model']}, {record['task']}/{record['fold']}, {record['origin']} data:")
    for metric, value in record["scores"].items():
        typer.echo(f"  {metric:<18} {value:.6g}")
    typer.echo(f"Tables: opir bench table {out}")


@app.command()
def pathways(
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the results."),
    store: str = typer.Option(..., help="Store of simulated runs."),
    shifted: str | None = _SHIFTED,
    task: list[str] = typer.Option(
        ["random"], "--task", help="random, unseen-system, shifted-domain or all."
    ),
    source: list[str] = typer.Option(
        ["measured"], "--source", help="Spectra handed to the methods: measured, forecast."
    ),
    methods: list[str] = typer.Option(["all"], "--methods", help="Names with commas between, all."),
    runs: int | None = typer.Option(
        None, min=1, help="Test runs of each task, evenly spread; all by default."
    ),
    validation_runs: int = typer.Option(
        100, "--validation-runs", min=1, help="Runs on which limits are chosen."
    ),
    weights: Path | None = typer.Option(
        None, help="Folder with opir-base-without-SYSTEM.safetensors, to forecast unseen systems."
    ),
    kta_python: Path | None = typer.Option(
        None, "--kta-python", help="Python with pyglotaran, for the method kinetic-target."
    ),
    workers: int = _WORKERS,
    force: bool = typer.Option(False, "--force", help="Make results anew that are there."),
) -> None:
    """Judge methods that name the reactions of a run, on known truth; stopped, it goes on."""
    from opir.workflows.bench_pathways import bench_pathways

    done = bench_pathways(
        out,
        store=store,
        shifted=shifted,
        tasks=_words(task),
        sources=_words(source),
        methods=_words(methods),
        runs=runs,
        validation_runs=validation_runs,
        weights=weights,
        kta_python=kta_python,
        workers=workers,
        force=force,
        say=lambda text: typer.echo(text, err=True),
    )
    typer.echo(done.markdown(), nl=False)
    typer.echo(f"Written: {', '.join(str(path) for path in done.files)}", err=True)


def _words(values: list[str]) -> list[str]:
    """``a,b`` and ``a b`` as well as options repeated."""
    return [word for value in values for word in value.replace(",", " ").split()]
