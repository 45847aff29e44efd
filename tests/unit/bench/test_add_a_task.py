"""The example of docs/add-a-task.md runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from task_stores import make_item, make_store

from opir.bench.data import open_sources
from opir.bench.tasks import TASKS

PAGE = Path(__file__).resolve().parents[3] / "docs" / "add-a-task.md"


def test_the_example_makes_a_task(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    sources = open_sources(make_store(tmp_path / "s", [make_item(n) for n in range(120)]))
    try:
        exec(compile(code, str(PAGE), "exec"), {"__name__": "example"})
        task = TASKS["winter"]
        (fold,) = task.folds(sources)
        index = sources.index()
        assert min(index[id].temperature or 0.0 for id in fold.train) > 300.15
        assert max(index[id].temperature or 0.0 for id in fold.test) <= 300.15
        assert len(task.load(fold, sources).test) == len(fold.test)
    finally:
        TASKS._items.pop("winter", None)
