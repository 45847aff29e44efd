"""Baselines: what any forecaster has to beat. NumPy, and scikit-learn for PLS."""

from opir.models.baselines.dmd_control import DynamicModes as DynamicModes
from opir.models.baselines.mean_trajectory import MeanTrajectory as MeanTrajectory
from opir.models.baselines.nearest_neighbour import NearestNeighbour as NearestNeighbour
from opir.models.baselines.persistence import Persistence as Persistence
from opir.models.baselines.pls import PartialLeastSquares as PartialLeastSquares
from opir.models.baselines.ridge import Ridge as Ridge
