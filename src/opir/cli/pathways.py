"""The command that tells what happened in a run: species, onsets, reactions."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from opir.errors import OptionError

__all__ = ["add_to"]


def pathways(
    runs: list[Path] = typer.Argument(
        ..., help="Runs (any readable file), forecasts of opir predict, or folders of them."
    ),
    out: Path | None = typer.Option(None, "--out", "-o", help="Folder for tables, pictures, page."),
    system: str = typer.Option(
        "", help="The cell, where a run does not say: a name (lp57-graphite), file or text."
    ),
    species: str = typer.Option("", help="The only species to weigh: LEDC,Li2CO3."),
    reaction: list[str] = typer.Option(
        [], help="A reaction of one's own to weigh besides: 'EC -> PEO + CO2'. May be repeated."
    ),
    reference: list[str] = typer.Option(
        [], help="A reference spectrum of one's own: NAME=FILE. May be repeated."
    ),
    extra: list[Path] = typer.Option(
        [], "--library", help="File of one's own species and reactions. May be repeated."
    ),
    second_way: bool = typer.Option(
        True, help="Unmix the spectra without the library, too: most of the time of long runs."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print species and reactions as JSON."),
    workers: int = typer.Option(2, help="Processes, where there are several runs."),
    force: bool = typer.Option(False, "--force", help="Overwrite earlier files."),
) -> None:
    """Tell from the spectra of a run what formed, when, and by which reactions."""
    from opir.workflows.pathways_batch import pathways_runs

    done = pathways_runs(
        runs,
        out=out,
        system=system or None,
        references=dict(_pair(text) for text in reference),
        species=[name.strip() for name in species.split(",") if name.strip()] or None,
        user_reactions=reaction,
        extra=extra,
        second_way=second_way,
        workers=workers,
        overwrite=force,
    )
    failed = [outcome for outcome in done if outcome.error]
    if as_json:
        records = [record for outcome in done for record in outcome.records]
        typer.echo(json.dumps(records, ensure_ascii=False, allow_nan=False, indent=1))
    for outcome in done:
        if outcome.error or as_json:
            continue
        if len(done) > 1:
            typer.echo(f"== {outcome.path}")
        for line in (*outcome.sentences, "", *outcome.table):
            typer.echo(line)
        for file in outcome.files:
            typer.echo(f"Written: {file}")
    for outcome in failed:
        text = outcome.error
        text = text if text.startswith(outcome.path) else f"{outcome.path}: {text}"
        typer.echo(f"opir: {text}", err=True)
    if failed:
        if len(done) > 1:
            typer.echo(f"{len(failed)} of {len(done)} runs failed.", err=True)
        raise typer.Exit(2 if len(failed) == len(done) else 1)


def _pair(text: str) -> tuple[str, str]:
    name, sign, file = text.partition("=")
    if not (name.strip() and sign and file.strip()):
        raise OptionError(
            f"the reference {text!r} is not NAME=FILE", remedy="Write --reference LEDC=ledc.spc"
        )
    return name.strip(), file.strip()


def add_to(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command()(pathways)
