"""State functions: what follows salt, temperature and lithiation at once, and returns with them."""

from opir.simulate.reversible.breathing import Breathing as Breathing
from opir.simulate.reversible.ion_pairing import IonPairing as IonPairing
from opir.simulate.reversible.salt_swing import local_concentration as local_concentration
from opir.simulate.reversible.shifts import ShiftRule as ShiftRule
from opir.simulate.reversible.solvation import Solvation as Solvation
from opir.simulate.reversible.van_t_hoff import van_t_hoff as van_t_hoff
