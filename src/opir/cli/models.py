"""Commands on forecasters: demo, train, predict."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from opir.errors import OptionError

__all__ = ["add_to"]


@contextmanager
def _no_collection() -> Iterator[None]:
    """No search for garbage meanwhile, nor in what is there by then, at the end of the process.

    Loading libraries makes a million objects that stay; a short command is done in two thirds of
    the time when they are not looked through again and again.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if before:
            gc.enable()


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
    preset: str = typer.Option("", help="Settings that ship, in place of a file: base."),
    without: str = typer.Option("", help="Of a store, the system of which no run is trained on."),
    model: str = typer.Option(
        "", help="abcc, ridge, ...; abcc by default, abcc-library for a store."
    ),
    step: list[str] = typer.Option(
        [], "--step", "-s", help="Processing step: 'cut low=950 high=1500'. May be repeated."
    ),
    steps: int | None = typer.Option(None, help="Training steps, in place of the settings'."),
    seed: int | None = typer.Option(None, help="Seed, in place of the settings'."),
    device: str = typer.Option("", help="cpu, cuda or auto, in place of the settings'."),
    state: Path | None = typer.Option(None, help="File to resume from after a stop."),
    resume: bool = typer.Option(False, "--resume", help="Go on from the state."),
    log: Path | None = typer.Option(None, help="JSON-lines log; its curves come beside it (.png)."),
    force: bool = typer.Option(False, "--force", help="Overwrite the model, log and state."),
) -> None:
    """Train a forecaster on runs, or on an OpIRSpec store of many."""
    from opir.workflows.settings import (
        TrainSettings,
        parse_step,
        preset_settings,
        read_settings,
    )
    from opir.workflows.train import train as learn
    from opir.workflows.train_store import first_settings, is_store, train_on_store

    if settings and preset:
        raise OptionError("both --settings and --preset are given", remedy="Leave one of them out")
    given = TrainSettings()
    if settings or preset:
        given = read_settings(settings) if settings else preset_settings(preset)
    said: dict[str, Any] = {"steps": steps, "seed": seed, "device": device or None}
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
        named = bool(settings or preset)
        name = model or (given.model if named else "abcc-library")
        config = given.training if named else first_settings(name)
        trained = train_on_store(
            runs[0],
            model=name,
            config=config.changed(**said),
            options=given.options,
            without=without or None,
            **rest,
        )
    else:
        if without:
            raise OptionError(
                "--without holds out a system of a store; files of runs were given",
                remedy="Leave the files of that system out",
            )
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


def pretrain(
    store: Path = typer.Argument(..., help="OpIRSpec-Sim-7K, or another store of described runs."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the weights and the card."),
    preset: str = typer.Option("base", help="Settings that ship."),
    only: list[str] = typer.Option(
        [], help="A system to hold out, or base; all by default. May be repeated."
    ),
    steps: int | None = typer.Option(None, help="Training steps, in place of the preset's."),
    force: bool = typer.Option(False, "--force", help="Train again what lies there."),
) -> None:
    """Make the weights that ship, and those without each system; the same command goes on."""
    from opir.workflows.pretrain import pretrain as make
    from opir.workflows.settings import preset_settings

    config = preset_settings(preset).training.changed(steps=steps)
    make(store, out=out, preset=preset, only=only, config=config, overwrite=force, say=typer.echo)


def predict(
    spectrum: Path | None = typer.Argument(None, help="One spectrum, or a run to take frames of."),
    system: str = typer.Option(
        "", help="Name of a system (lp57-graphite), its file, or '{name: ..., electrolyte: ...}'."
    ),
    protocol: str = typer.Option(
        "", help="Name of a protocol (formation-c10), a text ('charge at C/10 to 4.2 V') or a file."
    ),
    model: str = typer.Option(
        "opir-base", "--model", "-m", help="Name of a model that ships, or a file (.safetensors)."
    ),
    out: Path = typer.Option(Path("forecast"), "--out", "-o", help="Folder for the forecast."),
    from_composition: bool = typer.Option(
        False, "--from-composition", help="No spectrum: simulate it from the system's composition."
    ),
    temperature: str = typer.Option("", help="In place of the system's: '25 degC'."),
    frames: int | None = typer.Option(
        None, help="How many frames to forecast, evenly to the end of the protocol."
    ),
    every: str = typer.Option("", help="In their place, time between frames: '10 min'."),
    until: str = typer.Option("", help="Last time to forecast: '5 h'."),
    frame: int = typer.Option(0, help="Which frame of a run is given, counted from 0."),
    given: int = typer.Option(1, help="How many frames of a run are given, from that one on."),
    format: str = typer.Option("", help="Format of the spectrum."),
    force: bool = typer.Option(False, "--force", help="Overwrite an earlier forecast."),
) -> None:
    """Forecast what follows one spectrum: NetCDF, tables, a picture and a page."""
    if (spectrum is None) != from_composition:
        raise OptionError(
            "no spectrum is given"
            if spectrum is None
            else "a spectrum and --from-composition are both given",
            remedy="Name its file, or give --from-composition to have it simulated"
            if spectrum is None
            else "Leave one of them out",
        )
    with _no_collection():
        from opir.workflows.predict import even_times
        from opir.workflows.predict import predict as forecast

        done = forecast(
            spectrum,
            system=system or None,
            protocol=protocol or None,
            model=model,
            times=even_times(every, until) if every or until else None,
            frames=frames,
            temperature=temperature or None,
            given=given,
            frame=frame,
            out=out,
            format=format or None,
            overwrite=force,
        )
    for note in done.notes:
        typer.echo(note)
    for path in done.files:
        typer.echo(f"Written: {path}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (demo, train, pretrain, predict):
        app.command()(command)
