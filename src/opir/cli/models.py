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


def add_to(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command in (demo,):
        app.command()(command)
