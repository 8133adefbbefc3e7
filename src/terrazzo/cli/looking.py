"""Commands that look: nothing is written."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import terrazzo
from terrazzo.api.opening import place_for
from terrazzo.buffer import default_buffer_prototype
from terrazzo.cli.output import print_json, print_result, progress_of
from terrazzo.metadata import GroupMetadata
from terrazzo.nodes.array import Array
from terrazzo.nodes.group import Group, Node
from terrazzo.nodes.report import ArrayInfo, GroupInfo
from terrazzo.storage import StorePath
from terrazzo.types import JSON, AccessModeLiteral

__all__ = ["info", "list_members", "open_node", "place_of", "tree", "verify"]


def place_of(options: argparse.Namespace, store: str, path: str, mode: AccessModeLiteral | None) -> StorePath:
    """The place that somebody means."""
    return place_for(store, path, mode, dict(options.options) or None)


def open_node(options: argparse.Namespace, mode: AccessModeLiteral = "r") -> Node:
    """The array or group that somebody means."""
    node: Node = terrazzo.open(place_of(options, options.store, options.path, mode), mode=mode)
    return node


def info(options: argparse.Namespace) -> int:
    """Describe a node."""
    node = open_node(options)
    said: dict[str, JSON] = {"name": node.name, "store": str(node.store)}
    report: ArrayInfo | GroupInfo
    if isinstance(node, Array):
        report = array = node.info_complete() if node.store.supports_listing else node.info
        said |= {
            "node_type": "array",
            "bytes": array.count_bytes,
            "bytes_stored": array.count_bytes_stored,
            "chunks_initialized": array.count_chunks_initialized,
            "storage_ratio": array.storage_ratio,
        }
    else:
        report = group = node.info_complete() if node.store.supports_listing else node.info
        said |= {
            "node_type": "group",
            "members": group.count_members,
            "arrays": group.count_arrays,
            "groups": group.count_groups,
        }
    print_result(options, report, said | {"documents": _documents_of(node)})
    return 0


def _documents_of(node: Node) -> JSON:
    """The documents of a node, without the copies of others that it may hold."""
    metadata: Any = node.metadata
    if isinstance(metadata, GroupMetadata):
        metadata = metadata.with_consolidated(None)
    documents = metadata.to_buffer_dict(default_buffer_prototype())
    return {name: json.loads(document.to_bytes()) for name, document in documents.items()}


def tree(options: argparse.Namespace) -> int:
    """Show what is in a group, and in the groups in it."""
    node = open_node(options)
    if isinstance(node, Array):
        return _one_array(options, node)
    found = node.tree(level=None if options.level is None else options.level - 1, max_nodes=options.max_nodes)
    print_result(options, found, found.to_json())
    return 0


def _one_array(options: argparse.Namespace, array: Array[Any]) -> int:
    member: JSON = {
        "path": "",
        "node_type": "array",
        "shape": list(array.shape),
        "data_type": array.metadata.data_type.label,
    }
    print_result(options, repr(array), {"name": array.name, "members": [member]})
    return 0


def list_members(options: argparse.Namespace) -> int:
    """List what is in a group."""
    node = open_node(options)
    if not isinstance(node, Group):
        return _one_array(options, node)
    members = sorted(node.tree(level=0, max_nodes=sys.maxsize).nodes, key=lambda member: member.name)
    if options.json:
        print_json([member.to_json() for member in members])
        return 0
    width = max((len(member.data_type) for member in members), default=0)
    for member in members:
        name = member.name + ("/" if member.kind == "group" else "")
        shape = member.reason or (str(member.shape) if member.kind == "array" else "")
        said = f"{member.kind:<10}  {member.data_type:<{width}}  {name}  {shape}".rstrip() if options.long else name
        print(said)
    return 0


def verify(options: argparse.Namespace) -> int:
    """Read all that is stored; 1 when something is wrong with it."""
    place = place_of(options, options.store, options.path, "r")
    with progress_of(options, f"verify {place}", "chunks") as progress:
        found = terrazzo.verify(place, progress=progress)
    if options.no_notes:
        found = found.without_notes()
    print_result(options, found, found.to_json())
    return 0 if found.is_ok else 1
