"""Verifying a hierarchy: every document is read, every stored chunk decoded, every checksum looked at.

What is stored is found by listing, so that it does not matter how much is declared. One thing that is wrong does not
keep the rest from being looked at. As many chunks are in memory as are read at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import BaseZarrError, NodeNotFoundError
from terrazzo.metadata import ArrayMetadata, ConsolidatedMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.consolidated import with_copies
from terrazzo.nodes.copies import COPIES_V2
from terrazzo.nodes.locate import DOCUMENT, JOURNAL, read_node
from terrazzo.nodes.members import AT_ONCE, RESERVED_PREFIX
from terrazzo.nodes.report import reason_of
from terrazzo.nodes.transfer.progress import ProgressLike, progress_of
from terrazzo.nodes.verification.arrays import AT_WORK, DOCUMENTS, check_arrays
from terrazzo.nodes.verification.findings import Collector, Verification
from terrazzo.runtime import map_concurrent, operation
from terrazzo.runtime.tally import Tally
from terrazzo.storage import StorePath

__all__ = ["verify_at"]

NODES_AT_ONCE = 256
"""Documents that are read before the arrays among them are checked: as many are then in memory."""
SAYS_ARRAY = re.compile(rb'"node_type"\s*:\s*"array"')
LIKE_CHUNK = re.compile(r"c|(c\.)?[0-9]+(\.[0-9]+)*")
"""Names that are not looked at where nobody can say whether they are in a group or in an array."""


@operation
async def verify_at(place: StorePath, progress: ProgressLike = None) -> Verification:
    """Verify the node at a place, and all that is below it.

    Raises
    ------
    NodeNotFoundError
        There is none.
    ValueError
        The store does not list its keys.
    OSError
        The store does not even list the place itself.
    """
    await place.store._ensure_open()
    if not place.store.supports_listing:
        raise ValueError(f"{place.store} does not list its keys, and what is stored can be found by listing only")
    with progress_of(progress, 0, f"verify {place}", "chunks") as chunks:
        return await _Verifier(place, chunks).run()


class _Copies:
    """Consolidated metadata of a group, and which of them have been compared."""

    def __init__(self, group: StorePath, key: str, copies: ConsolidatedMetadata) -> None:
        self.group = group
        self.key = key
        self.copies = copies
        self.seen: set[str] = set()


class _Verifier:
    """One run."""

    def __init__(self, place: StorePath, chunks: Tally) -> None:
        self._place = place
        self._store = place.store
        self._found = Collector(chunks)
        self._copies: list[_Copies] = []
        self._unknown: set[str] = set()
        """Paths of nodes whose documents cannot be had, which may be groups."""

    async def run(self) -> Verification:
        found = await self._read(self._place)
        if found is None:
            raise NodeNotFoundError(f"there is neither an array nor a group at {self._place}")
        groups = [self._place] if await self._take_in(self._place, found) else []
        if isinstance(found, ArrayMetadata):
            await self._check_arrays([(self._place, found)])
        while groups:
            groups = await self._check_below(groups)
        self._compare_the_rest()
        return self._found.verification_of(self._place)

    # -- documents

    async def _read(self, place: StorePath) -> NodeMetadata | Exception | None:
        """The metadata of a node, with the copies that a group keeps; or why they cannot be had."""
        try:
            metadata = await read_node(place)
            if isinstance(metadata, GroupMetadata) and metadata.zarr_format == 2:
                return await self._with_copies(metadata, place)
            return metadata
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            return error

    async def _with_copies(self, metadata: GroupMetadata, place: StorePath) -> GroupMetadata:
        try:
            return await with_copies(metadata, place)
        except Exception as error:  # noqa: BLE001 - the group itself is all right
            self._found.fail(error, place.prefix + COPIES_V2, place)
            return metadata

    async def _take_in(self, place: StorePath, found: NodeMetadata | Exception) -> bool:
        """Note what is wrong with a node; whether there may be others below it."""
        if isinstance(found, Exception):
            self._found.fail(found, place.prefix, place)
            return await self._may_be_group(place, found)
        for copies in self._copies:
            if place.prefix.startswith(copies.group.prefix):
                self._compare(copies, place, found)
        if isinstance(found, ArrayMetadata):
            self._found.arrays += 1
            return False
        self._found.groups += 1
        if found.consolidated_metadata is not None:
            name = COPIES_V2 if found.zarr_format == 2 else DOCUMENT
            self._copies.append(_Copies(place, place.prefix + name, found.consolidated_metadata))
        return True

    async def _may_be_group(self, place: StorePath, error: Exception) -> bool:
        """Whether there may be nodes below one whose document cannot be had; not if it says that it is an array."""
        self._unknown.add(place.path)
        key = getattr(error, "key", None) or ""
        try:
            if not key.endswith(DOCUMENT):
                return not await self._store.exists(place.prefix + ".zarray")
            value = await self._store.get(key, numpy_buffer_prototype())
        except Exception:  # noqa: BLE001 - that it cannot be read is noted already
            return True
        return value is None or SAYS_ARRAY.search(bytes(value.as_buffer_like())) is None

    async def _check_other_format(self, place: StorePath, name: str) -> None:
        """Check a document of format 2 that lies beside that of format 3, which counts."""
        try:
            await read_node(place, 2)
        except Exception as error:  # noqa: BLE001 - whatever a store raises
            self._found.fail(error, place.prefix + name, place)
        else:
            reason = "a node of format 2 beside the one of format 3, which is opened"
            self._found.note("orphan", place.prefix + name, place, reason)

    def _compare(self, copies: _Copies, place: StorePath, found: NodeMetadata) -> None:
        path = place.path.removeprefix(copies.group.prefix)
        copies.seen.add(path)
        try:
            copy = copies.copies.get(path)
        except Exception as error:  # noqa: BLE001 - a copy may be as broken as a document
            self._found.note("document", copies.key, copies.group, f"the copy of {path!r}: {reason_of(error)}")
            return
        if copy is None:
            if found.zarr_format == (2 if copies.key.endswith(COPIES_V2) else 3):
                self._found.note("stale", copies.key, copies.group, f"the consolidated metadata lack {path!r}")
        elif _alone(copy) != _alone(found):
            reason = f"the consolidated metadata say something else of {path!r} than its document"
            self._found.note("stale", copies.key, copies.group, reason)

    def _compare_the_rest(self) -> None:
        failed = {finding.path for finding in self._found.findings if finding.kind in ("document", "unreadable")}
        for copies in self._copies:
            for path in copies.copies:
                if path not in copies.seen and copies.group.prefix + path not in failed:
                    reason = f"the consolidated metadata tell of {path!r}, and there is no such node"
                    self._found.note("stale", copies.key, copies.group, reason)

    # -- groups

    async def _check_below(self, groups: list[StorePath]) -> list[StorePath]:
        """Check what is directly in groups of one level; the groups among that are returned."""
        listed = await map_concurrent(self._children_of, groups, concurrency=AT_ONCE)
        children = ((group, name) for group, names in zip(groups, listed, strict=True) for name in names)
        below: list[StorePath] = []
        while some := list(islice(children, NODES_AT_ONCE)):
            below += await self._check_children(some)
        return below

    async def _children_of(self, group: StorePath) -> Sequence[str]:
        """Names in a group that may be nodes."""
        try:
            names = sorted([name async for name in self._store.list_dir(group.path)])
        except Exception as error:
            if group is self._place:
                raise
            self._found.fail(error, group.prefix, group)
            return ()
        is_known = group.path not in self._unknown
        if is_known and DOCUMENT in names:
            for name in {".zarray", ".zgroup"}.intersection(names):
                await self._check_other_format(group, name)
        children = [name for name in names if name and name not in DOCUMENTS and not name.startswith(RESERVED_PREFIX)]
        return children if is_known else [name for name in children if not LIKE_CHUNK.fullmatch(name)]

    async def _check_children(self, names: Sequence[tuple[StorePath, str]]) -> list[StorePath]:
        children: list[tuple[StorePath, StorePath]] = []
        for group, name in names:
            try:
                children.append((group, group / name))
            except BaseZarrError:
                self._found.note("foreign", group.prefix + name, group, "no node can have this name")
        found = await map_concurrent(self._read, [child for _, child in children], concurrency=NODES_AT_ONCE)
        groups: list[StorePath] = []
        arrays: list[tuple[StorePath, ArrayMetadata]] = []
        for (group, child), node in zip(children, found, strict=True):
            if node is None:
                self._see_foreign(group, child)
            elif await self._take_in(child, node):
                groups.append(child)
            elif isinstance(node, ArrayMetadata):
                arrays.append((child, node))
        await self._check_arrays(arrays)
        return groups

    def _see_foreign(self, group: StorePath, child: StorePath) -> None:
        if child.path.endswith(JOURNAL):
            self._found.note("foreign", child.path, group, AT_WORK)
        elif group.path not in self._unknown:
            self._found.note("foreign", child.path, group, "neither an array nor a group")

    async def _check_arrays(self, arrays: Sequence[tuple[StorePath, ArrayMetadata]]) -> None:
        for place, name in await check_arrays(self._found, arrays):
            await self._check_other_format(place, name)


def _alone(node: NodeMetadata) -> NodeMetadata:
    """A node without what it knows of others."""
    return node.with_consolidated(None) if isinstance(node, GroupMetadata) else node
