"""What the best forecaster could reach on simulated runs: floors under every model's error."""

from opir.bench.floors.floors import Floors as Floors
from opir.bench.floors.floors import floors as floors
from opir.bench.floors.floors import oracle_samples as oracle_samples
from opir.bench.floors.one_run import FLOORS as FLOORS
