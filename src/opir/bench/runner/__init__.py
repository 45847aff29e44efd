"""Running the benchmark: what is missing is done, in processes; what is there is kept."""

from opir.bench.runner.run import BenchInterruptedError as BenchInterruptedError
from opir.bench.runner.run import BenchRun as BenchRun
from opir.bench.runner.run import run_bench as run_bench
from opir.bench.runner.settings import BenchSettings as BenchSettings
