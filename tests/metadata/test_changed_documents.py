"""Every place of every kind of document holds what it must not: it is read, or refused by name, and nothing else.

Tens of thousands of documents, each opened, looked at and read from; warnings are errors. By default every fourth is,
another one in each place; ``HYPOTHESIS_PROFILE=long`` takes all.
"""

import contextlib
import json
import os
import warnings

import numpy as np
import pytest

import terrazzo
from terrazzo.errors import (
    CorruptDataError,
    LimitExceededError,
    MetadataValidationError,
    UnknownCodecError,
)
from terrazzo.storage import MemoryStore
from tests.metadata.corpus.whole import WHOLE, changed, places
from tests.stored import fill

STEP = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 4
REFUSALS = (MetadataValidationError, UnknownCodecError, LimitExceededError)
GARBAGE = dict.fromkeys(("c/0", "c/0/0", "0", "0.0"), bytes([2, 0, 0, 0]) * 4)
RELATED = {
    "shape": ("dimension_names", "chunk_grid", "chunks", "codecs"),
    "chunk_grid": ("codecs",),
    "data_type": ("fill_value", "codecs"),
    "dtype": ("fill_value", "filters", "compressor"),
    "fill_value": ("codecs",),
    "filters": ("dtype", "fill_value"),
    "codecs": ("data_type",),
    "compressor": ("filters",),
}
"""Members that must fit one another: the error may name the other one."""


def stored(key, document):
    store = MemoryStore()
    fill(store, {key: json.dumps(document).encode(), **GARBAGE})
    return store


def use(store):
    """Look at a node, and read from it."""
    node = terrazzo.open(store, mode="r")
    assert repr(node)
    assert repr(node.metadata)
    assert dict(node.attrs) is not None
    if isinstance(node, terrazzo.Array) and 0 not in node.shape:
        with contextlib.suppress(CorruptDataError):  # what is stored is garbage
            assert np.shape(node[(-1,) * node.ndim]) is not None


def refusal(key, document):
    """The error that using a node ends with, or None; any but those that a document may raise fails the test."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            use(stored(key, document))
    except REFUSALS as error:
        return error
    return None


@pytest.mark.parametrize("name", WHOLE)
def test_the_documents_are_right(name):
    assert refusal(*WHOLE[name]) is None


@pytest.mark.parametrize("name", WHOLE)
def test_a_change_in_one_place_is_read_or_refused_by_name(name):
    key, document = WHOLE[name]
    refused = 0
    for number, place in enumerate(places(document)):
        for change, other in list(changed(document, place))[number % STEP :: STEP]:
            error = refusal(key, other)
            if error is None:
                continue
            refused += 1
            assert error.key == key, (place, change, error)
            assert len(str(error)) < 2000
            if isinstance(error, MetadataValidationError):
                first = str(place[0])
                named = error.field.partition(".")[0].partition("[")[0]
                assert named == first or named in RELATED.get(first, ()), (place, change, str(error))
    assert refused


def test_there_are_many():
    count = 0
    for _, document in WHOLE.values():
        for place in places(document):
            count += sum(1 for _ in changed(document, place))
    assert count > 50_000
