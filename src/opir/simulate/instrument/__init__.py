"""What an instrument makes of noise-free spectra, and when it takes them."""

from opir.simulate.instrument.acquisition import acquisition_times as acquisition_times
from opir.simulate.instrument.instrument import Instrument as Instrument
from opir.simulate.instrument.instrument import Measured as Measured
from opir.simulate.instrument.instrument import get_instrument as get_instrument
from opir.simulate.instrument.instrument import instrument_names as instrument_names
