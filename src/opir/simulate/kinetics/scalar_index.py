"""Places of the single numbers of a cell in the kernel's vector, one name for each."""

from opir.simulate.kinetics.arrays import Scalars

(
    HEIGHT,
    CAPACITY,
    INITIAL_LITHIATION,
    EXCHANGE_CURRENT,
    EXCHANGE_ENERGY,
    DOUBLE_LAYER,
    RESISTANCE,
    POLARISATION_STRENGTH,
    POLARISATION_TIME,
    HYSTERESIS,
    HOURLY_CURRENT,
    NUCLEATION,
    SWING_STRENGTH,
    SWING_TIME,
    CRACKING,
    INITIAL_THICKNESS,
    SIDE,
    COUNTER_CAPACITY,
    COUNTER_LITHIATION,
    PLATING,
    INITIAL_POTENTIAL,
) = range(len(Scalars._fields))

COUNT = len(Scalars._fields)
