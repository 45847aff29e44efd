"""A model that takes part: by its registered name, or as ``package.module:Class``."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from opir.errors import ModelError, OptionError, UnknownNameError
from opir.models import FittedForecaster, Forecaster, get_model
from opir.models.catalogue import model_names

__all__ = [
    "OF_TRAINING",
    "chosen_models",
    "defaults",
    "display_name",
    "make",
    "needs_seed",
    "resolve",
    "searched",
]

OF_TRAINING = ("learning_rate", "batch")
"""Options that are for the training of a model, not for its constructor."""

_BATCHES = (48, 16)
"""Windows per step that may be searched, the same for every model that is trained."""

_STATIC = (48, 8)
"""Principal components that tell a network of the given frame, searched for all of them: many
may let it learn training runs by heart."""


def display_name(spec: str) -> str:
    """The name of a model in tables and folders: ``package.module:Class`` with a full stop."""
    return spec.replace(":", ".")


def chosen_models(wanted: Sequence[str], known: Sequence[str] = ()) -> tuple[str, ...]:
    """The models asked for, each once; ``all`` stands for all registered ones.

    Args:
        wanted: Names, ``all``, or ``package.module:Class``.
        known: Further names that may stand there (floors).

    Raises:
        UnknownNameError: If a name is unknown.
        OptionError: If none is named.
    """
    found: dict[str, None] = {}
    for item in wanted:
        if item == "all":
            found |= dict.fromkeys((*model_names(), *known))
        elif ":" in item or item in known or item in model_names():
            found[item] = None
        else:
            raise UnknownNameError("model", item, (*model_names(), *known, "all"))
    if not found:
        raise OptionError("no model is named", remedy="Give --models all, or names")
    return tuple(found)


def resolve(spec: str) -> type[Forecaster]:
    """The class of a model.

    Raises:
        UnknownNameError: If no model is registered under the name.
        ModelError: If the module or the class is not there, or is no forecaster.
        MissingDependencyError: If a library is missing.
    """
    if ":" not in spec:
        return get_model(spec)
    module_name, _, class_name = spec.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # where a user's own file is, as with python -m
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a user's own module may raise anything
        raise ModelError(
            f"the module {module_name!r} of the model cannot be imported "
            f"({type(error).__name__}: {error})",
            remedy="Name it as package.module:Class, from a folder where Python finds it",
        ) from error
    kind = getattr(module, class_name, None)
    if not (isinstance(kind, type) and issubclass(kind, Forecaster)):
        what = "no such class" if kind is None else "no opir.models.Forecaster"
        raise ModelError(
            f"{spec!r}: there is {what}",
            remedy="A model is a class over FittedForecaster or TrainedForecaster",
        )
    return kind


def make(spec: str, options: Mapping[str, Any]) -> Forecaster:
    """A new model; what is :data:`OF_TRAINING` among the options is not for it."""
    kind = resolve(spec)
    given = {name: value for name, value in options.items() if name not in OF_TRAINING}
    if spec == "abcc" and given:
        from opir.models.abcc import Abcc, AbccConfig

        return Abcc(AbccConfig.from_dict(given))
    static = given.pop("static", None) if hasattr(kind, "static") else None
    model = kind(**given)
    if static is not None:
        model.static = int(static)  # type: ignore[attr-defined]
    return model


def defaults(spec: str) -> dict[str, Any]:
    """The first candidate of everything that may be searched."""
    return {name: next(iter(values)) for name, values in resolve(spec).search.items()}


def searched(spec: str) -> dict[str, Sequence[Any]]:
    """What the search of a model goes through: option -> candidates.

    That of its class, and the windows per step of one that is trained: where a budget allows few
    steps, smaller and more of them may be worth more. Of a network over the shared adapter, how
    much of the given frame it is told of as well; its own number comes first.
    """
    kind = resolve(spec)
    trained = {} if issubclass(kind, FittedForecaster) else {"batch": _BATCHES}
    own = getattr(kind, "static", None)
    told = {} if own is None else {"static": tuple(dict.fromkeys((own, *_STATIC)))}
    return {**kind.search, **trained, **told}


def needs_seed(spec: str) -> bool:
    """Whether the seed makes a difference: closed forms give the same whatever it is.

    A model that cannot be made counts as one, so that it fails once and not for each seed.
    """
    try:
        return not issubclass(resolve(spec), FittedForecaster)
    except Exception:  # untrusted: its row will say what is wrong
        return False
