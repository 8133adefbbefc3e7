"""Copying arrays, groups and stores, and cutting arrays otherwise, asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from terrazzo.api.opening import place_for
from terrazzo.errors import quote
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.nodes.async_group import AsyncGroup
from terrazzo.nodes.defaults import ChunksLike, CompressorsLike, FiltersLike, SerializerLike
from terrazzo.nodes.group_base import GroupBase
from terrazzo.nodes.locate import read_node
from terrazzo.nodes.node_base import NodeBase
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.runtime import operation
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes import transfer
    from terrazzo.nodes.transfer import Copied, IfExists, LogLike, ProgressLike
    from terrazzo.runtime.executors import Executor
else:
    from terrazzo.runtime.lazy import LazyModule

    transfer = LazyModule("terrazzo.nodes.transfer")

__all__ = ["copy", "copy_all", "copy_store", "rechunk"]

Memory = int | str | None


class _Required:
    def __repr__(self) -> str:
        return "<required>"


REQUIRED: Any = _Required()
"""What has to be given all the same. zarr-python declares the functions that copy with ``*args`` and ``**kwargs``, and
implements none; what was written against its declarations can be checked against these."""


def _check_call(name: str, source: object, dest: object, more: Sequence[object], unknown: Iterable[str] = ()) -> None:
    """Raise where an argument is missing, or one is given that there is no parameter for.

    Raises
    ------
    TypeError
        It is named.
    """
    for parameter, value in (("source", source), ("dest", dest)):
        if value is REQUIRED:
            raise TypeError(f"{name}() needs the argument {parameter!r}")
    if more:
        raise TypeError(f"{name}() got {len(more)} arguments too many by position: {quote(more[0])} is the first")
    for parameter in unknown:
        raise TypeError(f"{name}() has no parameter {parameter!r}")


async def copy(
    source: NodeBase | StoreLike = REQUIRED,
    dest: NodeBase | StoreLike = REQUIRED,
    name: str | None = None,
    shallow: bool = False,
    without_attrs: bool = False,
    log: LogLike = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    max_memory: Memory = None,
    progress: ProgressLike = None,
    executor: Executor | None = None,
    **create_kws: Any,
) -> Copied:
    """Copy an array, or a group with all that is below it, into a group.

    Chunks are copied as they are stored where the copy stores them in the same way, and are decoded and encoded
    otherwise. An array appears when all of it is there. When a copy is interrupted, the same call takes it up again.

    Parameters
    ----------
    source
        An array or a group, or the place of one.
    dest
        The group that gets the copy as a member, or the place of one, which is made where there is none.
    name
        Name, or path, of the copy in `dest`; by default that of the source. ``""`` is `dest` itself.
    shallow
        Whether of what is in a group only the arrays directly in it are copied.
    without_attrs
        Whether attributes are left out.
    log
        Gets a line for each node: a callable, an open file, or the path of a file to append to.
    if_exists
        What happens where there is an array, or where an array is to be: ``"raise"``, before anything is written;
        ``"replace"``; or ``"skip"``. Groups are merged.
    dry_run
        Whether nothing is written.
    zarr_format
        Of the copy; by default that of `dest`, or of the source where `dest` is not there yet.
    max_memory
        Bytes that are held at once, as a number or as text such as ``"256MiB"``; with an executor, by each of its
        workers. By default 256 MiB, or more where a single stored object needs it.
    progress
        Called with the bytes of elements that are copied and with their total; True for a bar by rich or tqdm.
    executor
        Does the work: threads, processes, or a cluster by ``dask.distributed.Client.get_executor()``. Stores must be
        such that other processes can open them, unless it has threads of this one.
    **create_kws
        What is to differ in the arrays: `chunks`, `shards`, `filters`, `compressors`, `serializer`, `fill_value`,
        `dtype`, `order`, `chunk_key_encoding`, `dimension_names`, as in ``create_array``.

    Returns
    -------
    (copied, skipped, nbytes)
        Number of nodes, and bytes of the elements of arrays.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there already, or something that another copy has left unfinished.
    ForeignFilesError
        Something that is not Zarr would be deleted with what is replaced.
    NodeNotFoundError
        There is nothing to copy.
    TypeError
        The source is the root of a store, and no name is given.
    ValueError
        One of the two is within the other, or `max_memory` does not hold a single stored object.

    Examples
    --------
    >>> import terrazzo
    >>> root = terrazzo.create_group({})
    >>> root["a/b"] = [1, 2, 3]
    >>> terrazzo.copy(root["a"], root, name="c")
    Copied(copied=2, skipped=0, nbytes=24)
    >>> root["c/b"][:]
    array([1, 2, 3])
    """
    _check_call("copy", source, dest, args)
    origin, source_format = _end(source, "r")
    place, target_format = _end(dest, None)
    if name is None:
        name = origin.path.rpartition("/")[2]
        if not name:
            raise TypeError("the root of a store has no name: give `name`, or name='' for `dest` itself")
    if zarr_format is None:
        zarr_format = target_format if target_format is not None else await _format_of_group(place)
    options = transfer.CopyOptions(
        shallow=shallow,
        without_attrs=without_attrs,
        log=log,
        if_exists=transfer.parse_if_exists(if_exists),
        dry_run=dry_run,
        progress=progress,
        executor=executor,
        max_memory=transfer.parse_memory(max_memory),
        changes=transfer.check_changes(create_kws),
    )
    return await transfer.copy_nodes(transfer.Ends(origin, place / name, source_format, zarr_format), options)


async def copy_all(
    source: NodeBase | StoreLike = REQUIRED,
    dest: NodeBase | StoreLike = REQUIRED,
    shallow: bool = False,
    without_attrs: bool = False,
    log: LogLike = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    *args: Any,
    zarr_format: ZarrFormat | None = None,
    max_memory: Memory = None,
    progress: ProgressLike = None,
    executor: Executor | None = None,
    **create_kws: Any,
) -> Copied:
    """Copy everything that is in a group into another group, and its attributes too.

    Parameters, results and errors are those of ``copy``.

    Examples
    --------
    >>> import terrazzo
    >>> source, dest = terrazzo.create_group({}), terrazzo.create_group({}, attributes={"mine": 1})
    >>> source["a/b"] = [1, 2, 3]
    >>> terrazzo.copy_all(source, dest, chunks=2)
    Copied(copied=2, skipped=0, nbytes=24)
    >>> dest["a/b"].chunks, dict(dest.attrs)
    ((2,), {'mine': 1})
    """
    _check_call("copy_all", source, dest, args)
    origin, source_format = _end(source, "r")
    place, target_format = _end(dest, None)
    options = transfer.CopyOptions(
        shallow=shallow,
        without_attrs=without_attrs,
        log=log,
        if_exists=transfer.parse_if_exists(if_exists),
        dry_run=dry_run,
        progress=progress,
        executor=executor,
        max_memory=transfer.parse_memory(max_memory),
        changes=transfer.check_changes(create_kws),
    )
    ends = transfer.Ends(origin, place, source_format, target_format if zarr_format is None else zarr_format)
    done = await transfer.copy_nodes(ends, options, into=True)
    group = getattr(dest, "async_counterpart", dest)
    if isinstance(group, AsyncGroup) and not dry_run:
        await group._reread()
    return done


async def copy_store(
    source: StoreLike = REQUIRED,
    dest: StoreLike = REQUIRED,
    source_path: str = "",
    dest_path: str = "",
    excludes: str | Iterable[str] | None = None,
    includes: str | Iterable[str] | None = None,
    flags: int = 0,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    log: LogLike = None,
    *args: Any,
    progress: ProgressLike = None,
    executor: Executor | None = None,
    **kwargs: Any,
) -> Copied:
    """Copy the values of a store as they are: chunks, documents and whatever else is there.

    Parameters
    ----------
    source_path, dest_path
        Only what is below a path, and whereto.
    excludes
        Regular expressions; keys in which one of them is found are left out.
    includes
        Regular expressions; keys in which one of them is found are copied nevertheless.
    flags
        Of the module ``re``, for both.
    if_exists
        What happens where there is a value: ``"raise"``, before anything is written; ``"replace"``; or ``"skip"``.
    log, dry_run, progress, executor
        As for ``copy``; progress counts values.

    Returns
    -------
    (copied, skipped, nbytes)
        Number of values, and bytes of those that are copied.

    Raises
    ------
    FileExistsError
        A value is there already.

    Examples
    --------
    >>> import terrazzo
    >>> old, new = {}, {}
    >>> array = terrazzo.create_array(old, name="a", data=[1, 2, 3], chunks=2)
    >>> terrazzo.copy_store(old, new, excludes="zarr.json")
    Copied(copied=2, skipped=0, nbytes=42)
    >>> sorted(new)
    ['a/c/0', 'a/c/1']
    """
    _check_call("copy_store", source, dest, args, kwargs)
    options = transfer.CopyOptions(
        log=log, if_exists=transfer.parse_if_exists(if_exists), dry_run=dry_run, progress=progress, executor=executor
    )
    ends = transfer.Ends(_place(source, "r") / source_path, _place(dest, None) / dest_path)
    return await transfer.copy_values(
        ends, options, excludes=_several(excludes), includes=_several(includes), flags=flags
    )


async def rechunk(
    source: NodeBase | StoreLike,
    dest: NodeBase | StoreLike,
    *,
    chunks: ChunksLike | Literal["keep"] = "keep",
    shards: ShardsLike | Literal["keep"] = "keep",
    filters: FiltersLike | Literal["keep"] = "keep",
    compressors: CompressorsLike | Literal["keep"] = "keep",
    serializer: SerializerLike | Literal["keep"] = "keep",
    fill_value: Any = "keep",
    chunk_key_encoding: ChunkKeyEncodingLike | Literal["keep"] = "keep",
    zarr_format: ZarrFormat | None = None,
    max_memory: Memory = None,
    if_exists: IfExists = "raise",
    dry_run: bool = False,
    log: LogLike = None,
    progress: ProgressLike = None,
    executor: Executor | None = None,
) -> Copied:
    """Copy an array, or all arrays of a group, to other chunks, shards, codecs or another format.

    Every stored object of the target is written once. As many of them are made at a time as `max_memory` holds, and
    chosen so that chunks of the source are read as few times as possible: once, where memory allows.

    Parameters
    ----------
    source
        An array or a group, or the place of one.
    dest
        The place of the copy itself.
    chunks, shards
        As in ``create_array``; or, for the arrays of a group, lengths by the names of dimensions: arrays and
        dimensions that are not named stay as they are, and each name is one of some array. ``"keep"`` takes what the
        source has.
    filters, compressors, serializer, chunk_key_encoding
        As in ``create_array``; ``"keep"`` takes what the source has, where the format has it.
    zarr_format
        By default that of the source.
    max_memory, if_exists, dry_run, log, progress, executor
        As for ``copy``. The log of a dry run says how many times each chunk would be read.

    Returns
    -------
    (copied, skipped, nbytes)
        Number of nodes, and bytes of the elements of arrays.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there already, or something that another copy has left unfinished.
    ValueError
        `max_memory` does not hold a single stored object with what it is made of, or a parameter is wrong.

    Examples
    --------
    >>> import terrazzo
    >>> rows = terrazzo.create_array({}, shape=(100, 100), chunks=(1, 100), dtype="int16")
    >>> columns = {}
    >>> terrazzo.rechunk(rows, columns, chunks=(100, 10), max_memory="1MiB").nbytes
    20000
    >>> terrazzo.open_array(columns).chunks
    (100, 10)
    """
    origin, source_format = _end(source, "r")
    place, _ = _end(dest, None)
    changes = {
        "chunks": chunks,
        "shards": shards,
        "filters": filters,
        "compressors": compressors,
        "serializer": serializer,
        "fill_value": fill_value,
        "chunk_key_encoding": chunk_key_encoding,
    }
    options = transfer.CopyOptions(
        log=log,
        if_exists=transfer.parse_if_exists(if_exists),
        dry_run=dry_run,
        progress=progress,
        executor=executor,
        max_memory=transfer.parse_memory(max_memory),
        changes=transfer.check_changes(changes),
    )
    return await transfer.copy_nodes(transfer.Ends(origin, place, source_format, zarr_format), options)


def _end(node: NodeBase | StoreLike, mode: Literal["r"] | None) -> tuple[StorePath, ZarrFormat | None]:
    """The place that a node is at, or that something names; and the format of the node, where one is given."""
    if not isinstance(node, NodeBase):
        return _place(node, mode), None
    zarr_format: ZarrFormat = node.metadata.zarr_format  # arrays and groups have it
    if mode is None and not isinstance(node, GroupBase):
        raise TypeError(f"a copy goes into a group, and {node!r} is an array")
    return node.store_path, zarr_format


def _place(store: StoreLike, mode: Literal["r"] | None) -> StorePath:
    """The place that something names; a folder that is read must be there, and a store is used as it is."""
    return place_for(store, None, mode if isinstance(store, (str, Path)) else None, None)


@operation
async def _format_of_group(place: StorePath) -> ZarrFormat | None:
    found = await read_node(place)
    return None if found is None else found.zarr_format


def _several(patterns: str | Iterable[str] | None) -> tuple[str, ...]:
    return (patterns,) if isinstance(patterns, str) else tuple(patterns or ())
