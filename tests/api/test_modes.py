"""The table of modes: what each function does with whatever is there, in a store that is written and one that is not.

Where an outcome differs from that of zarr-python 3.4.2 it does so for safety:

- Files that are not Zarr are not deleted: ``ForeignFilesError``, where zarr-python deletes them.
- No document is written beside one of the other format, of which readers could not tell which counts:
  ``Contains...Error``, where zarr-python writes a second one, and an array above does not hide a group.
- A node of another kind is said to be one in both formats (``NodeTypeValidationError``, ``TypeError``,
  ``ContainsArrayError``), where zarr-python does not find it in format 2.
- Where both formats are, format 3 counts, and is opened without a warning; whatever replaces it deletes both.
- What writes is refused by a place that only reads before it is looked at: ``ValueError``, where zarr-python's `create`
  with mode ``r`` may say first that a node is in the way.
"""

from __future__ import annotations

import itertools

import pytest

import terrazzo
from terrazzo import Array, Group, errors
from terrazzo.storage import MemoryStore
from terrazzo.testing.stores import SuspendingStore
from tests.api.conftest import asynchronous_call, blocking_call
from tests.helpers import buffer_of

SHAPE = {"shape": (3,), "dtype": "int16"}
OLD = [1, 2, 3, 4]
MODES = (None, "r", "r+", "a", "w", "w-")

AF, GF = "ArrayNotFoundError", "GroupNotFoundError"
CA, CG = "ContainsArrayError", "ContainsGroupError"
NT, TY, VA = "NodeTypeValidationError", "TypeError", "ValueError"
FF, FE = "ForeignFilesError", "FileExistsError"
OPENED, READS = "opened", "read-only"
NEW_A, NEW_G = "new array", "new group"
FOR_A, FOR_G = "replaced by an array", "replaced by a group"

