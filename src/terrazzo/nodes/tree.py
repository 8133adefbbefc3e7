"""The tree of a group: its members as far as they are to be shown, and how they are drawn.

Members are looked at level by level until so many are found, and no further: what a report costs does not depend on
how much there is. A member that cannot be understood stands in the tree with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from terrazzo.metadata import ArrayMetadata, ConsolidatedMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.locate import read_node
from terrazzo.nodes.members import AT_ONCE, children_of
from terrazzo.nodes.report import reason_of
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath
from terrazzo.types import JSON, ZarrFormat

if TYPE_CHECKING:
    from rich.tree import Tree

__all__ = ["TreeNode", "TreeRepr", "browse"]

NOT_LOOKED_AT = -1
"""Number of members that are not shown where nobody has counted them."""


@dataclass(frozen=True, slots=True)
class TreeNode:
    """One member of a tree.

    Attributes
    ----------
    path
        Relative to the group whose tree it is.
    kind
        ``"unreadable"`` where there is a node, and nobody can say which.
    shape, data_type
        Of an array.
    reason
        Why the node, or what is in it, cannot be read.
    more
        How many of its own members are not shown.
    """

    path: str
    kind: Literal["array", "group", "unreadable"] = "group"
    shape: tuple[int, ...] = ()
    data_type: str = ""
    reason: str = ""
    more: int = 0

    @property
    def name(self) -> str:
        """Last segment of the path."""
        return self.path.rpartition("/")[2]

    @property
    def detail(self) -> str:
        """What stands after the name."""
        if self.kind == "array":
            return f"{self.shape} {self.data_type}"
        if self.reason:
            return f"({'unreadable' if self.kind == 'unreadable' else 'not listed'}: {self.reason})"
        return "…" if self.more == NOT_LOOKED_AT else ""

    def to_json(self) -> dict[str, JSON]:
        """What is known, by the names that documents use."""
        said: dict[str, JSON] = {"path": self.path, "node_type": self.kind}
        if self.kind == "array":
            said |= {"shape": list(self.shape), "data_type": self.data_type}
        if self.reason:
            said["reason"] = self.reason
        if self.more:
            said["more"] = None if self.more == NOT_LOOKED_AT else self.more
        return said


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a tree: how deep, whether it is the last of its parent, and what it says; no node is for the rest."""

    depth: int
    is_last: bool
    node: TreeNode | None
    rest: int = 0

    @property
    def text(self) -> str:
        """The line as text."""
        if self.node is None:
            return self.rest_text
        return f"{self.node.name} {self.node.detail}" if self.node.detail else self.node.name

    @property
    def rest_text(self) -> str:
        """What stands for members that are not shown."""
        return "…" if self.rest == NOT_LOOKED_AT else f"… {self.rest:,} more"


@dataclass(frozen=True, slots=True)
class TreeRepr:
    """The members of a group as a tree: printed as text, drawn by notebooks and by rich.

    Attributes
    ----------
    root
        Name of the group.
    nodes
        Its members, in any order. Groups that only their members tell of need not be among them.
    more
        How many members of the group itself are not shown.
    expand
        Whether a notebook shows the groups opened; by default those of the first two levels, while they are few.
    plain
        Whether nothing is set in bold.
    """

    root: str
    nodes: tuple[TreeNode, ...]
    more: int = 0
    expand: bool | None = None
    plain: bool = False

    def rows(self) -> Iterator[Row]:
        """The lines below the first, from top to bottom."""
        below = _by_parent(self.nodes)
        stack: list[Iterator[Row]] = [_rows_of(below.get("", ()), self.more, 0)]
        while stack:  # not by recursion: a hierarchy may be deeper than Python's stack
            row = next(stack[-1], None)
            if row is None:
                stack.pop()
                continue
            yield row
            if row.node is not None:
                stack.append(_rows_of(below.get(row.node.path, ()), max(row.node.more, 0), row.depth + 1))

    def __str__(self) -> str:
        lines, heads = [self.root], [""]
        for row in self.rows():
            del heads[row.depth + 1 :]
            lines.append(f"{heads[row.depth]}{'└── ' if row.is_last else '├── '}{row.text}")
            heads.append(heads[row.depth] + ("    " if row.is_last else "│   "))
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self) -> Tree:
        """The tree as rich draws it: names in bold, what cannot be read in red."""
        from rich.text import Text  # only rich asks
        from rich.tree import Tree

        bold = "" if self.plain else "bold"
        branches = [Tree(Text(self.root, bold))]
        for row in self.rows():
            del branches[row.depth + 1 :]
            if row.node is None:
                text = Text(row.rest_text, "" if self.plain else "dim")
            else:
                colour = "red" if row.node.reason and not self.plain else ""
                text = Text.assemble((row.node.name, bold), (row.text.removeprefix(row.node.name), colour))
            branches.append(branches[row.depth].add(text))
        return branches[0]

    def _repr_html_(self) -> str:
        """The tree for a notebook, to be opened and closed."""
        from terrazzo.nodes.html import tree_html  # only a notebook asks

        return tree_html(self)

    def to_json(self) -> dict[str, JSON]:
        """The tree as a list of its nodes."""
        said: dict[str, JSON] = {"name": self.root, "members": [row.node.to_json() for row in self.rows() if row.node]}
        if self.more:
            said["more"] = None if self.more == NOT_LOOKED_AT else self.more
        return said


