"""Chemistry as data: species, reactions, electrodes, systems; every value says where it is from."""

from opir.chemistry.composition import concentrations as concentrations
from opir.chemistry.electrode import ElectrodeModel as ElectrodeModel
from opir.chemistry.electrode import OpenCircuit as OpenCircuit
from opir.chemistry.formula import parse_formula as parse_formula
from opir.chemistry.library import Citation as Citation
from opir.chemistry.library import Library as Library
from opir.chemistry.library import Salt as Salt
from opir.chemistry.library import library as library
from opir.chemistry.reaction import Reaction as Reaction
from opir.chemistry.species import Band as Band
from opir.chemistry.species import Species as Species
from opir.chemistry.system import Interphase as Interphase
from opir.chemistry.system import Solvation as Solvation
from opir.chemistry.system import SystemModel as SystemModel
from opir.chemistry.system import Transport as Transport
from opir.chemistry.system import Variants as Variants
from opir.chemistry.value import TAGS as TAGS
from opir.chemistry.value import Value as Value
