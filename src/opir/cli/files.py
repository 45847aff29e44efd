"""Commands on files: show, plot, ingest, process, formats."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["add_to"]


def show(
    path: Path = typer.Argument(..., help="Any readable file, zip archive or folder."),
    format: str = typer.Option("", help="Name of a format, to skip telling it by content."),
) -> None:
    """Print what a file holds."""
    from opir.workflows.show import describe

    typer.echo(describe(path, format=format or None))


def plot(
    path: Path = typer.Argument(..., help="Any readable file, zip archive or folder."),
    kind: str = typer.Option(
        "", "--kind", "-k", help="heatmap, waterfall, difference, spectrum or electrochemistry."
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Picture (.png, .svg, .pdf); beside the file by default."
    ),
    region: tuple[float, float] | None = typer.Option(
        None, help="Draw these wavenumbers only: --region 950 1500."
    ),
    step: list[str] = typer.Option(
        [], "--step", "-s", help="Processing step first: 'smooth width=15'. May be repeated."
    ),
    block: str = typer.Option("", help="Another block of the file (opir show lists them)."),
    format: str = typer.Option("", help="Name of a format, to skip telling it by content."),
    force: bool = typer.Option(False, "--force", help="Overwrite the picture."),
) -> None:
    """Draw what a file holds."""
    from opir.workflows.plot import plot as draw
    from opir.workflows.settings import parse_step

    drawn = draw(
        path,
        kind or None,
        region=region,
        steps=[parse_step(text) for text in step],
        out=out,
        overwrite=force,
        format=format or None,
        block=block or None,
    )
    typer.echo(f"Written: {drawn}")


def ingest(
    paths: list[str] = typer.Argument(
        ...,
        metavar="SPECTRA... ELECTROCHEMISTRY",
        help="Spectra (files, a folder, a zip, a quoted pattern), then the cycler's file.",
    ),
    out: Path = typer.Option(..., "--out", "-o", help="Run to write (.nc)."),
    spectra_only: bool = typer.Option(False, "--spectra-only", help="All files are spectra."),
    format: str = typer.Option("", help="Format of the spectra."),
    electrochemistry_format: str = typer.Option("", help="Format of the cycler's file."),
    time_step: str = typer.Option("", help="Time between spectra, where files hold no times: 75 s"),
    file_times: bool = typer.Option(
        False, "--file-times", help="Trust the files' times more than the spectrometer's clock."
    ),
    offset: str = typer.Option(
        "", help="Add this to the spectra's clock: '90 s' (write --offset='-90 s')."
    ),
    spectra_timezone: str = typer.Option("", help="Clock of the spectra: Europe/Paris, UTC."),
    electrochemistry_timezone: str = typer.Option("", help="Clock of the cycler: UTC."),
    spectra_start: str = typer.Option("", help="Start of the spectra, ISO 8601."),
    electrochemistry_start: str = typer.Option("", help="Start of the cycler's record, ISO 8601."),
    maximum_gap: str = typer.Option("", help="Do not interpolate over more than this: '60 s'."),
    temperature: str = typer.Option("", help="Temperature of the cell: '25 degC'."),
    system: Path | None = typer.Option(None, help="File of the system (YAML, JSON)."),
    protocol: Path | None = typer.Option(None, help="File of the protocol (YAML)."),
    name: str = typer.Option("", help="Title of the run."),
    licence: str = typer.Option("", help="Licence of the data."),
    origin: str = typer.Option("", help="'simulated', where the files are no measurement."),
    force: bool = typer.Option(False, "--force", help="Overwrite the run."),
) -> None:
    """Make one run of spectra and the electrochemistry recorded beside them."""
    from opir.protocol import Protocol
    from opir.quantities import parse
    from opir.system import System
    from opir.workflows.ingest import ingest as make

    alone = spectra_only or len(paths) == 1
    result = make(
        paths if alone else paths[:-1],
        None if alone else paths[-1],
        out=out,
        overwrite=force,
        format=format or None,
        electrochemistry_format=electrochemistry_format or None,
        time_step=parse(time_step, "time") if time_step else None,
        file_times=file_times,
        offset_s=parse(offset, "time") if offset else None,
        spectra_timezone=spectra_timezone or None,
        electrochemistry_timezone=electrochemistry_timezone or None,
        spectra_start=spectra_start or None,
        electrochemistry_start=electrochemistry_start or None,
        maximum_gap_s=parse(maximum_gap, "time") if maximum_gap else None,
        temperature=parse(temperature, "temperature") if temperature else None,
        system=System.from_file(system) if system else None,
        protocol=Protocol.from_file(protocol) if protocol else None,
        name=name,
        licence=licence,
        origin=origin or None,
    )
    typer.echo(str(result))


def process(
    path: Path = typer.Argument(..., help="Any readable file, zip archive or folder."),
    steps: list[str] = typer.Argument(
        None, help="Steps in order, quoted: 'cut low=950 high=1500' 'smooth'. None: convert."
    ),
    out: Path = typer.Option(..., "--out", "-o", help="File to write (.nc)."),
    undo: int = typer.Option(0, help="Undo so many of the file's last steps first."),
    block: str = typer.Option("", help="Another block of the file (opir show lists them)."),
    format: str = typer.Option("", help="Name of a format, to skip telling it by content."),
    force: bool = typer.Option(False, "--force", help="Overwrite the file."),
) -> None:
    """Process spectra step by step, or convert a file to NetCDF."""
    from opir.workflows.process import process_file

    data = process_file(
        path,
        steps or (),
        out=out,
        undo_steps=undo,
        block=block or None,
        format=format or None,
        overwrite=force,
    )
    typer.echo(f"{data!r}\nWritten: {out}")


def formats() -> None:
    """List the readable formats."""
    from opir.run.readers import known_readers

    for reader in known_readers():
        typer.echo(f"{reader.name:14} {reader.description}")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (show, plot, ingest, process, formats):
        app.command()(command)
