"""Results of the benchmark on disk, and the tables made of them."""

from opir.bench.results.record import Result as Result
from opir.bench.results.record import read_results as read_results
from opir.bench.results.record import write_result as write_result
