"""The command line: thin shells over :mod:`opir.workflows`, with no logic of their own.

Every error that opir raises on purpose becomes one sentence on standard error and exit status 2;
Ctrl-C ends with 130, and where work was kept the sentence says how to go on. Anything unforeseen
is one sentence too, with status 70 and, where the environment variable ``OPIR_DEBUG`` is set, the
traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer

from opir import __version__
from opir.cli.adapt import add_to as add_adapt_command
from opir.cli.bench import app as bench_commands
from opir.cli.chemistry import app as chemistry_commands
from opir.cli.data import app as data_commands
from opir.cli.explain import add_to as add_explain_command
from opir.cli.export import add_to as add_export_command
from opir.cli.files import add_to as add_file_commands
from opir.cli.models import add_to as add_model_commands
from opir.cli.pathways import add_to as add_pathways_command
from opir.cli.simulate import add_to as add_simulation_commands
from opir.errors import OpirError, StoppedError

__all__ = ["app", "main"]

app = typer.Typer(
    name="opir",
    help="Read, store, draw and forecast operando infrared spectra of batteries.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_file_commands(app)
add_model_commands(app)
add_adapt_command(app)
add_explain_command(app)
add_export_command(app)
add_pathways_command(app)
add_simulation_commands(app, data_commands)
app.add_typer(data_commands, name="data")
app.add_typer(chemistry_commands, name="chemistry")
app.add_typer(bench_commands, name="bench")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"opir {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
    ),
) -> None:
    pass


def _say(text: str) -> None:
    """One line on standard error, whatever the encoding of the terminal."""
    stream = sys.stderr
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding) + "\n")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        arguments: Words of the command; those of the process by default.
    """
    try:
        app(args=None if arguments is None else list(arguments))
    except OpirError as error:
        if os.environ.get("OPIR_DEBUG"):
            raise
        _say(f"opir: {error}")
        sys.exit(130 if isinstance(error, StoppedError) else 2)
    except OSError as error:  # what no part foresaw: a full disk behind standard output, say
        if os.environ.get("OPIR_DEBUG"):
            raise
        where = f"{error.filename}: " if error.filename else ""
        _say(
            f"opir: {where}the operating system refused ({error.strerror or error}). "
            "Check the names, the permissions and the space on the disk."
        )
        sys.exit(2)
    except KeyboardInterrupt:
        _say("opir: stopped.")
        sys.exit(130)
    except SystemExit as ended:
        if ended.code == 130:  # so typer ends where Ctrl-C was pressed inside a command
            _say("opir: stopped.")
        raise
    except MemoryError:
        _say("opir: the machine has too little memory for this. Cut the data, or split it.")
        sys.exit(2)
    except Exception as error:  # the last resort: a fault of opir itself, never a traceback
        if os.environ.get("OPIR_DEBUG"):
            raise
        _say(
            f"opir: this should not have happened ({type(error).__name__}: {error}). "
            "It is a fault of opir: please report it, with what OPIR_DEBUG=1 shows."
        )
        sys.exit(70)
