"""Groups of format 3."""

from __future__ import annotations

import json
from typing import Any

from terrazzo.errors import BaseZarrError, MetadataValidationError, NodeTypeValidationError
from tests.metadata.corpus.row import Row

__all__ = ["GROUPS"]


def group(
    name: str,
    field: str,
    *quotes: str,
    drop: str = "",
    error: type[BaseZarrError] = MetadataValidationError,
    **patch: Any,
) -> Row:
    members = {"zarr_format": 3, "node_type": "group", "attributes": {}, **patch}
    members = {key: value for key, value in members.items() if key != drop}
    raw = json.dumps(members).encode()
    # `from_dict` also takes a group of format 2, which is wrong only in a zarr.json.
    given = None if members.get("zarr_format") == 2 else members
    return Row(f"v3 group: {name}", {"zarr.json": raw}, field, quotes, "zarr.json", given, error)


GROUPS = (
    group("no format", "zarr_format", "required", drop="zarr_format"),
    group("format 2", "zarr_format", "2", zarr_format=2),
    group("a format that is true", "zarr_format", "True", zarr_format=True),
    group("a huge format", "zarr_format", str(10**30), zarr_format=10**30),
    group("no node type", "node_type", "required", drop="node_type", error=NodeTypeValidationError),
    group("a node type that is null", "node_type", "None", node_type=None, error=NodeTypeValidationError),
    group("a node type that is a number", "node_type", "1", node_type=1, error=NodeTypeValidationError),
    group("another node type", "node_type", "'Group'", node_type="Group", error=NodeTypeValidationError),
    group("attributes that are a list", "attributes", "[]", attributes=[]),
    group("attributes that are a number", "attributes", "0", attributes=0),
    group("attributes that are false", "attributes", "False", attributes=False),
    *(
        group(
            f"copies that are {copies!r}"[:60], f"consolidated_metadata{where}", *quotes, consolidated_metadata=copies
        )
        for copies, where, quotes in (
            ([], "", ("[]",)),
            ("inline", "", ("'inline'",)),
            (True, "", ("True",)),
            ({}, ".kind", ("None",)),
            ({"kind": "file", "metadata": {}}, ".kind", ("'file'",)),
            ({"kind": ["inline"], "metadata": {}}, ".kind", ("['inline']",)),
            ({"kind": "inline"}, ".metadata", ("None",)),
            ({"kind": "inline", "metadata": []}, ".metadata", ("[]",)),
            ({"kind": "inline", "metadata": {"x": 1}}, ".metadata['x']", ("1",)),
            ({"kind": "inline", "metadata": {"x": None}}, ".metadata['x']", ("None",)),
            ({"kind": "inline", "metadata": {"../x": {}}}, ".metadata['../x']", ("'../x'", "'..'")),
            ({"kind": "inline", "metadata": {"a//b": {}}}, ".metadata['a//b']", ("'a//b'",)),
            ({"kind": "inline", "metadata": {"a\\b": {}}}, ".metadata['a\\\\b']", ("a\\\\b",)),
            ({"kind": "inline", "metadata": {"\0": {}}}, ".metadata['\\x00']", ("x00",)),
        )
    ),
    group("an unknown member", "shape", "must_understand", shape=[4]),
    group("an unknown object", "later", "must_understand", later={"must_understand": None}),
    group("a list of unknown objects", "later", "must_understand", later=[{"must_understand": False}]),
)
