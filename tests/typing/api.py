"""What type checkers say of code that uses terrazzo: checked by mypy and pyright, never run."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, Literal, assert_type

import numpy as np
import numpy.typing as npt

import terrazzo
from terrazzo import Array, AsyncArray, AsyncGroup, Group
from terrazzo.abc.codec import ArrayBytesCodec, BytesBytesCodec
from terrazzo.abc.store import ByteRequest, Store, SyncByteSetter
from terrazzo.api import asynchronous
from terrazzo.buffer import Buffer, BufferPrototype, NDBuffer, cpu, default_buffer_prototype, gpu
from terrazzo.codecs import BloscCodec, BytesCodec, Crc32cCodec, GzipCodec, TransposeCodec, ZstdCodec
from terrazzo.dtype import ZDType, parse_dtype
from terrazzo.errors import BaseZarrError, CorruptDataError, MetadataValidationError
from terrazzo.metadata import ArrayV2Metadata, ArrayV3Metadata, GroupMetadata
from terrazzo.nodes.accessors import AsyncBlockIndex, AsyncOIndex, AsyncVIndex, BlockIndex, OIndex, VIndex
from terrazzo.nodes.attributes import Attributes
from terrazzo.nodes.report import ArrayInfo, GroupInfo
from terrazzo.nodes.transfer import Copied
from terrazzo.nodes.tree import TreeRepr
from terrazzo.nodes.verification.findings import Verification
from terrazzo.spec import ArrayConfig
from terrazzo.storage import LocalStore, MemoryStore, StorePath, WrapperStore
from terrazzo.types import JSON, AnyArray, ArrayV2, AsyncArrayV3, ZarrFormat

# -- functions


def creating(store: Store, data: npt.NDArray[np.float32]) -> None:
    """Every function says which node it gives."""
    assert_type(terrazzo.create_array(store, name="a", shape=(4, 6), chunks=(2, 3), dtype="int16"), Array[Any])
    assert_type(
        terrazzo.create_array(None, data=data, compressors=[GzipCodec(level=1), {"name": "crc32c"}]), Array[Any]
    )
    assert_type(terrazzo.create_array({}, shape=4, dtype=np.float32, chunks="auto", filters=None), Array[Any])
    assert_type(terrazzo.create_array("folder", shape=[4], dtype=data.dtype, serializer=BytesCodec()), Array[Any])
    assert_type(terrazzo.create_array(Path("folder"), data=[1, 2], config={"order": "F"}), Array[Any])
    assert_type(terrazzo.create((4,), dtype=float, codecs=[BytesCodec()], store=store, mode="w"), Array[Any])
    assert_type(terrazzo.array([1, 2, 3], chunks=2), Array[Any])
    assert_type(terrazzo.empty((4, 6)), Array[Any])
    assert_type(terrazzo.zeros(4, dtype="i4"), Array[Any])
    assert_type(terrazzo.ones([4, 6]), Array[Any])
    assert_type(terrazzo.full((4,), 7), Array[Any])
    for like in (terrazzo.empty_like, terrazzo.zeros_like, terrazzo.ones_like, terrazzo.full_like):
        assert_type(like(data, fill_value=1), Array[Any])
    assert_type(terrazzo.create_group(store, path="g", attributes={"a": [1, None]}), Group)
    assert_type(terrazzo.group(store), Group)


def opening(store: Store) -> None:
    """What is opened by name of its kind is of that kind; otherwise it is one of two."""
    assert_type(terrazzo.open_array(store, path="a", mode="r+", config=ArrayConfig("F", False)), Array[Any])
    assert_type(terrazzo.open_like(np.zeros(2), "a", store=store), Array[Any])
    assert_type(terrazzo.open_group(StorePath(store, "g"), mode="r"), Group)
    node = terrazzo.open(store, mode="a")
    assert_type(node, Array[Any] | Group)
    assert_type(terrazzo.open(store, shape=(4,), dtype="i4"), Array[Any])
    if isinstance(node, Group):
        assert_type(node, Group)
    assert_type(terrazzo.save(store, [1], name=[2]), None)
    assert_type(terrazzo.save_array(store, [1], mode="w"), None)
    assert_type(terrazzo.save_group(store, [1], name=[2]), None)
    assert_type(terrazzo.load(store, path="a"), Any)


async def awaiting(store: Store) -> None:
    """The asynchronous functions give the asynchronous nodes."""
    assert_type(await asynchronous.create_array(store, shape=(4,), dtype="i4"), AsyncArray[Any])
    assert_type(await asynchronous.open_array(store), AsyncArray[Any])
    assert_type(await asynchronous.create_group(store), AsyncGroup)
    assert_type(await asynchronous.open_group(store), AsyncGroup)
    assert_type(await asynchronous.open(store), AsyncArray[Any] | AsyncGroup)
    assert_type(await asynchronous.open(store, mode="w", shape=4, dtype="i4"), AsyncArray[Any])
    assert_type(await asynchronous.zeros((4,)), AsyncArray[Any])
    assert_type(await asynchronous.save(store, [1]), None)


# -- arrays


def using_an_array(array: Array[ArrayV3Metadata], out: NDBuffer) -> None:
    """Properties and methods of an array."""
    assert_type(array.shape, tuple[int, ...])
    assert_type(array.ndim, int)
    assert_type(array.size, int)
    assert_type(array.nbytes, int)
    assert_type(array.dtype, np.dtype[Any])
    assert_type(array.chunks, tuple[int, ...])
    assert_type(array.shards, tuple[int, ...] | None)
    assert_type(array.cdata_shape, tuple[int, ...])
    assert_type(array.nchunks, int)
    assert_type(array.nchunks_initialized, int)
    assert_type(array.read_chunk_sizes, tuple[tuple[int, ...], ...])
    assert_type(array.filters, tuple[Any, ...])
    assert_type(array.serializer, ArrayBytesCodec | None)
    assert_type(array.compressors, tuple[Any, ...])
    assert_type(array.config, ArrayConfig)
    assert_type(array.metadata, ArrayV3Metadata)
    assert_type(array.store, Store)
    assert_type(array.store_path, StorePath)
    assert_type(array.path, str)
    assert_type(array.name, str)
    assert_type(array.basename, str)
    assert_type(array.read_only, bool)
    assert_type(array.attrs, Attributes)
    assert_type(array.info, ArrayInfo)
    assert_type(array.info_complete(), ArrayInfo)
    assert_type(array.nbytes_stored(), int)
    assert_type(array.async_array, AsyncArray[ArrayV3Metadata])

    assert_type(array[1:3, ::2], Any)
    array[..., 0] = [1, 2, 3]
    assert_type(array.get_orthogonal_selection(([0, 1], slice(2))), Any)
    assert_type(array.get_coordinate_selection(([0, 1], [1, 1]), fields="a"), Any)
    assert_type(array.get_mask_selection(np.ones((4, 6), dtype=np.bool_)), Any)
    assert_type(array.get_block_selection((0, slice(1))), Any)
    assert_type(array.set_orthogonal_selection([0, 1], 5), None)
    assert_type(array.set_coordinate_selection(([0, 1], 1), [1, 2]), None)
    assert_type(array.set_mask_selection([[True, False]], 5), None)
    assert_type(array.set_block_selection(0, 5, fields=["a"]), None)
    assert_type(array.oindex, OIndex)
    assert_type(array.vindex, VIndex)
    assert_type(array.blocks, BlockIndex)
    assert_type(array.oindex[[0, 1], :], Any)
    array.vindex[[0, 1], [1, 1]] = 5
    array.blocks[0] = 5
    assert_type(array.write_units(), Iterator[tuple[slice, ...]])
    assert_type(array.read_units(), Iterator[tuple[slice, ...]])
    assert_type(array.iter_chunks(), Iterator[tuple[tuple[slice, ...], Any]])
    assert_type(array.get_basic_selection(slice(1, 3), out=out), Any)
    assert_type(array.set_basic_selection((0, ...), 5), None)
    assert_type(array.resize((4, 6)), None)
    assert_type(array.append([[1, 2]], axis=1), tuple[int, ...])
    assert_type(array.update_attributes({"a": 1}), Array[ArrayV3Metadata])
    assert_type(array.with_config({"order": "F"}), Array[ArrayV3Metadata])
    assert_type(np.asarray(array), npt.NDArray[Any])
    assert_type(iter(array), Iterator[Any])
    assert_type(Array.open("folder"), Array[Any])


async def using_an_asynchronous_array(array: AsyncArray[ArrayV3Metadata]) -> None:
    """Methods of an asynchronous array."""
    assert_type(await array.getitem((0, slice(None))), Any)
    assert_type(await array.setitem(..., 5), None)
    assert_type(await array.get_basic_selection(0), Any)
    assert_type(await array.set_basic_selection(0, 5), None)
    assert_type(await array.get_orthogonal_selection(([0, 1], slice(2))), Any)
    assert_type(await array.get_coordinate_selection((np.array([0]), 1)), Any)
    assert_type(await array.get_mask_selection([True, False], fields="a"), Any)
    assert_type(await array.get_block_selection(0), Any)
    assert_type(await array.set_orthogonal_selection([0, 1], 5), None)
    assert_type(await array.set_coordinate_selection([0, 1], 5), None)
    assert_type(await array.set_mask_selection([True, False], 5), None)
    assert_type(await array.set_block_selection(..., 5), None)
    assert_type(array.oindex, AsyncOIndex)
    assert_type(array.vindex, AsyncVIndex)
    assert_type(array.blocks, AsyncBlockIndex)
    assert_type(await array.oindex.getitem([0, 1]), Any)
    assert_type(await array.vindex.setitem([0, 1], 5), None)
    assert_type(array.iter_chunks(), AsyncGenerator[tuple[tuple[slice, ...], Any], None])
    assert_type(await array.resize(5), None)
    assert_type(await array.append(np.zeros(3)), tuple[int, ...])
    assert_type(await array.update_attributes({"a": 1}), AsyncArray[ArrayV3Metadata])
    assert_type(await array.nchunks_initialized(), int)
    assert_type(await array.nbytes_stored(), int)
    assert_type(await array.info_complete(), ArrayInfo)
    assert_type(array.with_config({"write_empty_chunks": True}), AsyncArray[ArrayV3Metadata])
    assert_type(array.inline, bool)
    assert_type(array.metadata, ArrayV3Metadata)
    assert_type(array.shape, tuple[int, ...])
    assert_type(await AsyncArray.open(MemoryStore()), AsyncArray[Any])


# -- groups


def using_a_group(group: Group, data: npt.NDArray[np.float32]) -> None:
    """Properties and methods of a group."""
    assert_type(group["x"], Array[Any] | Group)
    assert_type(group.get("x"), Array[Any] | Group | None)
    assert_type(group.get("x", 5), Array[Any] | Group | int)
    assert_type(group.get_array("x"), Array[Any])
    assert_type(group.get_group("x"), Group)
    group["y"] = data
    del group["y"]
    assert_type("x" in group, bool)
    assert_type(len(group), int)
    assert_type(iter(group), Iterator[str])
    assert_type(group.create_array("a", shape=(4,), dtype="i4", chunks=2), Array[Any])
    assert_type(group.create_group("g", overwrite=True), Group)
    assert_type(group.require_array("a", shape=(4,), dtype="i4"), Array[Any])
    assert_type(group.require_group("g"), Group)
    assert_type(group.members(max_depth=None), tuple[tuple[str, Array[Any] | Group], ...])
    assert_type(group.keys(), Iterator[str])
    assert_type(group.arrays(), Iterator[tuple[str, Array[Any]]])
    assert_type(group.array_keys(), Iterator[str])
    assert_type(group.array_values(), Iterator[Array[Any]])
    assert_type(group.groups(), Iterator[tuple[str, Group]])
    assert_type(group.group_keys(), Iterator[str])
    assert_type(group.group_values(), Iterator[Group])
    assert_type(group.items(), Iterator[tuple[str, Array[Any] | Group]])
    assert_type(group.values(), Iterator[Array[Any] | Group])
    assert_type(group.unreadable(), dict[str, BaseZarrError])
    assert_type(group.zeros(name="z", shape=(4,), dtype="i4"), Array[Any])
    assert_type(group.full_like(name="f", data=data, fill_value=1), Array[Any])
    assert_type(group.create("c", data=data), Array[Any])
    assert_type(group.require_groups("g", "h"), tuple[Group, ...])
    nodes = {"n": group.metadata}
    assert_type(group.create_hierarchy(nodes), Iterator[tuple[str, Array[Any] | Group]])
    assert_type(terrazzo.create_hierarchy(store={}, nodes=nodes), Iterator[tuple[str, Array[Any] | Group]])
    with group.attrs.batch() as attrs:
        assert_type(attrs, Attributes)
    assert_type(group.nmembers(), int)
    assert_type(group.tree(level=1), TreeRepr)
    assert_type(terrazzo.tree(group, level=1), TreeRepr)
    assert_type(terrazzo.verify(group, path="a"), Verification)
    assert_type(group.info, GroupInfo)
    assert_type(group.info_complete(), GroupInfo)
    assert_type(group.attrs, Attributes)
    assert_type(group.update_attributes({"a": 1}), Group)
    assert_type(group.metadata, GroupMetadata)
    assert_type(Group.open("folder"), Group)
    assert_type(Group.from_store(None or {}), Group)


async def using_an_asynchronous_group(group: AsyncGroup) -> None:
    """Methods of an asynchronous group."""
    assert_type(await group.getitem("x"), AsyncArray[Any] | AsyncGroup)
    assert_type(await group.get("x"), AsyncArray[Any] | AsyncGroup | None)
    assert_type(await group.get("x", 5), AsyncArray[Any] | AsyncGroup | int)
    assert_type(await group.get_array("x"), AsyncArray[Any])
    assert_type(await group.get_group("x"), AsyncGroup)
    assert_type(await group.setitem("x", [1]), None)
    assert_type(await group.delitem("x"), None)
    assert_type(await group.contains("x"), bool)
    assert_type(await group.create_array("a", data=[1]), AsyncArray[Any])
    assert_type(await group.create_group("g"), AsyncGroup)
    assert_type(await group.require_array("a", shape=4), AsyncArray[Any])
    assert_type(await group.require_group("g"), AsyncGroup)
    assert_type(await group.zeros(name="z", shape=(4,), dtype="i4"), AsyncArray[Any])
    assert_type(await group.require_groups("g", "h"), tuple[AsyncGroup, ...])
    assert_type(group.create_hierarchy({}), AsyncGenerator[tuple[str, AsyncArray[Any] | AsyncGroup], None])
    assert_type(await group.unreadable(), dict[str, BaseZarrError])
    assert_type(group.members(), AsyncGenerator[tuple[str, AsyncArray[Any] | AsyncGroup], None])
    assert_type(group.arrays(), AsyncGenerator[tuple[str, AsyncArray[Any]], None])
    assert_type(group.groups(), AsyncGenerator[tuple[str, AsyncGroup], None])
    assert_type(group.keys(), AsyncGenerator[str, None])
    assert_type(await group.nmembers(), int)
    assert_type(await group.tree(), TreeRepr)
    assert_type(await asynchronous.verify(group), Verification)
    assert_type(await group.update_attributes({"a": 1}), AsyncGroup)
    async for name, node in group.members(max_depth=None):
        assert_type(name, str)
        assert_type(node, AsyncArray[Any] | AsyncGroup)


# -- stores, buffers, codecs, data types


async def using_a_store(key: str, value: Buffer) -> None:
    """Stores give and take buffers."""
    store = LocalStore("folder", fsync=True)
    assert_type(await store.get(key, default_buffer_prototype()), Buffer | None)
    assert_type(await store.set(key, value), None)
    assert_type(await store.exists(key), bool)
    assert_type(await store.getsize(key), int)
    assert_type(store.get_sync(key), Buffer | None)
    assert_type(store.with_read_only(True), LocalStore)
    assert_type(store.sweep(), list[str])
    assert_type([key async for key in store.list_dir("")], list[str])
    assert_type(await MemoryStore.open(), MemoryStore)
    assert_type(WrapperStore(store)._store, LocalStore)
    assert_type(StorePath(store, "a") / "b", StorePath)


class UpperCaseStore(WrapperStore[MemoryStore]):
    """A wrapper that a user writes overrides one method, with the types of the contract."""

    async def get(self, key: str, prototype: BufferPrototype, byte_range: ByteRequest | None = None) -> Buffer | None:
        return await super().get(key.upper(), prototype, byte_range)


def using_codecs() -> None:
    """Codecs are values of their classes."""
    assert_type(GzipCodec(level=3).level, int)
    assert_type(ZstdCodec(checksum=True).checksum, bool)
    assert_type(TransposeCodec(order=[1, 0]).order, tuple[int, ...])
    assert_type(GzipCodec.from_dict({"name": "gzip"}), GzipCodec)
    codecs: list[BytesBytesCodec] = [GzipCodec(), ZstdCodec(), BloscCodec(cname="lz4"), Crc32cCodec()]
    assert_type(codecs[0], BytesBytesCodec)
    assert_type(parse_dtype("int16", zarr_format=3), ZDType[Any, Any])


def catching() -> None:
    """Errors have their fields."""
    try:
        terrazzo.load("folder")
    except CorruptDataError as error:
        assert_type(error.key, str | None)
        assert_type(error.chunk_coords, tuple[int, ...] | None)
        assert_type(error.stage, str)
    except MetadataValidationError as error:
        assert_type(error.field, str)


def attributes_are_a_mapping(array: Array[Any], group: Group) -> None:
    """Attributes of both kinds of nodes are one class."""
    for attrs in (array.attrs, group.attrs):
        attrs["a"] = {"b": [1, 2.5, None]}
        attrs.update(c=1)
        assert_type(attrs["a"], Any)
        assert_type(attrs.asdict(), dict[str, Any])
        settings_of(attrs)


def settings_of(settings: Mapping[str, object]) -> object:
    """Takes any mapping."""
    return settings["a"]


def aliases_stand_for_arrays(any_array: AnyArray, old: ArrayV2, new: AsyncArrayV3, form: ZarrFormat) -> None:
    """Short names of arrays by what their metadata are."""
    assert_type(any_array, Array[Any])
    assert_type(old.metadata, ArrayV2Metadata)
    assert_type(new.metadata, ArrayV3Metadata)
    assert_type(form, Literal[2, 3])


async def calling_the_contracts(store: Store, place: StorePath, prototype: BufferPrototype) -> None:
    """Stores and places are read without a coroutine, too, and several values at once."""
    assert_type(store.get_ranges_sync("a", [None], prototype=prototype), Sequence[tuple[int, Buffer | None]])
    assert_type(place.get_sync(prototype=prototype), Buffer | None)
    assert_type(await place.get_json(), JSON)
    setter: SyncByteSetter = place
    assert_type(setter.set_sync(cpu.Buffer.from_bytes(b"a")), None)
    value = setter.get_sync() or empty()
    assert_type(cpu.as_numpy_array_wrapper(lambda array: array.tobytes(), value, prototype), Buffer)


def empty() -> cpu.Buffer:
    """A buffer of a class of its own."""
    return cpu.Buffer.create_zero_length()


def choosing_buffers() -> None:
    """Settings are set for a block; buffers of a GPU are of their class."""
    with terrazzo.config.set({"array.order": "F"}), terrazzo.config.enable_gpu():
        assert_type(gpu.Buffer.from_bytes(b"a"), gpu.Buffer)
    assert_type(gpu.NDBuffer.empty((1,), "u1"), gpu.NDBuffer)


def copying(store: Store, source: Group, array: Array[Any], threads: Executor) -> None:
    """Copies say what they have done, and take nodes and whatever names a store."""
    assert_type(terrazzo.copy(source, store, name="a", if_exists="skip", chunks=(2, 3)), Copied)
    assert_type(terrazzo.copy(array, source, max_memory="1GiB", executor=threads), Copied)
    assert_type(terrazzo.copy_all("a.zarr", source, log=print, progress=True), Copied)
    assert_type(terrazzo.copy_store(Path("a.zarr"), {}, excludes=[r"\.zattrs$"], dry_run=True), Copied)
    assert_type(terrazzo.rechunk(array, store, chunks={"time": 10}, shards=None, progress=told), Copied)
    copied, skipped, nbytes = terrazzo.rechunk(array, store, compressors=GzipCodec(level=1), zarr_format=2)
    assert_type((copied, skipped, nbytes), tuple[int, int, int])
    assert_type(source.move("a", "b"), None)


async def copying_with_coroutines(source: AsyncGroup) -> None:
    """The coroutines give the same."""
    assert_type(await asynchronous.copy(source, {}, name=""), Copied)
    assert_type(await source.move("a", "/b"), None)


def told(done: int, total: int) -> None:
    """What progress is told."""
