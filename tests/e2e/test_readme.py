"""The README's commands and the examples run as they stand."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def run(words: list[str], cwd: Path, **options: Any) -> None:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        **options,
    )
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}\n{done.stderr}"


def run_all(commands: list[list[str]], cwd: Path) -> None:
    """Run words behind ``python`` one after another; each starts without any of opir loaded."""
    run([str(Path(__file__).with_name("cold_commands.py"))], cwd, input=json.dumps(commands))


@pytest.mark.timeout(240)
def test_the_commands_and_the_python_of_the_readme_run(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    commands = [shlex.split(line, comments=True) for line in lines]
    ours = [words for words in commands if words[0] != "make"]
    assert len(ours) >= 8
    assert {words[0] for words in ours} == {"opir", "python"}
    run_all([["-m", *words] if words[0] == "opir" else words[1:] for words in ours], tmp_path)
    for name in ("run.nc", "difference.png", "processed.nc", "model.safetensors"):
        assert (tmp_path / name).stat().st_size > 0
    for ending in ("nc", "csv", "png"):
        assert (tmp_path / "forecast" / f"forecast.{ending}").stat().st_size > 0
    run_all([["-c", code] for code in blocks("python")], tmp_path)


def test_make_targets_and_extras_that_the_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^make (\w+)", README, re.M))
    assert named == {"demo", "test"}
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extras in re.findall(r'-e "\.\[([\w,]+)\]"', README + makefile):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
    assert "-c constraints.txt" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_pages_that_the_readme_links_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*.py"))
    if not path.name.startswith("bench_")  # tests/unit/bench/test_bench_examples.py runs these
    and path.name != "fermentation.py"  # tests/e2e/test_real_run_studies.py runs this
]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples_run(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    arguments = {
        "make_files.py": ["files"],
        "nature.py": ["pictures"],
    }
    if path.name == "fit_sweeps.py":
        measured = request.getfixturevalue("shared_real") / "electrochemistry" / "attia_lsv"
        arguments["fit_sweeps.py"] = [str(measured), "--only-compare"]
    assert path.name in arguments, f"say here how the example {path.name} is run quickly"
    run([str(path), *arguments[path.name]], tmp_path)
