"""A model for the benchmark; from this folder: opir bench run --models bench_model:SquareRoot."""

import numpy as np

from opir.models import FittedForecaster, Forecast


class SquareRoot(FittedForecaster):
    """Every wavenumber changes with the square root of time, as by diffusion."""

    name = "square-root"
    sees = frozenset()  # of spectrum, protocol and descriptor: only the time ahead is looked at

    def fit(self, train, validation=None):
        root = np.sqrt(train.inputs.lead)[..., None]
        self.rate = (root * train.change).sum((0, 1)) / (root**2).sum()
        return self

    def forecast(self, inputs):
        change = np.sqrt(inputs.lead)[..., None] * self.rate
        return Forecast(inputs.last[:, None] + change, inputs.times, inputs.wavenumber, self.name)

    def state(self):
        return {}, {"rate": self.rate}

    @classmethod
    def from_state(cls, config, arrays):
        model = cls()
        model.rate = arrays["rate"]
        return model
