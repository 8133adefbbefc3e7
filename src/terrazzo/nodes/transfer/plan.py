"""What there is to copy of a hierarchy: every node, with what is to be stored of it and what is in its way.

Everything is decided before anything is written, so that what cannot be done fails before it is begun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from terrazzo.errors import ContainsArrayError, ContainsGroupError, NodeNotFoundError
from terrazzo.metadata import ArrayMetadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.async_array import AsyncArray, of_format
from terrazzo.nodes.consolidated import with_copies
from terrazzo.nodes.foreign import require_no_foreign
from terrazzo.nodes.locate import READS_AT_ONCE, look_above, read_node
from terrazzo.nodes.members import iter_members
from terrazzo.nodes.transfer.array import ArrayTransfer, plan_array
from terrazzo.nodes.transfer.describe import check_names, metadata_like
from terrazzo.nodes.transfer.journal import CLEARING, Journal, describe_place, fingerprint
from terrazzo.nodes.transfer.options import CopyOptions
from terrazzo.runtime import map_concurrent
from terrazzo.storage import StorePath
from terrazzo.types import ZarrFormat

__all__ = ["Ends", "NodeCopy", "Plan", "make_plan"]

Action = Literal["make", "merge", "replace", "skip"]


@dataclass(frozen=True)
class Ends:
    """Whence and whither.

    Attributes
    ----------
    source_format
        Format of the nodes to copy, where a place has nodes of both; None for whichever is there.
    target_format
        Format of the copies; None for that of what is there already, or of the source.
    """

    source: StorePath
    target: StorePath
    source_format: ZarrFormat | None = None
    target_format: ZarrFormat | None = None

    @property
    def inline(self) -> bool:
        """Whether neither store ever waits."""
        return self.source.inline and self.target.inline


@dataclass(frozen=True)
class NodeCopy:
    """One node of a hierarchy, and what becomes of it.

    Attributes
    ----------
    path
        Relative to both ends; empty for the node itself that is copied.
    action
        Whether a node is made, its attributes are added to those of a group that is there, it takes the place of
        another node, or it is left out.
    transfer
        How its elements are copied; None for groups, and where it is left out.
    """

    path: str
    source: StorePath
    target: StorePath
    old: NodeMetadata
    new: NodeMetadata
    action: Action
    transfer: ArrayTransfer | None = None

    def __str__(self) -> str:
        what = f"{'skip' if self.action == 'skip' else 'copy'} /{self.source.path}"
        if isinstance(self.old, ArrayMetadata):
            return f"{what} {self.old.shape} {self.old.data_type.label}"
        return what


@dataclass(frozen=True)
class Plan:
    """All nodes, those of one group after it.

    Attributes
    ----------
    resumes
        Whether the same copy was begun before, and is taken up again.
    consolidates
        Whether the source has consolidated metadata, so that the copy gets some.
    missing
        Groups above the target that there are not yet, the root first.
    """

    ends: Ends
    nodes: list[NodeCopy]
    journal: Journal
    zarr_format: ZarrFormat
    resumes: bool
    consolidates: bool
    missing: list[StorePath] = field(default_factory=list)


async def make_plan(ends: Ends, options: CopyOptions, *, into: bool = False) -> Plan:
    """Find out what there is to copy, and what is there already; nothing is written.

    Parameters
    ----------
    into
        Whether the members of the source become members of the target, which may be there.

    Raises
    ------
    NodeNotFoundError
        There is nothing to copy.
    ContainsArrayError, ContainsGroupError
        There is a node already, and ``if_exists`` is ``"raise"``.
    ForeignFilesError
        Something that is not Zarr would be deleted with a node that is replaced.
    ValueError
        One end is within the other, or memory does not hold a single object.
    """
    source, target = ends.source, ends.target
    await source.store._ensure_open()
    await target.store._ensure_open()
    if not options.dry_run:
        target.store._check_writable()
    options.check_stores(source.store, target.store)
    _refuse_overlap(source, target)
    found, consolidates = await _nodes_at(ends, shallow=options.shallow)
    check_names(options.changes, found.values())
    there = await _existing(target, list(found))
    zarr_format = ends.target_format
    if zarr_format is None:
        at_target = there.get("")
        zarr_format = at_target.zarr_format if isinstance(at_target, GroupMetadata) else found[""].zarr_format
    wanted = {
        path: metadata_like(node, source / path, zarr_format, options.changes, without_attrs=options.without_attrs)
        for path, node in found.items()
    }
    journal = _journal_for(ends, wanted)
    resumes = await _take_up(journal, options)
    nodes: list[NodeCopy] = []
    skipped: str | None = None
    for path, node in found.items():
        if skipped is not None and path.startswith(skipped):
            continue
        new = wanted[path]
        action = _action_for(new, there.get(path), target / path, options, journal, path, resumes, into and not path)
        if action == "skip":
            skipped = f"{path}/" if path else ""
        transfer = None
        if isinstance(node, ArrayMetadata) and isinstance(new, ArrayMetadata) and action != "skip":
            transfer = plan_array(AsyncArray(node, source / path), AsyncArray(new, target / path), options.max_memory)
        nodes.append(NodeCopy(path, source / path, target / path, node, new, action, transfer))
    if not resumes:
        replaced = [node.target for node in nodes if node.action == "replace"]
        await map_concurrent(require_no_foreign, replaced, concurrency=READS_AT_ONCE)
    missing, _ = await look_above(target, zarr_format)
    return Plan(ends, nodes, journal, zarr_format, resumes, consolidates, missing)


def _refuse_overlap(source: StorePath, target: StorePath) -> None:
    if source.store.lock_identity != target.store.lock_identity:
        return
    one, other = source.prefix, target.prefix
    if one.startswith(other) or other.startswith(one):
        raise ValueError(f"{source} cannot be copied to {target}: one of them is within the other")


async def _nodes_at(ends: Ends, *, shallow: bool) -> tuple[dict[str, NodeMetadata], bool]:
    """All nodes by path, those of a group after it and before the next; and whether there are consolidated metadata."""
    place = ends.source
    root = await read_node(place, ends.source_format)
    if root is None:
        raise NodeNotFoundError(f"there is no node{of_format(ends.source_format)} at {place} to copy")
    if not isinstance(root, GroupMetadata):
        return {"": root}, False
    root = await with_copies(root, place)
    members = [
        (path, node)
        async for path, _, node in iter_members(place, 0 if shallow else None, root.zarr_format)
        if not shallow or isinstance(node, ArrayMetadata)
    ]
    members.sort(key=lambda member: member[0].split("/"))
    return {"": root, **dict(members)}, root.consolidated_metadata is not None


async def _existing(target: StorePath, paths: list[str]) -> dict[str, NodeMetadata]:
    """What is there at the places of copies, by path."""
    store = target.store
    if store.supports_listing and await store.is_empty(target.path):
        return {}

    async def look(path: str) -> NodeMetadata | None:
        return await read_node(target / path)

    found = await map_concurrent(look, paths, concurrency=READS_AT_ONCE)
    return {path: node for path, node in zip(paths, found, strict=True) if node is not None}


def _journal_for(ends: Ends, wanted: Mapping[str, NodeMetadata]) -> Journal:
    source = describe_place(ends.source)
    documents = {path: _documents_of(node) for path, node in wanted.items()}
    identity = fingerprint(["copy", source, ends.source_format, ends.target.path, documents])
    return Journal(ends.target, identity, f"copy of {source}")


def _documents_of(node: NodeMetadata) -> list[Any]:
    return [node.zarr_format, node.to_dict()]


def _identity_of(node: NodeMetadata) -> str:
    """What says whether two nodes are described alike; NaN is NaN there."""
    return fingerprint(_documents_of(node))


async def _take_up(journal: Journal, options: CopyOptions) -> bool:
    """Whether this copy was begun before.

    Raises
    ------
    ContainsGroupError
        Another one was.
    """
    found = await journal.found()
    if found is None or await journal.take_up():
        return found is not None
    if options.if_exists != "replace":
        raise ContainsGroupError(
            f"at {journal.place} there is what another copy has left unfinished, or is at: {found.get('about')}; "
            "if_exists='replace' starts over"
        )
    return False


def _action_for(
    new: NodeMetadata,
    there: NodeMetadata | None,
    place: StorePath,
    options: CopyOptions,
    journal: Journal,
    path: str,
    resumes: bool,
    is_container: bool,
) -> Action:
    """What becomes of a node where another one is, or none."""
    if there is None:
        return "make"
    merges = isinstance(new, GroupMetadata) and isinstance(there, GroupMetadata)
    if merges and new.zarr_format == there.zarr_format:
        return "merge"
    if resumes:
        if journal.phase == CLEARING and path in journal.replaced:
            return "replace"
        if options.if_exists != "skip" and _identity_of(there) == _identity_of(new):
            return "make"  # finished before, or as good as
    if options.if_exists == "skip":
        return "skip"
    if options.if_exists == "replace" and not is_container:
        return "replace"
    what, error = (
        ("a group", ContainsGroupError) if isinstance(there, GroupMetadata) else ("an array", ContainsArrayError)
    )
    raise error(
        f"there is {what} of Zarr format {there.zarr_format} at {place} already"
        + ("" if is_container else "; if_exists='replace' replaces it, if_exists='skip' leaves it")
    )
