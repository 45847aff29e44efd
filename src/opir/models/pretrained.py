"""The trained forecasters that ship with opir, by name."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from opir.errors import UnknownNameError
from opir.files import read_text
from opir.models.base import Forecaster
from opir.models.checkpoint import load_model

__all__ = ["card", "from_pretrained", "pretrained_names", "save_pretrained"]

_FOLDER = Path(str(files("opir.models"))) / "weights"
_WEIGHTS, _CARD = ".safetensors", ".md"


def pretrained_names() -> tuple[str, ...]:
    """Names of the weights that ship."""
    return tuple(sorted(path.stem for path in _FOLDER.glob(f"*{_WEIGHTS}")))


def from_pretrained(name: Path | str) -> Forecaster:
    """A trained forecaster.

    Args:
        name: One of :func:`pretrained_names` (``"opir-base"``), or a file that
            :meth:`Forecaster.save` wrote.

    Raises:
        UnknownNameError: If no weights of that name ship, and it is no path of a file either.
        FormatError: If the file is missing, damaged, or of another kind or version.
    """
    if str(name) in pretrained_names():
        return load_model(_FOLDER / f"{name}{_WEIGHTS}")
    path = Path(name)
    if path.suffix or path.exists():
        return load_model(path)
    raise UnknownNameError("trained model", str(name), pretrained_names())


def save_pretrained(model: Forecaster, path: Path | str, *, overwrite: bool = False) -> Path:
    """Write a trained forecaster to one file, for :func:`from_pretrained`.

    Raises:
        OutputExistsError: If the file exists and ``overwrite`` is false.
    """
    return model.save(path, overwrite=overwrite)


def card(name: str) -> str:
    """The model card of weights that ship, as Markdown.

    Raises:
        UnknownNameError: If no weights of that name ship.
        FormatError: If their card is missing.
    """
    if name not in pretrained_names():
        raise UnknownNameError("trained model", name, pretrained_names())
    return read_text(_FOLDER / f"{name}{_CARD}")
