"""Metadata documents that nobody should have written, and what is to be said of each.

A row is a document and the error that opening it raises: its class, the member that it names, and what of the value it
quotes. The rows are made by hand, from the specification; none is taken from another implementation.
"""

from tests.metadata.corpus.array_v2 import ARRAYS_V2, GROUPS_V2, UNKNOWN_V2
from tests.metadata.corpus.array_v3 import ARRAYS
from tests.metadata.corpus.codecs import CODECS, UNKNOWN_CODECS
from tests.metadata.corpus.data_types import DATA_TYPES, UNKNOWN_DATA_TYPES
from tests.metadata.corpus.group_v3 import GROUPS
from tests.metadata.corpus.row import Row
from tests.metadata.corpus.text import TEXTS

__all__ = ["ROWS", "UNKNOWN", "Row"]

ROWS: tuple[Row, ...] = (*TEXTS, *ARRAYS, *CODECS, *DATA_TYPES, *GROUPS, *ARRAYS_V2, *GROUPS_V2)
UNKNOWN: tuple[Row, ...] = (*UNKNOWN_CODECS, *UNKNOWN_DATA_TYPES, *UNKNOWN_V2)
