"""Code that type checkers see as users of ``zarr`` write it; it is not run."""

from typing import Any, assert_type

import zarr
import zarr.core.sync
from zarr.abc.store import Store
from zarr.codecs import BloscCodec, ZstdCodec
from zarr.core.buffer import Buffer, default_buffer_prototype
from zarr.core.common import JSON
from zarr.core.group import GroupMetadata
from zarr.storage import LocalStore, StoreLike

import terrazzo


def objects(store: StoreLike, raw: Store, codec: BloscCodec | ZstdCodec) -> None:
    """The names are those of terrazzo's objects."""
    array = zarr.create_array(store, shape=(3,), dtype="i4", compressors=codec)
    assert_type(array, terrazzo.Array[Any])
    assert_type(zarr.open_group(store), zarr.Group)
    metadata: GroupMetadata = zarr.open_group(LocalStore("x")).metadata
    attributes: dict[str, JSON] = metadata.attributes
    buffer: Buffer = default_buffer_prototype().buffer.from_bytes(b"x")
    print(attributes, buffer, zarr.core.sync.sync(raw.exists("zarr.json")), zarr.__version__)


zarr.nothing  # type: ignore[attr-defined]
