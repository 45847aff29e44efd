"""One HTML page of all results, which opens without a network: :mod:`opir.bench.report.report`."""
