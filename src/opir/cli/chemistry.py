"""Commands on the library: opir chemistry list, show, check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Species, reactions, electrodes and systems that opir knows.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_EXTRA = typer.Option(
    [], "--library", help="File or folder of one's own species, reactions and systems; repeatable."
)
_JSON = typer.Option(False, "--json", help="Print JSON.")


def _table(rows: list[dict[str, Any]]) -> list[str]:
    texts = [[f"{value:g}" if isinstance(value, float) else str(value) for value in row.values()]
             for row in rows]  # fmt: skip
    texts.insert(0, list(rows[0]) if rows else [])
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    return ["  ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)).rstrip()
            for row in texts]  # fmt: skip


@app.command("list")
def list_(
    kind: str = typer.Argument("systems", help="species, reactions, systems or electrodes."),
    extra: list[Path] = _EXTRA,
    as_json: bool = _JSON,
) -> None:
    """List what is known of a kind."""
    from opir.workflows.chemistry import listing

    rows = listing(kind, extra)
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for line in _table(rows):
        typer.echo(line)


@app.command()
def show(
    name: str = typer.Argument(
        ..., help="A species (name, alias, formula, SMILES), reaction, system or electrode."
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", help="Picture to write: a species' spectrum, a system's reactions."
    ),
    extra: list[Path] = _EXTRA,
    as_json: bool = _JSON,
    force: bool = typer.Option(False, "--force", help="Overwrite the picture."),
) -> None:
    """Print all values with their tags and sources; draw the spectrum or the reactions."""
    from opir.workflows.chemistry import card, draw, find, to_data

    item, known = find(name, extra)
    drawn = None if out is None else draw(item, known, out, overwrite=force)
    if as_json:
        typer.echo(json.dumps(to_data(item), ensure_ascii=False, indent=1))
    else:
        typer.echo(card(item, known))
    if drawn is not None:
        typer.echo(f"Written: {drawn}", err=as_json)


@app.command()
def check(
    files: list[Path] = typer.Argument(None, help="One's own files; the built-in library if none."),
) -> None:
    """Name every fault and loose end; exit status 1 if anything contradicts itself."""
    from opir.workflows.chemistry import check as examine

    findings, tags = examine(files or [])
    for finding in findings:
        typer.echo(str(finding))
    errors = sum(finding.level == "error" for finding in findings)
    typer.echo("values by tag: " + ", ".join(f"{tag} {count}" for tag, count in tags.items()))
    typer.echo(f"{errors} error(s), {len(findings) - errors} warning(s)")
    if errors:
        raise typer.Exit(1)