# What is there: the outcome for no mode, r, r+, a, w, w-. "asked for 3" is with zarr_format=3.
OPEN = {
    "nothing": (NEW_G, GF, GF, NEW_G, NEW_G, TY),
    "foreign": (NEW_G, GF, GF, NEW_G, FF, FE),
    "array": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "group": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "array of 2": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "group of 2": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "array of 2, asked for 3": (CA, GF, GF, CA, FOR_G, FE),
    "group of 2, asked for 3": (CG, GF, GF, CG, FOR_G, FE),
    "group of 3 beside array of 2": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
}
OPEN_WITH_SHAPE = {
    "nothing": (NEW_A, AF, AF, NEW_A, NEW_A, NEW_A),
    "foreign": (NEW_A, AF, AF, NEW_A, FF, FE),
    "array": (OPENED, READS, OPENED, OPENED, FOR_A, FE),
    "group": (TY, TY, TY, TY, FOR_A, FE),
    "array of 2": (OPENED, READS, OPENED, OPENED, FOR_A, FE),
    "group of 2": (TY, TY, TY, TY, FOR_A, FE),
    "array of 2, asked for 3": (CA, AF, AF, CA, FOR_A, FE),
    "group of 2, asked for 3": (CG, AF, AF, CG, FOR_A, FE),
    "group of 3 beside array of 2": (TY, TY, TY, TY, FOR_A, FE),
}
OPEN_ARRAY = {
    "nothing": (AF, AF, AF, TY, TY, TY),
    "foreign": (AF, AF, AF, TY, TY, FE),
    "array": (OPENED, READS, OPENED, OPENED, TY, FE),
    "group": (NT, NT, NT, NT, TY, FE),
    "array of 2": (OPENED, READS, OPENED, OPENED, TY, FE),
    "group of 2": (NT, NT, NT, NT, TY, FE),
    "array of 2, asked for 3": (AF, AF, AF, TY, TY, FE),
    "group of 2, asked for 3": (AF, AF, AF, TY, TY, FE),
    "group of 3 beside array of 2": (NT, NT, NT, NT, TY, FE),
}
OPEN_ARRAY_WITH_SHAPE = {
    "nothing": (AF, AF, AF, NEW_A, NEW_A, NEW_A),
    "foreign": (AF, AF, AF, NEW_A, FF, FE),
    "array": (OPENED, READS, OPENED, OPENED, FOR_A, FE),
    "group": (NT, NT, NT, NT, FOR_A, FE),
    "array of 2": (OPENED, READS, OPENED, OPENED, FOR_A, FE),
    "group of 2": (NT, NT, NT, NT, FOR_A, FE),
    "array of 2, asked for 3": (AF, AF, AF, CA, FOR_A, FE),
    "group of 2, asked for 3": (AF, AF, AF, CG, FOR_A, FE),
    "group of 3 beside array of 2": (NT, NT, NT, NT, FOR_A, FE),
}
OPEN_GROUP = {
    "nothing": (NEW_G, GF, GF, NEW_G, NEW_G, NEW_G),
    "foreign": (NEW_G, GF, GF, NEW_G, FF, FE),
    "array": (CA, CA, CA, CA, FOR_G, FE),
    "group": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "array of 2": (CA, CA, CA, CA, FOR_G, FE),
    "group of 2": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
    "array of 2, asked for 3": (CA, GF, GF, CA, FOR_G, FE),
    "group of 2, asked for 3": (CG, GF, GF, CG, FOR_G, FE),
    "group of 3 beside array of 2": (OPENED, READS, OPENED, OPENED, FOR_G, FE),
}
CREATE = {
    "nothing": (NEW_A, VA, NEW_A, NEW_A, NEW_A, NEW_A),
    "foreign": (NEW_A, VA, NEW_A, NEW_A, FF, FE),
    "array": (CA, VA, CA, CA, FOR_A, FE),
    "group": (CG, VA, CG, CG, FOR_A, FE),
    "array of 2": (CA, VA, CA, CA, FOR_A, FE),
    "group of 2": (CG, VA, CG, CG, FOR_A, FE),
    "array of 2, asked for 3": (CA, VA, CA, CA, FOR_A, FE),
    "group of 2, asked for 3": (CG, VA, CG, CG, FOR_A, FE),
    "group of 3 beside array of 2": (CG, VA, CG, CG, FOR_A, FE),
}
TABLES = {
    ("open", False): OPEN,
    ("open", True): OPEN_WITH_SHAPE,
    ("open_array", False): OPEN_ARRAY,
    ("open_array", True): OPEN_ARRAY_WITH_SHAPE,
    ("open_group", False): OPEN_GROUP,
    ("create", True): CREATE,
}
ON_A_STORE_THAT_ONLY_READS = {
    # With mode r as above; without a mode these two look only. Everything else writes, and is refused at once.
    "open": ("r", "r", VA, VA, VA, VA),
    "open_array": ("r", "r", VA, VA, VA, VA),
    "open_group": (VA, "r", VA, VA, VA, VA),
    "create": (VA, VA, VA, VA, VA, VA),
}
CONTENTS = tuple(OPEN)


def outcome_of(function, with_shape, content, mode, read_only):
    """What the table says."""
    outcomes = TABLES[function, with_shape][content]
    if not read_only:
        return outcomes[MODES.index(mode)]
    rule = ON_A_STORE_THAT_ONLY_READS[function][MODES.index(mode)]
    return outcomes[MODES.index("r")] if rule == "r" else rule


CASES = [
    pytest.param(
        function,
        {"mode": mode} if mode else {},
        with_shape,
        content,
        read_only,
        outcome_of(function, with_shape, content, mode, read_only),
        id=f"{function}{' with a shape' * with_shape}, {mode}: {content}{', a store that only reads' * read_only}",
    )
    for (function, with_shape), content, mode, read_only in itertools.product(TABLES, CONTENTS, MODES, (False, True))
]
CREATES = {
    # function: what takes the place of a mode of the table, and for which outcomes
    "create_array": (("create", True), {"overwrite=False": None, "overwrite=True": "w"}),
    "create_group": (None, {"overwrite=False": None, "overwrite=True": "w"}),
    "group": (("open_group", False), {"overwrite=False": "a", "overwrite=True": "w"}),
}


