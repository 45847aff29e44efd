"""Parts of opir import downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import opir

SOURCE = Path(opir.__file__).parent

LAYERS = [
    {"errors"},
    {"quantities", "registry", "files", "progress", "workers"},
    {"protocol", "system"},
    {"run", "chemistry", "spectra", "metrics"},
    {"simulate", "models"},
    {"training", "plots"},
    {"pathways"},
    {"bench"},
    {"workflows"},
    {"cli", "serve"},
]
"""The parts, lowest first. A part may import parts of lower rows only; see ARCHITECTURE.md."""

RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
SHELL = {"__init__", "__main__"}


def imports(path: Path) -> set[str]:
    """Dotted names of the opir modules that a file imports, inside functions too."""
    found = set()
    package = ["opir", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
            found |= {f"{base}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] == "opir"}


def faults(part: str, names: set[str]) -> list[str]:
    """The imports of a part that do not go downwards."""
    wrong = []
    for name in sorted(names):
        pieces = name.split(".")
        if len(pieces) == 1:
            continue
        target = pieces[1]
        if target in RANK and target != part and RANK[target] >= RANK[part]:
            wrong.append(f"{part} imports {name}")
    return wrong


FILES = sorted(p for p in SOURCE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_imports_go_downwards(path: Path) -> None:
    part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if part in SHELL:
        return
    assert part in RANK, f"{part} has no place in the layers: add it here and in ARCHITECTURE.md"
    assert not faults(part, imports(path))


def test_the_test_sees_upward_and_sideways_imports() -> None:
    assert faults("run", {"opir.models.base"})
    assert faults("run", {"opir.metrics.mae"})
    assert not faults("models", {"opir.run.run", "opir.errors.OpirError"})


def test_architecture_names_every_part() -> None:
    text = (SOURCE.parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8")
    parts = {p.relative_to(SOURCE).parts[0].removesuffix(".py") for p in FILES} - SHELL
    missing = [part for part in sorted(parts) if f"`{part}" not in text]
    assert not missing


def test_files_stay_small() -> None:
    large = [p.name for p in FILES if len(p.read_text(encoding="utf-8").splitlines()) > 450]
    assert not large
