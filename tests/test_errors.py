import inspect
import pickle
import re
import warnings

import pytest

import terrazzo
from terrazzo import errors
from terrazzo.errors import (
    BaseZarrError,
    CorruptDataError,
    MetadataValidationError,
    StoreAccessError,
    StoreError,
    UnknownCodecError,
    ZarrUserWarning,
    add_context,
    context,
    quote,
    warn,
)

BASES = {
    "ArrayIndexError": ["IndexError"],
    "ArrayNotFoundError": ["NodeNotFoundError"],
    "BadConfigError": ["ValueError"],
    "BaseZarrError": ["ValueError"],
    "BoundsCheckError": ["IndexError"],
    "BroadcastError": ["ArrayIndexError", "ValueError"],
    "ChecksumError": ["CorruptDataError"],
    "ChunkNotFoundError": ["BaseZarrError"],
    "ConcurrentWriteError": ["BaseZarrError"],
    "ContainsArrayAndGroupError": ["BaseZarrError"],
    "ContainsArrayError": ["BaseZarrError"],
    "ContainsGroupError": ["BaseZarrError"],
    "CorruptDataError": ["BaseZarrError", "RuntimeError"],
    "DataTypeValidationError": ["ValueError"],
    "ForeignFilesError": ["BaseZarrError"],
    "GroupNotFoundError": ["NodeNotFoundError"],
    "InvalidKeyError": ["BaseZarrError"],
    "LimitExceededError": ["BaseZarrError"],
    "MetadataValidationError": ["BaseZarrError"],
    "NegativeStepError": ["IndexError"],
    "NodeNotFoundError": ["BaseZarrError", "FileNotFoundError"],
    "NodeTypeValidationError": ["MetadataValidationError"],
    "PickleCodecDisabledError": ["BaseZarrError"],
    "ShardIndexError": ["CorruptDataError"],
    "StoreAccessError": ["StoreError", "PermissionError"],
    "StoreError": ["BaseZarrError", "OSError"],
    "StoreTimeoutError": ["StoreError", "TimeoutError"],
    "StoreUnavailableError": ["StoreError", "ConnectionError"],
    "SuspendedError": ["RuntimeError"],
    "SyncError": ["RuntimeError"],
    "UnknownCodecError": ["BaseZarrError"],
    "UnreadableMemberWarning": ["ZarrUserWarning"],
    "UnstableSpecificationWarning": ["ZarrFutureWarning"],
    "UnwrittenError": ["BaseZarrError"],
    "VindexInvalidSelectionError": ["IndexError"],
    "ZarrDeprecationWarning": ["DeprecationWarning"],
    "ZarrFutureWarning": ["FutureWarning"],
    "ZarrRuntimeWarning": ["RuntimeWarning"],
    "ZarrUserWarning": ["UserWarning"],
}
OURS = {name: cls for name, cls in vars(errors).items() if inspect.isclass(cls) and issubclass(cls, BaseException)}
ZARR_ERRORS = [cls for cls in OURS.values() if issubclass(cls, BaseZarrError)]
each_zarr_error = pytest.mark.parametrize("cls", ZARR_ERRORS, ids=lambda cls: cls.__name__)


# -- the tree


def test_every_class_has_the_bases_that_callers_rely_on():
    assert {name: [base.__name__ for base in cls.__bases__] for name, cls in OURS.items()} == BASES


def test_the_docstring_draws_every_exception():
    drawn = set(re.findall(r"\b[A-Z]\w+(?:Error)\b", errors.__doc__))
    assert {name for name in OURS if name.endswith("Error")} <= drawn


def test_every_class_is_public():
    assert set(OURS) <= set(errors.__all__)


# -- messages and attributes


@each_zarr_error
def test_the_message_is_what_was_said_and_not_a_number(cls):
    error = cls("what is wrong")
    assert str(error) == error.reason == "what is wrong"
    assert (error.store, error.key) == (None, None)
    assert str(cls()) == cls().reason == ""


@each_zarr_error
def test_store_and_key_are_attributes(cls):
    error = cls("reason", store="memory://", key="a/zarr.json")
    assert (error.store, error.key, error.reason) == ("memory://", "a/zarr.json", "reason")


EXTRAS = {
    "MetadataValidationError": {"field": "shape"},
    "NodeTypeValidationError": {"field": "node_type"},
    "UnknownCodecError": {"name": "rot13"},
    "CorruptDataError": {"stage": "gzip", "chunk_coords": (1, 2), "inner_coords": (0,)},
    "ChecksumError": {"stage": "crc32c", "chunk_coords": ()},
    "ShardIndexError": {"stage": "index"},
    "LimitExceededError": {"limit": "chunk_bytes", "value": 5},
    "StoreError": {"errno": 5, "op": "get", "retryable": True, "attempts": 3},
    "StoreAccessError": {"errno": 13},
    "StoreUnavailableError": {"attempts": 8},
    "StoreTimeoutError": {"op": "set"},
}


