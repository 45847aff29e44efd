"""Commands on OpIRSpec stores: opir data info, validate, add, export, import, merge, split."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["app"]

app = typer.Typer(
    help="Stores of many runs (OpIRSpec, zarr v3).", no_args_is_help=True, rich_markup_mode=None
)

_STORE = typer.Argument(..., metavar="STORE", help="Path or fsspec URL of a store.")


@app.command()
def info(store: str = _STORE) -> None:
    """What a store holds."""
    from opir.workflows.data import info as look

    for line in look(store).sentences():
        typer.echo(line)


@app.command()
def validate(store: str = _STORE) -> None:
    """Name every fault with run and element; exit status 1 if there is any."""
    from opir.workflows.data import validate as check

    faults = check(store)
    for fault in faults:
        typer.echo(str(fault))
    typer.echo(f"{store}: {len(faults)} fault(s)" if faults else f"{store}: valid")
    if faults:
        raise typer.Exit(1)


@app.command()
def add(
    store: str = _STORE,
    files: list[Path] = typer.Argument(..., help="Runs (any readable file)."),
) -> None:
    """Add runs to a store; it is made where there is none."""
    from opir.workflows.data import add as put

    for id in put(files, store):
        typer.echo(f"Added: {id}")


@app.command()
def export(
    store: str = _STORE,
    run: str = typer.Argument(..., help="Id of the run (opir data info lists what is there)."),
    out: Path = typer.Option(..., "--out", "-o", help="File to write: .nc, .csv or .dx."),
    force: bool = typer.Option(False, "--force", help="Overwrite the file."),
) -> None:
    """Write one run as NetCDF, CSV or JCAMP-DX."""
    from opir.workflows.data import export as write

    for path in write(store, run, out, overwrite=force):
        typer.echo(f"Written: {path}")


@app.command("import")
def import_(
    mapping: Path = typer.Argument(..., help="Mapping file (docs/import.md)."),
    out: str = typer.Option(..., "--out", "-o", metavar="STORE", help="Store to make."),
    append: bool = typer.Option(False, "--append", help="Add to a store that is there."),
) -> None:
    """Bring in arrays and a table of conditions by a mapping file."""
    from opir.workflows.data import import_ as bring

    store = bring(mapping, out, append=append)
    typer.echo(f"{store.url}: {len(store)} runs")


@app.command()
def merge(
    stores: list[str] = typer.Argument(..., metavar="STORE...", help="Stores to merge."),
    out: str = typer.Option(..., "--out", "-o", metavar="STORE", help="Store to make."),
    title: str = typer.Option("", help="Title of the new store."),
) -> None:
    """Make one store of several."""
    from opir.workflows.data import merge as unite

    store = unite(stores, out, title=title)
    typer.echo(f"{store.url}: {len(store)} runs")


@app.command()
def split(
    store: str = _STORE,
    name: str = typer.Argument(..., help="Name of a split stored with it."),
    out: str = typer.Option(..., "--out", "-o", help="Folder for the new stores."),
) -> None:
    """Make one store of each subset of a split."""
    from opir.workflows.data import split as part

    for subset, made in part(store, name, out).items():
        typer.echo(f"{subset}: {made.url}, {len(made)} runs")
