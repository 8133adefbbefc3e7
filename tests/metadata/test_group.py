import json
import pickle

import pytest

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import MetadataValidationError, NodeTypeValidationError
from terrazzo.metadata import GroupMetadata
from terrazzo.settings import config

PROTOTYPE = numpy_buffer_prototype()

NEW = """{
  "attributes": {},
  "zarr_format": 3,
  "node_type": "group"
}"""

FULL = """{
  "attributes": {
    "\\u00e9": [
      1,
      null
    ]
  },
  "zarr_format": 3,
  "consolidated_metadata": {
    "kind": "inline",
    "must_understand": false,
    "metadata": {}
  },
  "node_type": "group",
  "later": {
    "must_understand": false
  }
}"""


def text_of(metadata):
    [(key, value)] = metadata.to_buffer_dict(PROTOTYPE).items()
    assert key == "zarr.json"
    return value.to_bytes().decode()


def test_the_text_of_a_new_group():
    assert text_of(GroupMetadata()) == NEW
    with config.set({"json_indent": None}):
        assert text_of(GroupMetadata()) == '{"attributes": {}, "zarr_format": 3, "node_type": "group"}'


@pytest.mark.parametrize("text", [NEW, FULL])
def test_a_text_comes_back_as_it_was_read(text):
    metadata = GroupMetadata.from_dict(json.loads(text))
    assert text_of(metadata) == text
    assert text_of(pickle.loads(pickle.dumps(metadata))) == text


@pytest.mark.parametrize("members", [{}, {"attributes": None}, {"consolidated_metadata": None}])
def test_members_that_may_be_left_out_are_empty(members):
    assert GroupMetadata.from_dict({"zarr_format": 3, "node_type": "group", **members}) == GroupMetadata()


def test_other_attributes_leave_the_rest():
    metadata = GroupMetadata.from_dict(json.loads(FULL))
    changed = metadata.update_attributes({"a": 1})
    assert changed.to_dict() == {**json.loads(FULL), "attributes": {"a": 1}}
    assert metadata.attributes == {"é": [1, None]}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"zarr_format": 4}, "zarr_format"),
        ({"zarr_format": "3"}, "zarr_format"),
        ({"zarr_format": True}, "zarr_format"),
        ({"attributes": []}, "attributes"),
        ({"attributes": 1}, "attributes"),
        ({"later": 1}, "later"),
        ({"later": {"must_understand": True}}, "later"),
        ({"shape": [1]}, "shape"),
    ],
)
def test_a_member_that_contradicts_the_specification_is_named(members, field):
    with pytest.raises(MetadataValidationError) as caught:
        GroupMetadata.from_dict({"zarr_format": 3, "node_type": "group", **members})
    assert caught.value.field == field


def test_members_that_must_be_there():
    with pytest.raises(MetadataValidationError, match="required") as caught:
        GroupMetadata.from_dict({"node_type": "group"})
    assert caught.value.field == "zarr_format"
    for node_type in ({}, {"node_type": "array"}, {"node_type": None}):
        with pytest.raises(NodeTypeValidationError) as caught:
            GroupMetadata.from_dict({"zarr_format": 3, **node_type})
        assert caught.value.field == "node_type"


@pytest.mark.parametrize("zarr_format", [1, 4, "2", None, True])
def test_there_are_two_formats(zarr_format):
    with pytest.raises(MetadataValidationError, match="expected 2 or 3"):
        GroupMetadata(zarr_format=zarr_format)


def test_a_group_of_format_2_has_two_documents():
    metadata = GroupMetadata(attributes={"a": [1]}, zarr_format=2)
    documents = metadata.to_buffer_dict(numpy_buffer_prototype())
    texts = {key: value.to_bytes().decode() for key, value in documents.items()}
    assert list(texts) == [".zattrs", ".zgroup"]
    assert texts[".zgroup"] == '{\n  "zarr_format": 2\n}'
    assert json.loads(texts[".zattrs"]) == {"a": [1]}
    assert GroupMetadata.from_dict(metadata.to_dict()) == metadata
