"""Training: a frozen configuration and one readable loop."""

from opir.training.config import TrainingConfig as TrainingConfig
from opir.training.fit import fit as fit