def creating_cases():
    for name, (table, modes) in CREATES.items():
        for (said, mode), content, read_only in itertools.product(modes.items(), CONTENTS, (False, True)):
            if read_only:
                expected = VA
            elif table is None:  # makes a group exactly where `create` makes an array
                expected = CREATE[content][MODES.index(mode)].replace("an array", "a group").replace(NEW_A, NEW_G)
            else:
                expected = TABLES[table][content][MODES.index(mode)]
            where = ", a store that only reads" * read_only
            kwargs = {"overwrite": said == "overwrite=True"}
            yield pytest.param(
                name,
                kwargs,
                name == "create_array",
                content,
                read_only,
                expected,
                id=f"{name}, {said}: {content}{where}",
            )


def fill(inner, content):
    """Store what is asked for at ``n``, and a neighbour whose name starts alike."""
    terrazzo.create_array(inner, name="nn", data=OLD, zarr_format=2 if "of 2" in content else 3)
    if content.startswith("array"):
        terrazzo.create_array(inner, name="n", data=OLD, zarr_format=2 if "of 2" in content else 3)
    elif content in ("group", "group of 2", "group of 2, asked for 3"):
        terrazzo.create_group(inner, path="n", zarr_format=2 if "of 2" in content else 3)
        terrazzo.open_group(inner, path="n").create_array("child", data=OLD)
    elif content == "foreign":
        inner._store_dict["n/data/readme.txt"] = buffer_of(b"text")
    elif content == "group of 3 beside array of 2":
        terrazzo.create_array(inner, name="n", data=OLD, zarr_format=2)
        inner._store_dict["n/zarr.json"] = buffer_of(b'{"zarr_format": 3, "node_type": "group"}')


@pytest.mark.parametrize("suspends", [False, True], ids=["blocking, inline", "asynchronous, suspending"])
@pytest.mark.parametrize(
    ("function", "kwargs", "with_shape", "content", "read_only", "outcome"), [*CASES, *creating_cases()]
)
def test_a_mode_does_what_the_table_says(suspends, function, kwargs, with_shape, content, read_only, outcome):
    call = asynchronous_call if suspends else blocking_call
    inner = MemoryStore()
    fill(inner, content)
    inner._store_dict.pop("zarr.json", None)  # of the root
    for name in (".zgroup", ".zattrs"):
        inner._store_dict.pop(name, None)
    before = {key: value.to_bytes() for key, value in inner._store_dict.items()}
    store = inner.with_read_only(True) if read_only else inner
    store = SuspendingStore(store) if suspends else store
    kwargs = {**kwargs, **(SHAPE if with_shape else {}), **({"zarr_format": 3} if "asked for" in content else {})}
    place = {"store": store, "path": "n"} if function == "create" else {"path": "n"}
    if function == "create_array":
        place = {"name": "n"}
    arguments = () if function == "create" else (store,)
    error = getattr(errors, outcome, None) or {TY: TypeError, VA: ValueError, FE: FileExistsError}.get(outcome)
    if error is not None:
        with pytest.raises(error) as caught:
            call(function, *arguments, **place, **kwargs)
        assert type(caught.value) is error
        assert {key: value.to_bytes() for key, value in inner._store_dict.items()} == before
        return
    node = call(function, *arguments, **place, **kwargs)
    after = {key: value.to_bytes() for key, value in inner._store_dict.items()}
    assert node.path == "n"
    assert node.read_only == (outcome == READS)
    if outcome in (OPENED, READS):
        assert after == before
        assert isinstance(node, Array if content.startswith("array") else Group)
        return
    assert isinstance(node, Array if outcome.endswith("array") else Group)
    assert node.metadata.zarr_format == 3
    gone = before.keys() - after.keys()
    assert {key: after[key] for key in before.keys() & after.keys() if not key.startswith("n/zarr")} == {
        key: value for key, value in before.items() if key not in gone and not key.startswith("n/zarr")
    }
    old = {key for key in before if key.startswith("n/")}
    assert {key for key in after if key.startswith("n/")} == {"n/zarr.json"} | (old - gone)
    assert gone == (old - {"n/zarr.json"} if outcome.startswith("replaced") else set())


@pytest.mark.parametrize("function", ["open", "open_array", "open_group", "create"])
def test_a_mode_that_does_not_exist_is_refused(call, function):
    kwargs = {"store": {}, "shape": (1,)} if function == "create" else {"store": {}}
    with pytest.raises(ValueError, match="no mode 'x'"):
        call(function, mode="x", **kwargs)
