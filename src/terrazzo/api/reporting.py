"""Reports on what is stored, asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from terrazzo.api.opening import place_for
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group
from terrazzo.nodes.node_base import NodeBase
from terrazzo.storage import StoreLike

if TYPE_CHECKING:
    from terrazzo.nodes.transfer.progress import ProgressLike
    from terrazzo.nodes.tree import TreeRepr
    from terrazzo.nodes.verification.findings import Verification

__all__ = ["tree", "verify"]


async def tree(grp: AsyncGroup | Group, expand: bool | None = None, level: int | None = None) -> TreeRepr:
    """The members of a group as a tree, as ``Group.tree`` gives it.

    Parameters
    ----------
    grp
        The group, in either form.
    expand
        Whether a notebook shows groups opened; by default those of the first two levels, while they are few.
    level
        How deep to look: 0 for the children only, 1 for theirs too; None for all.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group(None)
    >>> root["a/b"] = [1, 2, 3]
    >>> terrazzo.tree(root, level=0)
    /
    └── a
    """
    group = grp.async_counterpart if isinstance(grp, Group) else grp
    return await group.tree(expand, level)


async def verify(
    store: StoreLike | NodeBase,
    *,
    path: str | None = None,
    progress: ProgressLike = None,
    storage_options: dict[str, Any] | None = None,
) -> Verification:
    """Read all that is stored of a hierarchy, and say what is wrong with it.

    Every document is parsed, every stored chunk is decoded, and every checksum looked at; of shards the index, and
    each of the chunks in them. What is not stored costs nothing, however much is declared. Something that is wrong
    does not keep the rest from being looked at, and nothing is changed. Chunks without a checksum are only known to
    decode: what is stored uncompressed may have been altered without a trace.

    Parameters
    ----------
    store, path
        Of an array, or of a group with all that is below it; or an array or a group, and a path relative to it.
    progress
        Called with the number of chunks that have been checked, and of those that are known so far; True for a bar by
        rich or tqdm.

    Returns
    -------
    Verification
        What was found, in a form for programs, too.

    Raises
    ------
    NodeNotFoundError
        There is neither an array nor a group.
    ValueError
        The store does not list its keys.

    Examples
    --------
    >>> import terrazzo
    >>> array = terrazzo.create_array({}, name="a", data=[1, 2, 3, 4], chunks=2, compressors=None)
    >>> array.store._store_dict["a/c/1"] = array.store._store_dict["a/c/1"][:5]
    >>> found = terrazzo.verify(array)
    >>> found.is_ok
    False
    >>> found.problems[0].reason
    '5 bytes are stored, expected 16'
    """
    from terrazzo.nodes.verification.hierarchy import verify_at  # loaded on use: `import terrazzo` is to be quick

    if isinstance(store, NodeBase):
        place = store.store_path / path if path else store.store_path
    else:
        place = place_for(store, path, "r", storage_options)
    return await verify_at(place, progress)
