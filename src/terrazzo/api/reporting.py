"""Reports on what is stored, asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.group import Group

if TYPE_CHECKING:
    from terrazzo.nodes.tree import TreeRepr

__all__ = ["tree"]


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
