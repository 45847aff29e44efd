"""One HTML page of all results, which opens without a network."""

from opir.bench.report.report import report_page as report_page
