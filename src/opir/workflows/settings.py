"""Settings of a training, from a TOML file and from words on the command line."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from opir.bench.time_blocks import BlockDesign
from opir.errors import FormatError, OptionError, UnknownNameError
from opir.files import read_text
from opir.training import TrainingConfig

__all__ = ["TrainSettings", "parse_step", "preset_names", "preset_settings", "read_settings"]

_TABLES = {"windows": BlockDesign, "training": TrainingConfig}


@dataclass(frozen=True)
class TrainSettings:
    """What a settings file of ``opir train`` says; what it leaves out has its default.

    Attributes:
        model: Name of the forecaster.
        processing: Steps and their parameters, in order.
        windows: How runs are cut into windows.
        training: How to train.
        options: Fields of the model's configuration.
    """

    model: str = "abcc"
    processing: tuple[tuple[str, dict[str, Any]], ...] = ()
    windows: BlockDesign = field(default_factory=BlockDesign)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    options: dict[str, Any] = field(default_factory=dict)


def read_settings(path: Path | str) -> TrainSettings:
    """Settings from a TOML file.

    The file may hold ``model = "abcc"``, a list ``processing = ["cut low=950 high=1500", ...]``
    and the tables ``[windows]``, ``[training]`` and ``[options]``.

    Raises:
        FormatError: If the file cannot be read or is not TOML.
        UnknownNameError: If a key is unknown; the nearest are listed.
        OptionError: If a value is of the wrong type or out of range.
    """
    path = Path(path)
    try:
        found = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise FormatError(f"the file is not TOML ({error})", path=path) from error
    known = [item.name for item in fields(TrainSettings)]
    for key in found:
        if key not in known:
            raise UnknownNameError("setting", key, known, path=str(path))
    values = dict(found)
    if "processing" in values:
        steps = values["processing"]
        if not isinstance(steps, list) or not all(isinstance(step, str) for step in steps):
            raise OptionError("processing is a list of texts", path=path, place="processing")
        values["processing"] = tuple(parse_step(step) for step in steps)
    for name, kind in _TABLES.items():
        if name in values:
            values[name] = _build(kind, values[name], name, path)
    for name, kind in {"model": str, "options": dict}.items():
        if name in values and not isinstance(values[name], kind):
            raise OptionError(f"{name} is {values[name]!r}", path=path, place=name)
    return TrainSettings(**values)


_PRESETS = Path(str(files("opir.training"))) / "presets"


def preset_names() -> tuple[str, ...]:
    """Names of the settings that ship."""
    return tuple(sorted(path.stem for path in _PRESETS.glob("*.toml")))


def preset_settings(name: str) -> TrainSettings:
    """Settings that ship: ``base`` for the weights ``opir-base``.

    Raises:
        UnknownNameError: If there are none of that name; the nearest are listed.
    """
    if name not in preset_names():
        raise UnknownNameError("preset", name, preset_names())
    return read_settings(_PRESETS / f"{name}.toml")


def _build(kind: type, table: Any, name: str, path: Path) -> Any:
    if not isinstance(table, Mapping):
        raise OptionError(f"{name} is {table!r}; a table [{name}] is needed", path=path)
    defaults = {item.name: getattr(kind(), item.name) for item in fields(kind)}
    for key, value in table.items():
        if key not in defaults:
            raise UnknownNameError("setting", key, defaults, path=str(path), place=f"[{name}]")
        wanted = float if defaults[key] is None else type(defaults[key])
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if wanted is tuple:
            fits = isinstance(value, list)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            raise OptionError(
                f"{key} is {value!r}; the default is {defaults[key]!r}",
                remedy="Give a value of the same type",
                path=path,
                place=f"[{name}]",
            )
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    try:
        return kind(**given)
    except OptionError as error:
        raise error.at(path=path, place=f"[{name}]") from None


def parse_step(text: str) -> tuple[str, dict[str, Any]]:
    """A processing step from words: ``"cut low=950 high=1500"``.

    Values are JSON where they can be (numbers, ``true``, ``[1,2]``), texts otherwise.

    Raises:
        OptionError: If a word after the first is not ``key=value``.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise OptionError(f"the step {text!r} cannot be read ({error})") from error
    if not words:
        raise OptionError("a processing step is empty", remedy="Write: cut low=950 high=1500")
    parameters: dict[str, Any] = {}
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise OptionError(
                f"{word!r} in the step {text!r} is not key=value",
                remedy="Write: cut low=950 high=1500",
            )
        try:
            parameters[key] = json.loads(value)
        except json.JSONDecodeError:
            parameters[key] = value
    return words[0], parameters
