"""The command that says what a band of a run is."""

from __future__ import annotations

import json
from pathlib import Path

import typer

__all__ = ["add_to"]


def explain(
    path: Path = typer.Argument(..., help="Any readable file, zip archive or folder."),
    band: float = typer.Option(..., "--band", "-b", help="Position of the band, cm-1."),
    system: str = typer.Option(
        "", help="What the cell is: a name (opir chemistry list systems), or a file (YAML, JSON)."
    ),
    block: str = typer.Option("", help="Another block of the file (opir show lists them)."),
    format: str = typer.Option("", help="Name of a format, to skip telling it by content."),
    extra: list[Path] = typer.Option(
        [], "--library", help="File of one's own species and reactions. May be repeated."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> None:
    """Say whether a band changes, which species may be behind it, and what tells them apart."""
    from opir.workflows.explain import explain_run

    found = explain_run(
        path,
        band,
        system=system or None,
        block=block or None,
        format=format or None,
        extra=extra,
    )
    if as_json:
        typer.echo(json.dumps(found.to_json(), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        typer.echo(found.to_text())


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(explain)
