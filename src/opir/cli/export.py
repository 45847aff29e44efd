"""The command that writes a trained forecaster for other runtimes."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["add_to"]


def export(
    model: str = typer.Argument(..., help="Model (.safetensors), or a name of one that ships."),
    out: Path = typer.Option(..., "--out", "-o", help="ONNX file to write (.onnx)."),
    frames: int = typer.Option(63, help="How many frames it forecasts."),
    force: bool = typer.Option(False, "--force", help="Overwrite the file."),
) -> None:
    """Write a trained model as ONNX, checked against PyTorch (see docs/export.md)."""
    from opir.workflows.export import export as write

    typer.echo(write(model, out=out, frames=frames, overwrite=force))


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(export)
