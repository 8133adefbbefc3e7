"""Creating many nodes at once: everything is checked before the first write, then all are written together."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import NoReturn

from terrazzo.abc.store import Store
from terrazzo.buffer import default_buffer_prototype
from terrazzo.buffer.base import Buffer
from terrazzo.errors import BaseZarrError, add_context, context, quote
from terrazzo.metadata import ArrayMetadata, ArrayV3Metadata, GroupMetadata, NodeMetadata
from terrazzo.nodes.copies import ancestors_of, changing_all
from terrazzo.nodes.foreign import require_no_foreign
from terrazzo.nodes.locate import (
    DOCUMENT,
    create_ancestor,
    delete_node,
    look_at_ancestor,
    require_vacant,
    save_documents,
)
from terrazzo.runtime import map_concurrent, operation
from terrazzo.storage import StorePath
from terrazzo.storage.path import normalize_path
from terrazzo.types import ZarrFormat

__all__ = ["create_nodes"]

AT_ONCE = 512
"""Nodes that are looked for, or written, at the same time."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be made, by path relative to one place: by depth and then by path."""

    explicit: dict[str, NodeMetadata]
    implicit: dict[str, str]
    """Groups on the way to the others, each with one that needs it."""
    zarr_format: ZarrFormat


@operation
async def create_nodes(
    place: StorePath, nodes: Mapping[str, NodeMetadata], *, overwrite: bool, within: ZarrFormat | None = None
) -> list[tuple[str, NodeMetadata, StorePath]]:
    """Create all nodes of a hierarchy, and the groups on the way to them that are missing.

    Parameters
    ----------
    nodes
        Metadata by path relative to `place`.
    overwrite
        Whether a node in the way is deleted with all that is below it; groups on the way always stay.
    within
        The format of the group at `place`, which is not made; None when there need not be one.

    Returns
    -------
    list of path, metadata and place
        Of all nodes that have been made, by depth and then by path.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is in the way; notes name the others. Nothing has been written then.
    ForeignFilesError
        Something that is not Zarr would be deleted. Nothing has been written then.
    BaseZarrError
        A node is below an array, or in a group of the other format. Nothing has been written then.
    ValueError, TypeError
        The nodes contradict one another, or cannot be encoded. Nothing has been written then.
    """
    plan = _plan(nodes, within)
    if not plan.explicit:
        return []
    store = place.store
    await store._ensure_open()
    store._check_writable()
    documents = {path: _documents_of(path, metadata) for path, metadata in plan.explicit.items()}
    places = {path: place / path if path else place for path in (*plan.explicit, *plan.implicit)}
    replaces = overwrite and store.supports_deletes
    async with _locked(store, [places[path] for path in plan.explicit]):
        taken = await _names_in(place)
        missing, holders = await _look(plan, places, replaces, taken)
        replaced = [places[path] for path in _topmost(plan) if _may_be_there(path, taken)] if replaces else []
        await map_concurrent(require_no_foreign, replaced, concurrency=AT_ONCE)
        made = sorted((*plan.explicit, *missing), key=_depth_and_path)

        async def write(path: str) -> None:
            if path in documents:
                await save_documents(places[path], documents[path])
            else:
                await create_ancestor(places[path], plan.zarr_format)

        above = [] if within is None else [*ancestors_of(place), place]
        async with changing_all([places[path] for path in made], plan.zarr_format, [*above, *holders]):
            await map_concurrent(delete_node, replaced, concurrency=AT_ONCE)
            await map_concurrent(write, made, concurrency=AT_ONCE)
    group = GroupMetadata(zarr_format=plan.zarr_format)
    return [(path, plan.explicit.get(path, group), places[path]) for path in made]


def _plan(nodes: Mapping[str, NodeMetadata], within: ZarrFormat | None) -> _Plan:
    """Check all that can be known without the store.

    Raises
    ------
    TypeError
        A value is not the metadata of a node.
    ValueError
        Two paths are the same, formats differ, or a node is below an array.
    """
    explicit: dict[str, NodeMetadata] = {}
    zarr_format = within
    for given, metadata in nodes.items():
        path = normalize_path(given)
        if not isinstance(metadata, (ArrayMetadata, GroupMetadata)):
            raise TypeError(f"the node {quote(given)} is {quote(metadata)}, expected the metadata of an array or group")
        if path in explicit:
            raise ValueError(f"two nodes have the path {quote(path)}")
        if not path and within is not None:
            raise ValueError("a node has the path '', which is the group itself; leave it out")
        zarr_format = metadata.zarr_format if zarr_format is None else zarr_format
        if metadata.zarr_format != zarr_format:
            of = "the group" if within is not None else "the first one"
            raise ValueError(
                f"the node {quote(given)} is of Zarr format {metadata.zarr_format}, and {of} is of {zarr_format}"
            )
        explicit[path] = _as_first_written(path, metadata)
    implicit: dict[str, str] = {}
    for path in explicit:
        for parent in _parents(path):
            if isinstance(explicit.get(parent), ArrayMetadata):
                raise ValueError(f"the node {quote(path)} is below {quote(parent)}, which is an array")
            if parent not in explicit and (parent or within is None):
                implicit.setdefault(parent, path)
    return _Plan(
        {path: explicit[path] for path in sorted(explicit, key=_depth_and_path)},
        {path: implicit[path] for path in sorted(implicit, key=_depth_and_path)},
        3 if zarr_format is None else zarr_format,
    )


