"""The worker process: jobs in on standard input, summaries out on standard output, as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opir.bench.runner.bench import Bench
from opir.bench.runner.job import do_job
from opir.bench.runner.jobs import Job
from opir.bench.runner.settings import BenchSettings
from opir.errors import OpirError

__all__ = ["main"]


def main() -> None:
    """Do jobs until standard input ends."""
    # Models may print: what they print goes to the log, the answers through a private handle.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: Mapping[str, Any]) -> None:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()

    try:
        task = json.loads(sys.stdin.readline())
        bench = Bench(BenchSettings.from_json(task["settings"]))
        directory = Path(task["directory"])
        say({"ready": True})
        for line in sys.stdin:
            say({"results": do_job(bench, Job.from_json(json.loads(line)), directory)})
    except OpirError as error:
        say({"error": str(error)})
    except KeyboardInterrupt:
        sys.exit(130)
