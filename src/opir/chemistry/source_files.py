"""Reading library files: YAML without duplicates, checked by the schema."""

from __future__ import annotations

import difflib
import re
import reprlib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from opir.chemistry import schema
from opir.errors import ChemistryError, FormatError
from opir.files import check_regular, read_text

__all__ = ["list_files", "parse_file"]

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BASE):  # type: ignore[misc]  # the base is chosen when it runs
    """YAML 1.2 numbers (``1e-9``) and no key twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """A mapping, refusing keys that stand in it twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                continue
            if key in seen:
                raise ChemistryError(
                    f"{key!r} stands twice in one mapping",
                    remedy="Remove or rename one of them",
                    place=f"line {key_node.start_mark.line + 1}",
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def list_files(path: Path | str) -> list[Path]:
    """A YAML file itself, or all YAML files in a folder, in order of their names.

    Raises:
        FormatError: If there is no such file, or the folder has none.
    """
    path = check_regular(path)
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".yaml", ".yml", ".json"))
    if not found:
        raise FormatError("the folder holds no YAML file", path=path)
    return found


def parse_file(path: Path | str) -> schema.LibraryFile:
    """One library file, checked by the schema.

    Raises:
        FormatError: If it is no YAML.
        ChemistryError: If a field is unknown, missing or wrong.
    """
    text = read_text(path)
    try:
        data = yaml.load(text, Loader=_Loader)
    except ChemistryError as error:
        raise error.at(path=path) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise FormatError(
            "the text is not YAML",
            place=f"line {mark.line + 1}" if mark else None,
            path=path,
        ) from error
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise FormatError(
            "a library file is a mapping of sections",
            remedy=f"Sections: {', '.join(schema.LibraryFile.model_fields)}",
            path=path,
        )
    try:
        return schema.LibraryFile.model_validate(data)
    except ValidationError as error:
        raise _explain(error).at(path=path) from error


_ENTRIES = [
    item
    for item in vars(schema).values()
    if isinstance(item, type) and issubclass(item, BaseModel) and item.model_fields
]


def _explain(error: ValidationError) -> ChemistryError:
    """The first fault that pydantic found, in our words."""
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    more = f" (and {error.error_count() - 1} more faults)" if error.error_count() > 1 else ""
    if fault["type"] == "extra_forbidden":
        key = str(fault["loc"][-1])
        known = sorted({field for model in _ENTRIES for field in model.model_fields})
        near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
        remedy = f"Nearest: {', '.join(near)}" if near else "docs/chemistry.md lists the fields"
        return ChemistryError(f"unknown field {key!r}{more}", remedy=remedy, place=place)
    if fault["type"] == "missing":
        return ChemistryError(f"the field is missing{more}", remedy="Give it", place=place)
    message = str(fault["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return ChemistryError(
        f"{reprlib.repr(fault['input'])[:120]}: {message}{more}",
        remedy="docs/chemistry.md shows what belongs here",
        place=place,
    )
