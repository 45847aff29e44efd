"""Commands on forecasters: demo, train, predict."""

from __future__ import annotations

from pathlib import Path

import typer

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
    runs: list[Path] = typer.Argument(..., help="Runs (any readable file)."),
    out: Path = typer.Option(..., "--out", "-o", help="Model to write (.safetensors)."),
    settings: Path | None = typer.Option(None, help="Settings (TOML, see docs/training.md)."),
    model: str = typer.Option("", help="abcc, ridge, nearest-neighbour, ...; abcc by default."),
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
    """Train a forecaster on runs."""
    from opir.workflows.settings import TrainSettings, parse_step, read_settings
    from opir.workflows.train import train as learn

    given = read_settings(settings) if settings else TrainSettings()
    trained = learn(
        runs,
        out=out,
        model=model or given.model,
        processing=tuple(parse_step(text) for text in step) or given.processing,
        design=given.windows,
        config=given.training.changed(
            steps=steps or None, seed=seed if seed >= 0 else None, device=device or None
        ),
        options=given.options,
        state=state,
        resume=resume,
        log=log,
        overwrite=force,
    )
    typer.echo(str(trained))


def predict(
    spectrum: Path = typer.Argument(..., help="One spectrum, or a run to take a frame of."),
    model: Path = typer.Option(..., "--model", "-m", help="Model (.safetensors)."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the forecast."),
    system: Path | None = typer.Option(None, help="File of the system (YAML, JSON)."),
    protocol: Path | None = typer.Option(None, help="File of the protocol (YAML)."),
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
        system=system,
        protocol=protocol,
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
