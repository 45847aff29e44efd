"""The tasks of the benchmark, one a file; docs/add-a-task.md shows how to add one."""

from opir.bench.tasks import fermentation_blocks as fermentation_blocks
from opir.bench.tasks import few_frames as few_frames
from opir.bench.tasks import long_horizon as long_horizon
from opir.bench.tasks import low_data as low_data
from opir.bench.tasks import own_store as own_store
from opir.bench.tasks import random_split as random_split
from opir.bench.tasks import shifted_domain as shifted_domain
from opir.bench.tasks import tga_ir_blocks as tga_ir_blocks
from opir.bench.tasks import unseen_components as unseen_components
from opir.bench.tasks import unseen_protocol as unseen_protocol
from opir.bench.tasks import unseen_system as unseen_system
from opir.bench.tasks import unseen_temperature as unseen_temperature
from opir.bench.tasks.base import TASKS as TASKS
from opir.bench.tasks.base import StoreTask as StoreTask
from opir.bench.tasks.base import Task as Task
from opir.bench.tasks.base import register_task as register_task
from opir.bench.tasks.frozen import freeze as freeze
