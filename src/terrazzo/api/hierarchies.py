"""Creating many nodes at once, asynchronous."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from terrazzo.api.opening import place_for
from terrazzo.metadata import NodeMetadata
from terrazzo.nodes.async_group import AsyncNode, as_node
from terrazzo.storage import StoreLike

__all__ = ["create_hierarchy"]


async def create_hierarchy(
    *, store: StoreLike, nodes: Mapping[str, NodeMetadata], overwrite: bool = False
) -> AsyncGenerator[tuple[str, AsyncNode], None]:
    """Create many nodes at once, and the groups on the way to them that are missing.

    Everything is checked before the first write. Then all documents are written together, which takes as long as a
    few requests where requests are slow.

    Parameters
    ----------
    store
        Where: a store, the path of a folder, or a dictionary to be filled.
    nodes
        The metadata of arrays and groups, all of one Zarr format, by path; ``""`` is the root.
    overwrite
        Whether a node in the way of one of them is deleted, with all that is below it. A group on the way stays.

    Yields
    ------
    str, array or group
        Path and node, of all that have been made: by depth and then by path. All are made before the first comes.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is in the way; notes name the others. Nothing has been written then.
    ValueError, TypeError
        The nodes contradict one another or the store: formats differ, a node is below an array. Nothing has been
        written then.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.metadata import GroupMetadata
    >>> depth = terrazzo.zeros((4, 4), dtype="float32").metadata
    >>> nodes = {"north/depth": depth, "south/depth": depth, "south": GroupMetadata(attributes={"year": 2026})}
    >>> [path for path, node in terrazzo.create_hierarchy(store={}, nodes=nodes)]
    ['', 'north', 'south', 'north/depth', 'south/depth']
    """
    from terrazzo.nodes.hierarchy import create_nodes  # loaded on use: `import terrazzo` is to be quick

    place = place_for(store, None, None, None)
    for path, metadata, made in await create_nodes(place, nodes, overwrite=overwrite):
        yield path, as_node(metadata, made)
