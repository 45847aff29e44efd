"""Cell protocols: steps or a measured course, as text, and at any times.

Current is positive on charge, that is on oxidation at the working electrode.
"""

from opir.protocol.base import Step as Step
from opir.protocol.drive import Drive as Drive
from opir.protocol.measured import Measured as Measured
from opir.protocol.protocol import Protocol as Protocol
from opir.protocol.rates import CRate as CRate
from opir.protocol.steps import STEPS as STEPS
from opir.protocol.steps import ConstantCurrent as ConstantCurrent
from opir.protocol.steps import ConstantVoltage as ConstantVoltage
from opir.protocol.steps import Cycle as Cycle
from opir.protocol.steps import Gitt as Gitt
from opir.protocol.steps import Rest as Rest
from opir.protocol.steps import Sweep as Sweep
