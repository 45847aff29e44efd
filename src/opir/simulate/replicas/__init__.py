"""Replicas of a simulated run: the same known conditions, hidden constants drawn anew."""

from opir.simulate.replicas.knowledge import KNOWLEDGE as KNOWLEDGE
from opir.simulate.replicas.knowledge import known_draws as known_draws
from opir.simulate.replicas.knowledge import shown_by as shown_by
from opir.simulate.replicas.repeat import KnownRun as KnownRun
from opir.simulate.replicas.repeat import Repeater as Repeater
from opir.simulate.replicas.repeat import Replicas as Replicas
