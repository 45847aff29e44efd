"""Commands on forecasters: demo, train, predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from opir.errors import OptionError

__all__ = ["add_to"]


def demo(
    out: Path = typer.Option(Path("results/demo"), "--out", "-o", help="Folder for the results."),
    rotations: int = typer.Option(5, help="Rotations of the held-out blocks in the second table."),
    force: bool = typer.Option(False, "--force", help="Overwrite earlier results."),
) -> None:
    """Forecast real runs from single frames, with tables and pictures; a few minutes."""
    from opir.workflows.demo import demo as show

    show(out, rotations=rotations, overwrite=force, say=typer.echo)


def train(
    runs: list[Path] = typer.Argument(..., help="Runs (any readable file), or one store."),
    out: Path = typer.Option(..., "--out", "-o", help="Model to write (.safetensors)."),
    settings: Path | None = typer.Option(None, help="Settings (TOML, see docs/training.md)."),
    model: str = typer.Option(
        "", help="abcc, ridge, ...; abcc by default, abcc-library for a store."
    ),
    step: list[str] = typer.Option(
        [], "--step", "-s", help="Processing step: 'cut low=950 high=1500'. May be repeated."
    ),
    steps: int = typer.Option(0, help="Training steps, in place of the settings'."),
    seed: int = typer.Option(-1, help="Seed, in place of the settings'."),
    device: str = typer.Option("", help="cpu, cuda or auto, in place of the settings'."),
    state: Path | None = typer.Option(None, help="File to resume from after a stop."),
    resume: bool = typer.Option(False, "--resume", help="Go on from the state."),
    log: Path | None = typer.Option(None, help="JSON-lines log."),
    force: bool = typer.Option(False, "--force", help="Overwrite the model."),
) -> None:
    """Train a forecaster on runs, or on an OpIRSpec store of many."""
    from opir.workflows.settings import TrainSettings, parse_step, read_settings
    from opir.workflows.train import train as learn
    from opir.workflows.train_store import first_settings, is_store, train_on_store

    given = read_settings(settings) if settings else TrainSettings()
    said: dict[str, Any] = {
        "steps": steps or None,
        "seed": seed if seed >= 0 else None,
        "device": device or None,
    }
    rest: dict[str, Any] = {
        "out": out,
        "state": state,
        "resume": resume,
        "log": log,
        "overwrite": force,
    }
    processing = tuple(parse_step(text) for text in step) or given.processing
    if len(runs) == 1 and is_store(runs[0]):
        if processing:
            raise OptionError(
                "a store is trained on as it is",
                remedy="Leave --step and processing out; opir data process changes a store",
            )
        name = model or (given.model if settings else "abcc-library")
        config = given.training if settings else first_settings(name)
        trained = train_on_store(
            runs[0], model=name, config=config.changed(**said), options=given.options, **rest
        )
    else:
        trained = learn(
            runs,
            model=model or given.model,
            processing=processing,
            design=given.windows,
            config=given.training.changed(**said),
            options=given.options,
            **rest,
        )
    typer.echo(str(trained))


def predict(
    spectrum: Path = typer.Argument(..., help="One spectrum, or a run to take a frame of."),
    model: Path = typer.Option(..., "--model", "-m", help="Model (.safetensors)."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the forecast."),
    system: str = typer.Option("", help="Name of a system (lp57-graphite), or its file."),
    protocol: str = typer.Option(
        "", help="Name of a protocol (formation-c10), a text ('charge at C/10 to 4.2 V') or a file."
    ),
    every: str = typer.Option("", help="Time between forecast frames: '10 min'."),
    until: str = typer.Option("", help="Last time to forecast: '5 h'."),
    frame: int = typer.Option(0, help="Which frame of a run, counted from 0."),
    format: str = typer.Option("", help="Format of the spectrum."),
    force: bool = typer.Option(False, "--force", help="Overwrite an earlier forecast."),
) -> None:
    """Forecast what follows one spectrum: NetCDF, CSV and a picture."""
    from opir.workflows.predict import even_times
    from opir.workflows.predict import predict as forecast

    done = forecast(
        spectrum,
        model=model,
        out=out,
        system=system or None,
        protocol=protocol or None,
        times=even_times(every, until) if every or until else None,
        frame=frame,
        format=format or None,
        overwrite=force,
    )
    for note in done.notes:
        typer.echo(note)
    for path in done.files:
        typer.echo(f"Written: {path}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (demo, train, predict):
        app.command()(command)
