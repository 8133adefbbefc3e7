"""Copying: one engine under copy, rechunk, move and everything else that fills an array from another one.

Few programs copy: whoever needs this loads it on use.
"""

from __future__ import annotations

from terrazzo.nodes.transfer.array import ArrayTransfer, plan_array
from terrazzo.nodes.transfer.carry import carry, units_of
from terrazzo.nodes.transfer.describe import check_changes, kept_of
from terrazzo.nodes.transfer.hierarchy import copy_nodes
from terrazzo.nodes.transfer.move import move_node
from terrazzo.nodes.transfer.options import Copied, CopyOptions, IfExists, LogLike, parse_if_exists, parse_memory
from terrazzo.nodes.transfer.plan import Ends
from terrazzo.nodes.transfer.progress import ProgressLike
from terrazzo.nodes.transfer.values import copy_values

__all__ = [
    "ArrayTransfer",
    "Copied",
    "CopyOptions",
    "Ends",
    "IfExists",
    "LogLike",
    "ProgressLike",
    "carry",
    "check_changes",
    "copy_nodes",
    "copy_values",
    "kept_of",
    "move_node",
    "parse_if_exists",
    "parse_memory",
    "plan_array",
    "units_of",
]
