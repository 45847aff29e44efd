"""Predictions made elsewhere: what they may see in a file, and their score from another file."""

from opir.bench.submission.predictions import Predictions as Predictions
from opir.bench.submission.predictions import read_predictions as read_predictions
from opir.bench.submission.submit import submit as submit
from opir.bench.submission.template import write_template as write_template
