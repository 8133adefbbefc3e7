"""The table of data types: one row each, which every test of ``test_table.py`` goes through.

To add a data type, write a `Row` for it (``row.py`` says what stands in it) in the module of its family,
``rows_<family>.py``, beside the others; a new family adds one line below. A type with parameters has a row for each
choice that makes a difference. Nothing else is needed: documents, fill values and stored arrays are tested for all
rows alike, and what is special to one type stands in the test module of that type.
"""

import pytest

from tests.dtype import rows_ml, rows_numeric, rows_struct, rows_text, rows_time

ROWS = (
    *rows_numeric.ROWS,
    *rows_time.ROWS,
    *rows_text.ROWS,
    *rows_struct.ROWS,
    *rows_ml.ROWS,
)

each_row = pytest.mark.parametrize("row", ROWS, ids=str)
