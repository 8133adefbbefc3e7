"""Migrating from Zarr v2 to Zarr v3, asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from terrazzo.api.opening import place_for
from terrazzo.metadata import NodeMetadata
from terrazzo.nodes.node_base import NodeBase
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes import migrate
else:
    from terrazzo.runtime.lazy import LazyModule

    migrate = LazyModule("terrazzo.nodes.migrate")

__all__ = ["migrate_to_v3", "migrate_v2_to_v3", "remove_metadata"]


async def migrate_v2_to_v3(
    *,
    input_store: StoreLike,
    output_store: StoreLike | None = None,
    dry_run: bool = False,
    overwrite: bool = False,
) -> dict[str, NodeMetadata]:
    """Write documents of Zarr v3 for all arrays and groups of Zarr v2 in a store; chunks are not touched.

    Names of dimensions, which xarray keeps in the attribute ``_ARRAY_DIMENSIONS`` in Zarr v2, become
    ``dimension_names``.

    Parameters
    ----------
    input_store
        Where the nodes are.
    output_store
        Where to write the documents; by default beside those of Zarr v2. Chunks are not copied there.
    dry_run
        Whether to write nothing, and only say what would be written.
    overwrite
        Whether to replace documents of Zarr v3 that are there already.

    Returns
    -------
    dict
        The new metadata by path.

    Raises
    ------
    NodeNotFoundError
        There is no node of Zarr v2.
    MetadataValidationError
        Zarr v3 has no form for what one of them says; the error names it. Nothing has been written then.
    ContainsArrayError, ContainsGroupError
        There are documents of Zarr v3 already.

    Examples
    --------
    >>> import terrazzo
    >>> from terrazzo.api.synchronous import migrate_v2_to_v3
    >>> old = terrazzo.create_array({}, data=[1, 2, 3], zarr_format=2)
    >>> sorted(migrate_v2_to_v3(input_store=old.store))
    ['']
    >>> terrazzo.open_array(old.store, zarr_format=3)[:]
    array([1, 2, 3])
    """
    source = place_for(input_store, None, None, None)
    target = None if output_store is None else place_for(output_store, None, None, None)
    return await migrate.migrate_at(source, target, dry_run=dry_run, overwrite=overwrite)


async def migrate_to_v3(zarr_v2: NodeBase, output_path: StorePath, dry_run: bool = False) -> dict[str, NodeMetadata]:
    """Write documents of Zarr v3 for an array of Zarr v2, or for a group and all that is below it.

    Parameters
    ----------
    zarr_v2
        Array or group, blocking or asynchronous.
    output_path
        Where to write the documents; chunks are not copied there.
    dry_run
        Whether to write nothing, and only say what would be written.

    The result and the errors are those of ``migrate_v2_to_v3``.
    """
    return await migrate.migrate_at(zarr_v2.store_path, output_path, dry_run=dry_run)


async def remove_metadata(
    store: StoreLike, zarr_format: ZarrFormat, force: bool = False, dry_run: bool = False
) -> list[str]:
    """Delete the documents of one format, after a migration; chunks are not touched.

    Parameters
    ----------
    force
        Whether to delete documents of nodes too that have none of the other format.
    dry_run
        Whether to delete nothing, and only say what would be deleted.

    Returns
    -------
    list
        The keys of the documents.

    Raises
    ------
    NodeNotFoundError
        There is no node of the format.
    ValueError
        A node has no documents of the other format. Nothing has been deleted then.
    """
    return await migrate.remove_documents_at(
        place_for(store, None, None, None), zarr_format, force=force, dry_run=dry_run
    )
