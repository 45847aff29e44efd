"""Readers of foreign files: ``read(path)`` tells the format by content."""

from opir.run.readers.base import READERS as READERS
from opir.run.readers.base import Block as Block
from opir.run.readers.base import Contents as Contents
from opir.run.readers.base import Reader as Reader
from opir.run.readers.read import known_readers as known_readers
from opir.run.readers.read import read as read
from opir.run.readers.read import read_all as read_all
from opir.run.readers.read import recognise as recognise
