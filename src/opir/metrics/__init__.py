"""Measures of a forecast's error, one per file, and the interval of their mean."""

from opir.metrics.bootstrap import Interval as Interval
from opir.metrics.bootstrap import bootstrap as bootstrap
from opir.metrics.mae import mae as mae
from opir.metrics.mse import mse as mse
