"""Many simulated runs: what they are, and a store of them."""

from opir.simulate.dataset.generate import GenerationResult as GenerationResult
from opir.simulate.dataset.generate import generate as generate
from opir.simulate.dataset.grids import FrameGrid as FrameGrid
from opir.simulate.dataset.plan import Task as Task
from opir.simulate.dataset.plan import draw_task as draw_task
from opir.simulate.dataset.plan import plan as plan
from opir.simulate.dataset.preset import Preset as Preset
from opir.simulate.dataset.preset import preset_names as preset_names
from opir.simulate.dataset.preset import read_preset as read_preset
