"""Commands that simulate: opir simulate, opir data simulate, opir data card."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["add_to", "card", "simulate_store"]

_EXTRA = typer.Option(
    [], "--library", help="File of one's own species, reactions and systems. May be repeated."
)


def simulate(
    system: str = typer.Option(
        ..., "--system", help="Name (opir chemistry list systems) or file (YAML, JSON)."
    ),
    protocol: str = typer.Option(
        ...,
        "--protocol",
        help="Name (--protocol list), protocol or cycler's file, or a text: "
        "'sweep 1.2 V to 0.01 V at 30 mV/min; rest 1 h'.",
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Run to write (.nc); its truth goes beside it."
    ),
    plot: Path | None = typer.Option(None, help="Picture to write (.png, .svg, .pdf)."),
    temperature: str = typer.Option("", help="Temperature of the cell: '25 degC'."),
    duration: str = typer.Option("", help="Use only so much of a cycler's file: '5 h'."),
    frames: int = typer.Option(64, help="Number of spectra."),
    seed: int = typer.Option(0, min=0, help="Seed of the cell and of the instrument."),
    nominal: bool = typer.Option(False, "--nominal", help="No variation from cell to cell."),
    wavenumbers: int = typer.Option(512, help="Points of a spectrum."),
    region: tuple[float, float] = typer.Option((800.0, 1900.0), help="Ends of the axis, cm-1."),
    instrument: str = typer.Option(
        "bench", help="Name of an instrument: bench, good, poor; or none for noise-free spectra."
    ),
    potential: str = typer.Option(
        "own", help="Potential under a current: 'own' electrode model, or 'pybamm' (graphite)."
    ),
    extra: list[Path] = _EXTRA,
    force: bool = typer.Option(False, "--force", help="Overwrite the files."),
) -> None:
    """Simulate one operando run."""
    from opir.quantities import parse
    from opir.workflows.simulate import protocol_list, simulate_run

    if protocol == "list":
        for line in protocol_list():
            typer.echo(line)
        return
    made = simulate_run(
        system,
        protocol,
        out=out,
        plot=plot,
        temperature=parse(temperature, "temperature") if temperature else None,
        duration=duration or None,
        frames=frames,
        seed=seed,
        vary=not nominal,
        wavenumbers=wavenumbers,
        region=region,
        instrument=instrument,
        potential=potential,
        extra=extra,
        overwrite=force,
    )
    typer.echo(f"{made.run!r}\nSimulated: {made.status}")
    for path in made.files:
        typer.echo(f"Written: {path}")


def simulate_store(
    out: str = typer.Option(..., "--out", "-o", metavar="STORE", help="Store to make or go on."),
    preset: str = typer.Option(
        "", help="opirspec-sim-7k, shifted, or a TOML file; one's own set without."
    ),
    system: list[str] = typer.Option([], help="Name of a system. May be repeated."),
    protocol: list[str] = typer.Option([], help="Name or text of a protocol. May be repeated."),
    n: int | None = typer.Option(None, "--n", min=1, help="Number of runs."),
    temperature: str = typer.Option("", help="'25 degC', or a range: '15 degC to 60 degC'."),
    seed: int | None = typer.Option(None, min=0, help="Seed of the set."),
    frames: int | None = typer.Option(None, help="Spectra of a run."),
    wavenumbers: int | None = typer.Option(None, help="Points of a spectrum."),
    region: tuple[float, float] | None = typer.Option(None, help="Ends of the axis, cm-1."),
    workers: int = typer.Option(0, min=0, help="Processes; 0: one for each core."),
    extra: list[Path] = _EXTRA,
) -> None:
    """Simulate many runs into a store; stopped, the same command goes on."""
    from opir.workflows.simulate import simulate_store as make

    result = make(
        out,
        preset=preset,
        systems=system,
        protocols=protocol,
        runs=n,
        temperature=temperature or None,
        seed=seed,
        frames=frames,
        wavenumbers=wavenumbers,
        region=region,
        workers=workers,
        extra=extra,
    )
    typer.echo(
        f"{result.store.url}: {len(result.store)} simulated runs ({result.written} new) "
        f"in {result.seconds:.0f} s"
    )
    if result.redrawn:
        typer.echo(
            f"{result.redrawn} draws could not be integrated and were drawn anew; "
            "the tags 'attempt' and 'failures' of the runs say which and why"
        )


def card(
    store: str = typer.Argument(..., metavar="STORE", help="Store of simulated runs."),
    out: Path = typer.Option(..., "--out", "-o", help="Folder for the pictures."),
    force: bool = typer.Option(False, "--force", help="Overwrite the folder."),
) -> None:
    """Draw what a store of simulated runs holds."""
    from opir.workflows.data_card import data_card

    for path in data_card(store, out, overwrite=force):
        typer.echo(f"Written: {path}")


def add_to(app: typer.Typer, data: typer.Typer) -> None:
    """Add the commands of this file.

    Args:
        app: ``opir``.
        data: ``opir data``.
    """
    app.command()(simulate)
    data.command("simulate")(simulate_store)
    data.command()(card)
