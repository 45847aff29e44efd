"""Effects of an instrument, each one small class; :data:`EFFECTS` holds them by name."""

from opir.simulate.instrument.effects.base import EFFECTS as EFFECTS
from opir.simulate.instrument.effects.base import Effect as Effect
from opir.simulate.instrument.effects.base import Scene as Scene
from opir.simulate.instrument.effects.drift import Drift as Drift
from opir.simulate.instrument.effects.flicker import Flicker as Flicker
from opir.simulate.instrument.effects.fringes import Fringes as Fringes
from opir.simulate.instrument.effects.noise import Noise as Noise
from opir.simulate.instrument.effects.resolution import Resolution as Resolution
from opir.simulate.instrument.effects.smooth_process import smooth_process as smooth_process
from opir.simulate.instrument.effects.spikes import Spikes as Spikes
from opir.simulate.instrument.effects.throughput import Throughput as Throughput
from opir.simulate.instrument.effects.vapour import Vapour as Vapour
