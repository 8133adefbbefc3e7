"""Arrays made of others, asynchronous."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from terrazzo.api.opening import place_for
from terrazzo.grid import ChunkKeyEncodingLike
from terrazzo.nodes.array_base import ArrayBase
from terrazzo.nodes.async_array import AsyncArray
from terrazzo.nodes.create import create_array_at
from terrazzo.nodes.defaults import DEFAULT_FILL_VALUE, ChunksLike, CompressorsLike, FiltersLike, SerializerLike
from terrazzo.nodes.sharding import ShardsLike
from terrazzo.spec import ArrayConfigLike
from terrazzo.storage import StoreLike, StorePath
from terrazzo.types import JSON, MemoryOrder, ZarrFormat

if TYPE_CHECKING:
    from terrazzo.nodes import transfer
else:
    from terrazzo.runtime.lazy import LazyModule

    transfer = LazyModule("terrazzo.nodes.transfer")

__all__ = ["from_array"]


async def from_array(
    store: StoreLike | None,
    *,
    data: Any,
    write_data: bool = True,
    name: str | None = None,
    chunks: ChunksLike | Literal["keep"] = "keep",
    shards: ShardsLike | Literal["keep"] = "keep",
    filters: FiltersLike | Literal["keep"] = "keep",
    compressors: CompressorsLike | Literal["keep"] = "keep",
    serializer: SerializerLike | Literal["keep"] = "keep",
    fill_value: Any = DEFAULT_FILL_VALUE,
    order: MemoryOrder | None = None,
    zarr_format: ZarrFormat | None = None,
    attributes: Mapping[str, JSON] | None = None,
    chunk_key_encoding: ChunkKeyEncodingLike | None = None,
    dimension_names: Iterable[str | None] | None = None,
    storage_options: dict[str, Any] | None = None,
    overwrite: bool = False,
    config: ArrayConfigLike | None = None,
) -> AsyncArray[Any]:
    """Create an array of another: a copy that may be cut, encoded or described differently.

    An array of terrazzo is copied as ``copy`` does: stored chunks as they are where both arrays store them alike, and
    otherwise as many at a time as 256 MiB hold.

    Parameters
    ----------
    store, name
        Where, as in ``create_array``.
    data
        An array of terrazzo, or anything that numpy makes an array of.
    write_data
        Whether the elements are copied, or only the shape and what describes them.
    chunks, shards, filters, compressors, serializer
        As in ``create_array``; ``"keep"`` takes what `data` has. Codecs are kept within one format only, and are the
        defaults otherwise, as they are for arrays that are not of terrazzo.
    fill_value, order, attributes, chunk_key_encoding, dimension_names
        As in ``create_array``; by default those of `data`.
    zarr_format
        By default that of `data`.

    Raises
    ------
    ContainsArrayError, ContainsGroupError
        A node is there, and is not to be overwritten.
    ValueError
        `data` would be overwritten, or a parameter is wrong. Nothing has been written or deleted then.

    Examples
    --------
    >>> import terrazzo
    >>> coarse = terrazzo.create_array(None, data=list(range(8)), chunks=8, attributes={"unit": "m"})
    >>> fine = terrazzo.from_array(None, data=coarse, chunks=(2,))
    >>> fine.chunks, fine.compressors == coarse.compressors, dict(fine.attrs)
    ((2,), True, {'unit': 'm'})
    """
    place = place_for(store, name, None, storage_options)
    given = {
        "chunks": chunks,
        "shards": shards,
        "filters": filters,
        "compressors": compressors,
        "serializer": serializer,
    }
    if isinstance(data, ArrayBase):
        if overwrite and _overlap(place, data.store_path):
            raise ValueError(
                f"the array at {data.store_path} would be overwritten by its copy at {place}; copy it to another path, "
                "or give data=array[...]"
            )
        zarr_format = data.metadata.zarr_format if zarr_format is None else zarr_format
        kept = transfer.kept_of(data.metadata, zarr_format)
    else:
        data = data if hasattr(data, "shape") and hasattr(data, "dtype") else np.asanyarray(data)
        kept = {"chunks": "auto", "shards": None, "filters": "auto", "compressors": "auto", "serializer": "auto"}
    is_kept = {key: isinstance(value, str) and value == "keep" for key, value in given.items()}
    return await create_array_at(
        place,
        data=data,
        write_data=write_data,
        fill_value=fill_value,
        order=order,
        zarr_format=zarr_format,
        attributes=attributes,
        chunk_key_encoding=chunk_key_encoding,
        dimension_names=dimension_names,
        overwrite=overwrite,
        config=config,
        **{key: kept[key] if is_kept[key] else value for key, value in given.items()},  # type: ignore[arg-type]
    )


def _overlap(place: StorePath, other: StorePath) -> bool:
    """Whether one of two places is at or below the other."""
    one, two = place.prefix, other.prefix
    return place.store.lock_identity == other.store.lock_identity and (one.startswith(two) or two.startswith(one))