@each_zarr_error
def test_an_error_keeps_everything_when_it_goes_to_another_process(cls):
    members = {"store": "memory://", "key": "k", **EXTRAS.get(cls.__name__, {})}
    error = cls("reason", **members)
    error.add_note("a note")
    assert type(cls.__new__(cls)) is cls  # as others make errors that they unpickle
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cls
    assert str(again) == str(error)
    assert {name: getattr(again, name) for name in members} == members
    assert again.__notes__ == ["a note"]


@pytest.mark.parametrize("name", EXTRAS)
def test_what_an_error_knows_beyond_that_has_defaults(name):
    error = OURS[name]("reason")
    for member in EXTRAS[name]:
        assert not getattr(error, member) or member == "attempts"


def test_a_field_stands_in_front_of_the_message():
    error = MetadataValidationError("expected text", field="level")
    assert str(error) == "level: expected text"
    assert error.within("codecs[1].configuration") is error
    assert error.field == "codecs[1].configuration.level"
    assert str(error) == "codecs[1].configuration.level: expected text"


@pytest.mark.parametrize(
    ("inner", "outer", "joined"), [("", "shape", "shape"), ("[0]", "shape", "shape[0]"), ("a.b", "c", "c.a.b")]
)
def test_fields_are_joined_as_paths(inner, outer, joined):
    assert MetadataValidationError("x", field=inner).within(outer).field == joined


def test_errors_of_stores_are_errors_of_the_operating_system_too():
    error = StoreAccessError("no", errno=13)
    assert isinstance(error, PermissionError)
    assert isinstance(error, ValueError)
    assert error.errno == 13


# -- quoting


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"),
        (b"a", "b'a'"),
        ("ä\n\x1b[31m\u202e", "'\\xe4\\n\\x1b[31m\\u202e'"),
        (5, "5"),
        (None, "None"),
        (["ä"], "['\\xe4']"),
        ((1, 2), "(1, 2)"),
    ],
)
def test_quotations_are_printable(value, text):
    assert quote(value) == text
    assert quote(value).isprintable()


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, b"x" * 10_000, list(range(10_000)), 10**5000, [10**5000], nested(100_000), {"a": "b" * 1000}],
    ids=["text", "bytes", "list", "integer", "integer in a list", "deep", "dict"],
)
def test_quotations_are_short(value):
    assert 0 < len(quote(value)) <= errors.QUOTE_LIMIT
    assert quote(value).isprintable()


def test_foreign_text_is_shortened_and_made_printable():
    assert errors.shorten("plain text") == "plain text"
    assert errors.shorten("é\n") == "\\xe9\\n"
    assert len(errors.shorten("x" * 10_000)) <= errors.QUOTE_LIMIT


# -- where


def test_context_is_added_once_and_does_not_replace_what_is_known():
    error = CorruptDataError("reason", key="inner")
    for _ in range(2):
        add_context(error, "while reading", store="memory://", key="outer", chunk_coords=(1,), inner_coords=(2,))
    assert (error.store, error.key, error.chunk_coords, error.inner_coords) == ("memory://", "inner", (1,), (2,))
    assert error.__notes__ == ["while reading"]


def test_context_is_a_note_on_errors_of_other_kinds():
    error = KeyError("x")
    add_context(error, "while reading", store="memory://", key="k", chunk_coords=(1,))
    assert error.__notes__ == ["while reading"]
    assert not hasattr(error, "store")


def test_fields_that_an_error_does_not_have_are_left_out():
    error = UnknownCodecError("reason")
    add_context(error, "note", chunk_coords=(1,))
    assert not hasattr(error, "chunk_coords")


def test_a_block_says_where_it_failed():
    with pytest.raises(BaseZarrError) as caught, context("while writing", "k", "memory://"):
        raise BaseZarrError("reason")
    assert (caught.value.key, caught.value.store) == ("k", "memory://")
    assert caught.value.__notes__ == ["while writing 'k' of memory://"]
    with context("while writing", "k", "memory://"):
        pass


# -- warnings


def test_a_warning_points_at_the_caller_of_terrazzo():
    with pytest.warns(errors.ZarrRuntimeWarning, match="order") as caught:
        terrazzo.create_array({}, shape=(2,), dtype="i4", order="F")
    assert caught[0].filename == __file__


def test_a_warning_from_here_points_here():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn("careful", ZarrUserWarning)
    assert [(str(item.message), item.category, item.filename) for item in caught] == [
        ("careful", ZarrUserWarning, __file__)
    ]


def test_opening_and_reading_never_warn(recwarn):
    store = {}
    terrazzo.create_array(store, name="a", data=[1, 2, 3])
    assert terrazzo.open_group(store)["a"][:].tolist() == [1, 2, 3]
    assert not recwarn.list


def test_a_store_error_is_caught_as_any_of_its_bases():
    for base in (StoreError, BaseZarrError, OSError, ValueError, PermissionError):
        with pytest.raises(base):
            raise StoreAccessError("no")
