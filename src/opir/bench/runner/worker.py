"""The worker process: jobs in on standard input, summaries out on standard output, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from opir.bench.runner.bench import Bench
from opir.bench.runner.job import do_job
from opir.bench.runner.jobs import Job
from opir.bench.runner.settings import BenchSettings
from opir.errors import OpirError
from opir.workers import answering

__all__ = ["main"]


def main() -> None:
    """Do jobs until standard input ends."""
    say = answering()  # what models print goes to the log
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
