"""Scores of forecasts: every metric of every run, and intervals made alike for all models."""

from opir.bench.scoring.names import METRICS as METRICS
from opir.bench.scoring.score import check_forecast as check_forecast
from opir.bench.scoring.score import score as score
from opir.bench.scoring.score import subset_of as subset_of
from opir.bench.scoring.scores import Scores as Scores
