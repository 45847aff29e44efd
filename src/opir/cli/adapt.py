"""The command that adapts a trained forecaster to a few runs."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["add_to"]


def adapt(
    model: str = typer.Argument(..., help="Model (.safetensors), or a name of one that ships."),
    runs: list[Path] = typer.Argument(..., help="Your runs (any readable file), or one run."),
    out: Path = typer.Option(..., "--out", "-o", help="Adapted model to write (.safetensors)."),
    learn: float | None = typer.Option(
        None,
        help="Share (below 1) or number of the runs to learn from, or of one run's spectra; "
        "2/3 of several runs or 0.5 of one by default. The others are held back.",
    ),
    system: str = typer.Option(
        "", help="System of runs that do not state it: a name (lp57-graphite), or its file."
    ),
    steps: int | None = typer.Option(None, help="Training steps; 1000 by default."),
    seed: int | None = typer.Option(None, help="Seed; 0 by default."),
    device: str = typer.Option("", help="cpu, cuda or auto."),
    state: Path | None = typer.Option(None, help="File to resume from after a stop."),
    resume: bool = typer.Option(False, "--resume", help="Go on from the state."),
    log: Path | None = typer.Option(None, help="JSON-lines log."),
    force: bool = typer.Option(False, "--force", help="Overwrite the model, table and picture."),
) -> None:
    """Train a model on with a few of your own runs; shows before and after on what is held back."""
    from opir.workflows.adapt import adapt as train_on

    done = train_on(
        model,
        runs,
        out=out,
        system=system or None,
        learn=learn,
        changes={"steps": steps, "seed": seed, "device": device or None},
        state=state,
        resume=resume,
        log=log,
        overwrite=force,
    )
    typer.echo(str(done))


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(adapt)