def _by_parent(nodes: Iterable[TreeNode]) -> dict[str, list[TreeNode]]:
    """The nodes by the path of their parent, with the groups above them that copies of metadata may lack."""
    known = {node.path: node for node in nodes}
    for path in tuple(known):
        while (path := path.rpartition("/")[0]) and path not in known:
            known[path] = TreeNode(path)
    below: dict[str, list[TreeNode]] = {}
    for path in sorted(known):
        below.setdefault(path.rpartition("/")[0], []).append(known[path])
    return below


def _rows_of(children: Sequence[TreeNode], rest: int, depth: int) -> Iterator[Row]:
    last = len(children) - 1
    for position, node in enumerate(children):
        yield Row(depth, position == last and not rest, node)
    if rest:
        yield Row(depth, True, None, rest)


# -- finding out


class _Source(Protocol):
    """Where the members of groups are looked up."""

    async def names(self, path: str) -> Sequence[str]: ...
    async def read(self, path: str) -> NodeMetadata | None: ...


class _Stored:
    """Members as they are stored."""

    def __init__(self, place: StorePath, zarr_format: ZarrFormat) -> None:
        self._place = place
        self._format = zarr_format

    async def names(self, path: str) -> Sequence[str]:
        prefix = self._place.prefix
        return [child.path.removeprefix(prefix) for child in await children_of(self._place / path)]

    async def read(self, path: str) -> NodeMetadata | None:
        return await read_node(self._place / path, self._format)


class _Copied:
    """Members as consolidated metadata have them."""

    def __init__(self, copies: ConsolidatedMetadata) -> None:
        self._copies = copies
        self._below: dict[str, dict[str, None]] = {}
        for path in copies:
            while path:
                parent = path.rpartition("/")[0]
                self._below.setdefault(parent, {})[path] = None
                path = parent

    async def names(self, path: str) -> Sequence[str]:
        return list(self._below.get(path, ()))

    async def read(self, path: str) -> NodeMetadata | None:
        return self._copies[path] if path in self._copies else GroupMetadata()  # a group without a copy of its own


async def browse(
    place: StorePath,
    zarr_format: ZarrFormat,
    copies: ConsolidatedMetadata | None,
    *,
    max_depth: int | None,
    most: int,
    says_depth: bool = False,
) -> tuple[tuple[TreeNode, ...], int]:
    """Look at the members of a group, level by level, until so many are found.

    Where there are more, all groups of a level are given room for about as many of them.

    Parameters
    ----------
    copies
        Consolidated metadata to go by; None to read what is stored.
    max_depth
        0 for the children only, 1 for theirs too; None for all.
    most
        How many nodes to look at.
    says_depth
        Whether groups at the greatest depth are marked as not looked into.

    Returns
    -------
    nodes, and the number of the group's own children that are not among them

    Raises
    ------
    OSError
        The group itself cannot be listed.
    """
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"level must be None or at least 0, got {max_depth}")
    source: _Source = _Stored(place, zarr_format) if copies is None else _Copied(copies)
    nodes: dict[str, TreeNode] = {}
    rest: dict[str, int] = {}
    reasons: dict[str, str] = {}
    groups = [""]
    depth = 0
    while groups and (max_depth is None or depth <= max_depth):
        if len(nodes) >= most:
            rest |= dict.fromkeys(groups, NOT_LOOKED_AT)
            break
        listed = await map_concurrent(partial(_names, source, reasons), groups, concurrency=AT_ONCE)
        wanted: list[str] = []
        room = _shared_out([len(names) for names in listed], most - len(nodes))
        for group, names, part in zip(groups, listed, room, strict=True):
            rest[group] = len(names) - part
            wanted += sorted(names)[:part]
        found = await map_concurrent(partial(_look, source), wanted, concurrency=AT_ONCE)
        nodes |= {node.path: node for node in found if node is not None}
        groups = [node.path for node in found if node is not None and node.kind == "group"]
        depth += 1
    else:
        rest |= dict.fromkeys(groups if says_depth else (), NOT_LOOKED_AT)
    shown = tuple(
        TreeNode(node.path, more=rest.get(path, 0), reason=reasons.get(path, "")) if node.kind == "group" else node
        for path, node in nodes.items()
    )
    return shown, rest.get("", 0)


async def _names(source: _Source, reasons: dict[str, str], path: str) -> Sequence[str]:
    try:
        return await source.names(path)
    except (ValueError, OSError) as error:
        if not path:
            raise
        reasons[path] = reason_of(error)
        return ()


async def _look(source: _Source, path: str) -> TreeNode | None:
    try:
        metadata = await source.read(path)
    except (ValueError, OSError) as error:
        return TreeNode(path, "unreadable", reason=reason_of(error))
    return None if metadata is None else node_of(path, metadata)


def node_of(path: str, metadata: NodeMetadata) -> TreeNode:
    """A node of a tree, from its metadata."""
    if isinstance(metadata, ArrayMetadata):
        return TreeNode(path, "array", metadata.shape, metadata.data_type.label)
    return TreeNode(path)


def _shared_out(counts: Sequence[int], room: int) -> list[int]:
    """Give each of several groups room for its members, and where there is too little about as much to each."""
    given = [0] * len(counts)
    order = sorted(range(len(counts)), key=counts.__getitem__)
    for position, index in enumerate(order):
        given[index] = min(counts[index], room // (len(counts) - position))
        room -= given[index]
    return given
