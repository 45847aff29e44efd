"""Forecasters: their contract, the baselines, and ABCC."""

from opir.models.base import MODELS as MODELS
from opir.models.base import FittedForecaster as FittedForecaster
from opir.models.base import Forecaster as Forecaster
from opir.models.base import TrainedForecaster as TrainedForecaster
from opir.models.baselines import MeanTrajectory as MeanTrajectory
from opir.models.baselines import NearestNeighbour as NearestNeighbour
from opir.models.baselines import Persistence as Persistence
from opir.models.baselines import Ridge as Ridge
from opir.models.catalogue import get_model as get_model
from opir.models.checkpoint import load_model as load_model
from opir.models.checkpoint import save_model as save_model
from opir.models.forecast import Forecast as Forecast
from opir.models.inputs import ForecastInputs as ForecastInputs
from opir.models.inputs import Windows as Windows
from opir.models.intervals import Intervals as Intervals
from opir.models.pretrained import from_pretrained as from_pretrained
from opir.models.pretrained import pretrained_names as pretrained_names
from opir.models.pretrained import save_pretrained as save_pretrained