def _as_first_written(path: str, metadata: NodeMetadata) -> NodeMetadata:
    """What is stored of new nodes: no copies of others, and only what can be read again."""
    if isinstance(metadata, GroupMetadata):
        return metadata.with_consolidated(None)
    try:
        metadata.check_usable()
        return metadata.with_fitted_codecs() if isinstance(metadata, ArrayV3Metadata) else metadata
    except ValueError as error:
        add_context(error, f"in the metadata of the node {quote(path)}")
        raise


def _documents_of(path: str, metadata: NodeMetadata) -> dict[str, Buffer]:
    try:
        return metadata.to_buffer_dict(default_buffer_prototype())
    except (TypeError, ValueError) as error:
        add_context(error, f"in the metadata of the node {quote(path)}")
        raise


def _parents(path: str) -> list[str]:
    """The paths above one, the root first."""
    segments = path.split("/")
    return ["/".join(segments[:depth]) for depth in range(len(segments))] if path else []


def _depth_and_path(path: str) -> tuple[int, str]:
    """The order in which members are listed; the root comes first."""
    return (path.count("/") + 1 if path else 0), path


def _topmost(plan: _Plan) -> list[str]:
    """The nodes to be made that are below no other: deleting them deletes the others too."""
    return [path for path in plan.explicit if not any(parent in plan.explicit for parent in _parents(path))]


@asynccontextmanager
async def _locked(store: Store, places: Iterable[StorePath]) -> AsyncGenerator[None]:
    """Hold the locks of many nodes: from the deepest upwards, as whoever changes one locks those above it later."""
    async with AsyncExitStack() as stack:
        for place in sorted(places, key=lambda place: _depth_and_path(place.path), reverse=True):
            await stack.enter_async_context(store.lock(place.prefix + DOCUMENT))
        yield


async def _names_in(place: StorePath) -> set[str] | None:
    """What the keys below a place start with: one listing says of most new nodes that nothing is there."""
    if not place.store.supports_listing:
        return None
    with context("while listing", place.path, place.store):
        return {name async for name in place.store.list_dir(place.path)}


def _may_be_there(path: str, taken: set[str] | None) -> bool:
    """Whether anything may be stored at or below a path."""
    return taken is None or not path or path.partition("/")[0] in taken


async def _look(
    plan: _Plan, places: Mapping[str, StorePath], replaces: bool, taken: set[str] | None
) -> tuple[list[str], list[StorePath]]:
    """Which groups on the way are missing, and which of those that are there may hold copies of documents below.

    Raises
    ------
    BaseZarrError
        A node is in the way.
    """
    errors: list[Exception] = []
    groups: dict[str, GroupMetadata | None] = {}

    async def look(path: str) -> None:
        try:
            if path in plan.explicit:
                await require_vacant(places[path])
            elif replaces and any(parent in plan.explicit for parent in _parents(path)):
                groups[path] = None  # what is there goes with the node above
            else:
                groups[path] = await look_at_ancestor(places[path], places[plan.implicit[path]], plan.zarr_format)
        except BaseZarrError as error:
            errors.append(error)

    looked_for = [path for path in (*(() if replaces else plan.explicit), *plan.implicit) if _may_be_there(path, taken)]
    await map_concurrent(look, looked_for, concurrency=AT_ONCE)
    if errors:
        _raise_first(errors)
    holders = [
        places[path]
        for path, group in groups.items()
        if group is not None and (plan.zarr_format == 2 or group.consolidated_metadata is not None)
    ]
    return [path for path in plan.implicit if groups.get(path) is None], holders


def _raise_first(errors: list[Exception]) -> NoReturn:
    """Raise an error with the others named in its notes."""
    first, *others = sorted(errors, key=str)
    for other in others[:10]:
        first.add_note(f"also: {type(other).__name__}: {other}")
    if len(others) > 10:
        first.add_note(f"and {len(others) - 10} more")
    raise first
