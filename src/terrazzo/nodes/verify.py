"""Verifying a hierarchy: every document is read, every stored chunk decoded, every checksum looked at.

What is stored is found by listing, so that it does not matter how much is declared. One thing that is wrong does not
keep the rest from being looked at. As many chunks are in memory as are read at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import BaseZarrError, NodeNotFoundError
from terrazzo.metadata import ArrayMetadata, ConsolidatedMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.chunk_io import ChunkIO
from terrazzo.nodes.consolidated import with_copies
from terrazzo.nodes.copies import COPIES_V2
from terrazzo.nodes.locate import DOCUMENT, V2_DOCUMENTS, read_node
from terrazzo.nodes.members import RESERVED_PREFIX
from terrazzo.nodes.report import reason_of
from terrazzo.nodes.stored import stored_keys
from terrazzo.nodes.verification import Finding, FindingKind, Verification, kind_of
from terrazzo.pipeline.check import check_data, check_value
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.runtime import map_concurrent, operation, share, useful_width
from terrazzo.runtime.tally import Tally
from terrazzo.settings import current_options
from terrazzo.storage import StorePath
from terrazzo.types import ChunkCoords

__all__ = ["Progress", "verify_at"]

Progress = Callable[[int, int], object]

NODES_AT_ONCE = 256
"""Documents that are read before the arrays among them are checked: as many are then in memory."""
KEYS_AT_ONCE = 4096
"""Chunks that are listed before they are checked."""
DOCUMENTS = (DOCUMENT, *V2_DOCUMENTS, COPIES_V2)
SAYS_ARRAY = re.compile(rb'"node_type"\s*:\s*"array"')
LIKE_CHUNK = re.compile(r"c|(c\.)?[0-9]+(\.[0-9]+)*")
"""Names that are not looked at where nobody can say whether they are in a group or in an array."""

Job = tuple[ChunkCoords, str]


@operation
async def verify_at(place: StorePath, progress: Progress | None = None) -> Verification:
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
    return await _Verifier(place, progress).run()


class _Copies:
    """Consolidated metadata of a group, and which of them have been compared."""

    def __init__(self, group: StorePath, key: str, copies: ConsolidatedMetadata) -> None:
        self.group = group
        self.key = key
        self.copies = copies
        self.seen: set[str] = set()


class _Verifier:
    """One run."""

    def __init__(self, place: StorePath, progress: Progress | None) -> None:
        self._place = place
        self._store = place.store
        self._findings: list[Finding] = []
        self._chunks = Tally(0, progress)
        self._bytes = Tally(0, None)
        self._groups = 0
        self._arrays = 0
        self._copies: list[_Copies] = []
        self._unknown: set[str] = set()
        """Paths of nodes whose documents cannot be had, which may be groups."""

    async def run(self) -> Verification:
        found = await self._read(self._place)
        if found is None:
            raise NodeNotFoundError(f"there is neither an array nor a group at {self._place}")
        groups = [self._place] if await self._take_in(self._place, found) else []
        if isinstance(found, ArrayMetadata):
            await self._check_array((self._place, found), current_options().concurrency)
        while groups:
            groups = [below for group in groups for below in await self._check_group(group)]
        self._compare_the_rest()
        findings = sorted(self._findings, key=lambda one: (one.key, one.chunk or (), one.subchunk or (), one.reason))
        counted = self._groups, self._arrays, self._chunks.done, self._bytes.done
        return Verification(str(self._place), *counted, tuple(findings))

    def _note(self, kind: FindingKind, key: str, place: StorePath, reason: str, **more: Any) -> None:
        self._findings.append(Finding(kind, key, place.path, reason, **more))

    def _fail(self, error: Exception, key: str, place: StorePath, **more: Any) -> None:
        known = getattr(error, "key", None)
        self._note(kind_of(error), known if isinstance(known, str) and known else key, place, reason_of(error), **more)

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
            self._fail(error, place.prefix + COPIES_V2, place)
            return metadata

    async def _take_in(self, place: StorePath, found: NodeMetadata | Exception) -> bool:
        """Note what is wrong with a node; whether there may be others below it."""
        if isinstance(found, Exception):
            self._fail(found, place.prefix, place)
            return await self._may_be_group(place, found)
        for copies in self._copies:
            if place.prefix.startswith(copies.group.prefix):
                self._compare(copies, place, found)
        if isinstance(found, ArrayMetadata):
            self._arrays += 1
            return False
        self._groups += 1
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
            self._fail(error, place.prefix + name, place)

    def _compare(self, copies: _Copies, place: StorePath, found: NodeMetadata) -> None:
        path = place.path.removeprefix(copies.group.prefix)
        copies.seen.add(path)
        try:
            copy = copies.copies.get(path)
        except Exception as error:  # noqa: BLE001 - a copy may be as broken as a document
            self._note("document", copies.key, copies.group, f"the copy of {path!r}: {reason_of(error)}")
            return
        if copy is None:
            if found.zarr_format == (2 if copies.key.endswith(COPIES_V2) else 3):
                self._note("stale", copies.key, copies.group, f"the consolidated metadata lack {path!r}")
        elif _alone(copy) != _alone(found):
            reason = f"the consolidated metadata say something else of {path!r} than its document"
            self._note("stale", copies.key, copies.group, reason)

    def _compare_the_rest(self) -> None:
        failed = {finding.path for finding in self._findings if finding.kind in ("document", "unreadable")}
        for copies in self._copies:
            for path in copies.copies:
                if path not in copies.seen and copies.group.prefix + path not in failed:
                    reason = f"the consolidated metadata tell of {path!r}, and there is no such node"
                    self._note("stale", copies.key, copies.group, reason)

    # -- groups

    async def _check_group(self, group: StorePath) -> list[StorePath]:
        """Check the documents and arrays directly in a group; the groups among them are returned."""
        try:
            names = sorted([name async for name in self._store.list_dir(group.path)])
        except Exception as error:
            if group is self._place:
                raise
            self._fail(error, group.prefix, group)
            return []
        is_known = group.path not in self._unknown
        if is_known and DOCUMENT in names:
            for name in {".zarray", ".zgroup"}.intersection(names):
                await self._check_other_format(group, name)
        groups: list[StorePath] = []
        children = [name for name in names if name and name not in DOCUMENTS and not name.startswith(RESERVED_PREFIX)]
        if not is_known:
            children = [name for name in children if not LIKE_CHUNK.fullmatch(name)]
        for start in range(0, len(children), NODES_AT_ONCE):
            groups += await self._check_children(group, children[start : start + NODES_AT_ONCE], is_known)
        return groups

    async def _check_children(self, group: StorePath, names: Sequence[str], is_known: bool) -> list[StorePath]:
        children: list[StorePath] = []
        for name in names:
            try:
                children.append(group / name)
            except BaseZarrError:
                self._note("foreign", group.prefix + name, group, "no node can have this name")
        found = await map_concurrent(self._read, children, concurrency=NODES_AT_ONCE)
        groups: list[StorePath] = []
        arrays: list[tuple[StorePath, ArrayMetadata]] = []
        for child, node in zip(children, found, strict=True):
            if node is None:
                if is_known:
                    self._note("foreign", child.path, group, "neither an array nor a group")
            elif await self._take_in(child, node):
                groups.append(child)
            elif isinstance(node, ArrayMetadata):
                arrays.append((child, node))
        # Whether there are many arrays or many chunks, as many chunks are read at once.
        concurrency = current_options().concurrency
        outer = max(1, min(len(arrays), concurrency))
        check = partial(self._check_array, concurrency=max(1, concurrency // outer))
        await map_concurrent(check, arrays, concurrency=outer)
        return groups

    # -- arrays

    async def _check_array(self, array: tuple[StorePath, ArrayMetadata], concurrency: int) -> None:
        place, metadata = array
        io = AsyncArray(metadata, place)._io
        jobs: list[Job] = []
        try:
            io.check_usable()
            async for coords, key in stored_keys(io, place):
                if coords is None:
                    await self._check_other_key(place, metadata, key)
                elif not io.grid.contains(coords):
                    reason = f"outside the shape of the array, {metadata.shape}"
                    self._note("orphan", key, place, reason, chunk=coords)
                else:
                    jobs.append((coords, key))
                if len(jobs) == KEYS_AT_ONCE:
                    await self._check_chunks(io, place, jobs, concurrency)
                    jobs = []
        except Exception as error:  # noqa: BLE001 - other arrays are checked nevertheless
            self._fail(error, place.prefix, place)
        await self._check_chunks(io, place, jobs, concurrency)

    async def _check_other_key(self, place: StorePath, metadata: NodeMetadata, key: str) -> None:
        name = key.removeprefix(place.prefix)
        if name not in DOCUMENTS:
            self._note("foreign", key, place, "neither a chunk of the array nor a document")
        elif metadata.zarr_format == 3 and name in (".zarray", ".zgroup"):
            await self._check_other_format(place, name)

    async def _check_chunks(self, io: ChunkIO, place: StorePath, jobs: Sequence[Job], concurrency: int) -> None:
        if not jobs:
            return
        self._chunks.total += len(jobs)
        try:
            typical = io.chain_for(io.grid.shape_of(jobs[0][0]), numpy_buffer_prototype())
        except Exception as error:  # noqa: BLE001 - a codec of others may refuse at last
            self._fail(error, place.prefix + io.metadata.document_key, place)
            return
        width = useful_width(len(jobs), typical.decode_ns, concurrency)
        await share(partial(self._check_some, io, place), jobs, width)

    async def _check_some(self, io: ChunkIO, place: StorePath, jobs: Iterator[Job]) -> None:
        prototype = numpy_buffer_prototype()
        for coords, key in jobs:

            def found(error: Exception, coords: ChunkCoords = coords, key: str = key) -> None:
                stage, inner = getattr(error, "stage", ""), getattr(error, "inner_coords", None)
                self._fail(error, key, place, codec=stage, chunk=coords, subchunk=inner)

            try:
                chain = io.chain_for(io.grid.shape_of(coords), prototype)
                size = await self._check_chunk(chain, key, found)
            except Exception as error:  # noqa: BLE001 - the store may raise anything
                found(error)
                size = 0
            if size is not None:  # else it was deleted after it was listed
                self._bytes.add(size)
                self._chunks.add(1)

    async def _check_chunk(self, chain: PreparedChain, key: str, found: Callable[[Exception], None]) -> int | None:
        if chain.reads_parts:
            async with self._store.open_value(key) as value:
                return await check_value(chain, value, found)
        data = await self._store.get(key, chain.spec.prototype)
        if data is None:
            return None
        await check_data(chain, data, found)
        return len(data)


def _alone(node: NodeMetadata) -> NodeMetadata:
    """A node without what it knows of others."""
    return node.with_consolidated(None) if isinstance(node, GroupMetadata) else node
