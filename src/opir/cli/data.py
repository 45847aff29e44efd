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
def info(
    store: str = _STORE,
    runs: bool = typer.Option(False, "--runs", help="List the ids of the runs, too."),
) -> None:
    """What a store holds."""
    from opir.workflows.data import ids
    from opir.workflows.data import info as look

    for line in [*look(store).sentences(), *(ids(store) if runs else [])]:
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
    run: str = typer.Argument(..., help="Id of the run (opir data info --runs lists them)."),
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
    name: str = typer.Argument(..., help="Name of the split."),
    shares: str = typer.Option(
        "", help="Divide at random and keep it with the store: train=0.8,validation=0.1,test=0.1"
    ),
    by: str = typer.Option("", help="Keep runs of one value together: --by system."),
    seed: int = typer.Option(0, help="Seed of the division."),
    out: str = typer.Option("", "--out", "-o", help="Make one store of each subset here."),
) -> None:
    """Divide the runs into named subsets, or make one store of each subset."""
    from opir.errors import OptionError
    from opir.workflows.data import make_split, parse_shares
    from opir.workflows.data import split as part

    if not shares and not out:
        raise OptionError(
            "nothing to do", remedy="Give --shares to make a split, --out to write its stores"
        )
    if shares:
        for subset, count in make_split(
            store, name, parse_shares(shares), seed=seed, by=by
        ).items():
            typer.echo(f"{subset}: {count} runs")
    if out:
        for subset, made in part(store, name, out).items():
            typer.echo(f"{subset}: {made.url}, {len(made)} runs")
