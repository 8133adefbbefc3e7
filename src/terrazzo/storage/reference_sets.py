"""Sets of references, as kerchunk and virtualizarr write them: which bytes of which file are the value of a key.

Specification: fsspec's "References specification", versions 0 and 1, without generated references, and its Parquet
form: ``.zmetadata`` beside ``<array>/refs.<number>.parq``.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from terrazzo.abc.key import validate_key
from terrazzo.abc.store import Store
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import InvalidKeyError, MetadataValidationError, quote
from terrazzo.runtime import SharedResults, offload
from terrazzo.storage.sorted_keys import keys_below, names_in

__all__ = ["Found", "ParquetReferences", "ReferencesInJSON", "Target", "parse_document"]

TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
LONGEST_URL = 1 << 16
RECORD_NAME = re.compile(r"refs\.(\d{1,18})\.parq")
RECORDS = 64
"""Files of references that are kept, each of some ten thousand."""
MOST_IN_RECORD = 10_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """Bytes of a file: `length` of them from `offset` on, or all where it is None."""

    url: str
    offset: int = 0
    length: int | None = None


Found: TypeAlias = bytes | Target | None


def parse_document(raw: bytes, name: str) -> Mapping[str, Any]:
    """The JSON of a document of references.

    Raises
    ------
    MetadataValidationError
        It is not JSON, or no object.
    """
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MetadataValidationError(f"the references in {quote(name)} are not JSON: {error}") from None
    if not isinstance(document, dict):
        raise MetadataValidationError(f"the references in {quote(name)} are not an object, but {quote(document)}")
    return document


class ReferencesInJSON:
    """References in one document.

    Raises
    ------
    MetadataValidationError
        It is of another version, or has generated references.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        version = document.get("version")
        if version not in (None, 1) or isinstance(version, bool):
            raise MetadataValidationError(
                f"version 1 of references was expected, got {quote(version)}", field="version"
            )
        if version == 1 and document.get("gen"):
            raise MetadataValidationError("generated references are not supported", field="gen")
        refs = document.get("refs", {}) if version == 1 else document
        templates = document.get("templates", {}) if version == 1 else {}
        if not isinstance(refs, Mapping):
            raise MetadataValidationError(f"an object was expected, got {quote(refs)}", field="refs")
        if not isinstance(templates, Mapping) or any(
            not isinstance(text, str) or "{{" in text for text in templates.values()
        ):
            raise MetadataValidationError("texts without templates in them were expected", field="templates")
        self._refs: Mapping[str, Any] = refs
        self._templates: Mapping[str, str] = templates
        self._longest = max(map(len, templates.values()), default=0)

    @cached_property
    def _keys(self) -> list[str]:
        """All keys, sorted, without those that no store may hold."""
        return sorted(filter(_is_key, self._refs))

    async def find(self, key: str) -> Found:
        """What is referred to by a key."""
        found = self._refs.get(key)
        if found is None:
            return None
        if isinstance(found, Mapping):
            return json.dumps(found).encode()
        if isinstance(found, (str, bytes)):
            return _inline(found, key)
        return _target(self._filled(found, key) if self._templates else found, key)

    def _filled(self, found: Any, key: str) -> Any:
        if not isinstance(found, (list, tuple)) or not found or not isinstance(found[0], str) or "{{" not in found[0]:
            return found
        url = found[0]
        if len(url) + url.count("{{") * self._longest > LONGEST_URL:
            raise _bad(key, "has a URL that is too long")
        try:
            return [TEMPLATE.sub(lambda name: self._templates[name[1]], url), *found[1:]]
        except KeyError as error:
            raise _bad(key, f"has a template {quote(error.args[0])}, which there is not") from None

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Keys that start with a prefix."""
        for key in keys_below(self._keys, prefix):
            yield key

    async def list_dir(self, folder: str) -> AsyncIterator[str]:
        """Names in a folder."""
        for name in names_in(self._keys, folder):
            yield name


class ParquetReferences:
    """References in a folder: documents in one file, the chunks of arrays in many, read when they are needed.

    Parameters
    ----------
    store
        Of the folder.
    documents
        What ``.zmetadata`` holds.

    Raises
    ------
    MetadataValidationError
        The documents have not the members that are needed.
    """

    def __init__(self, store: Store, documents: Mapping[str, Any]) -> None:
        self._store = store
        size = documents.get("record_size")
        if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= MOST_IN_RECORD:
            raise MetadataValidationError(
                f"a number of references was expected, got {quote(size)}", field="record_size"
            )
        metadata = documents.get("metadata")
        if not isinstance(metadata, Mapping):
            raise MetadataValidationError(f"an object was expected, got {quote(metadata)}", field="metadata")
        self._size = size
        self._documents: dict[str, Any] = {key: value for key, value in metadata.items() if _is_key(key)}
        self._documents[".zmetadata"] = {"zarr_consolidated_format": 1, "metadata": dict(self._documents)}
        self._keys = sorted(self._documents)
        self._arrays = {key.removesuffix(".zarray").rstrip("/") for key in self._keys if key.endswith(".zarray")}
        self._grids: dict[str, tuple[tuple[int, ...], str]] = {}
        self._records: SharedResults[_Record] = SharedResults(RECORDS, lambda record: 1)

    async def find(self, key: str) -> Found:
        """What is referred to by a key."""
        document = self._documents.get(key)
        if document is not None:
            return document.encode() if isinstance(document, str) else json.dumps(document).encode()
        array = self._array_around(key)
        if array is None:
            return None
        number = self._number_of(array, key.removeprefix(f"{array}/"))
        if number is None:
            return None
        record = await self._record(array, number // self._size)
        return record.find(number % self._size, key)

    def _array_around(self, key: str) -> str | None:
        folder = key
        while folder:
            folder = folder.rpartition("/")[0]
            if folder in self._arrays:
                return folder
        return None

    def _grid_of(self, array: str) -> tuple[tuple[int, ...], str]:
        """Chunks along each axis, and what stands between their numbers."""
        if array not in self._grids:
            document = self._documents[f"{array}/.zarray" if array else ".zarray"]
            document = parse_document(document.encode(), array) if isinstance(document, str) else document
            lengths: list[Any] = [
                document.get(name) if isinstance(document, Mapping) else None for name in ("shape", "chunks")
            ]
            if not all(isinstance(one, list) and all(type(n) is int and n >= 0 for n in one) for one in lengths):
                raise MetadataValidationError(f"the shape and chunks of {quote(array)} are no lists of lengths")
            shape, chunks = lengths
            if len(shape) != len(chunks) or 0 in chunks:
                raise MetadataValidationError(f"the chunks of {quote(array)} do not fit its shape")
            counts = tuple(-(-length // chunk) for length, chunk in zip(shape, chunks, strict=True))
            self._grids[array] = counts or (1,), str(document.get("dimension_separator", "."))
        return self._grids[array]

    def _number_of(self, array: str, name: str) -> int | None:
        """The position of a chunk among all of its array, in C order."""
        counts, separator = self._grid_of(array)
        coords = name.split(separator)
        if len(coords) != len(counts):
            return None
        number = 0
        for coord, count in zip(coords, counts, strict=True):
            if not re.fullmatch(r"0|[1-9][0-9]{0,17}", coord) or int(coord) >= count:
                return None
            number = number * count + int(coord)
        return number

    def _name_of(self, array: str, number: int) -> str:
        counts, separator = self._grid_of(array)
        coords = []
        for count in reversed(counts):
            number, coord = divmod(number, count)
            coords.append(str(coord))
        return separator.join(reversed(coords))

    async def _record(self, array: str, number: int) -> _Record:
        async def read() -> _Record:
            key = f"{array}/refs.{number}.parq" if array else f"refs.{number}.parq"
            value = await self._store.get(key, numpy_buffer_prototype())
            return _NO_RECORD if value is None else await offload(_parse_record, value.to_bytes(), key, self._size)

        return await self._records.get("references", (array, number), None, read)

    async def _chunks(self, array: str) -> AsyncIterator[str]:
        """Keys of the chunks of an array that are there."""
        total = math.prod(self._grid_of(array)[0])
        for number in await self._record_numbers(array, -(-total // self._size)):
            record = await self._record(array, number)
            first = number * self._size
            for row in record.rows(min(self._size, total - first)):
                name = self._name_of(array, first + row)
                yield f"{array}/{name}" if array else name

    async def _record_numbers(self, array: str, count: int) -> list[int] | range:
        if not self._store.supports_listing:
            return range(count)
        names = [name async for name in self._store.list_dir(array)]
        numbers = [int(found[1]) for found in map(RECORD_NAME.fullmatch, names) if found]
        return sorted(number for number in numbers if number < count)

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Keys that start with a prefix."""
        for key in keys_below(self._keys, prefix):
            yield key
        for array in sorted(self._arrays):
            head = f"{array}/" if array else ""
            if head.startswith(prefix) or prefix.startswith(head):
                async for key in self._chunks(array):
                    if key.startswith(prefix):
                        yield key

    async def list_dir(self, folder: str) -> AsyncIterator[str]:
        """Names in a folder; where no array is around it, no references are read."""
        seen = set()
        for name in names_in(self._keys, folder):
            seen.add(name)
            yield name
        head = f"{folder}/" if folder else ""
        array = self._array_around(f"{head}0")
        if array is None:
            return
        async for key in self._chunks(array):
            name = key.removeprefix(head).partition("/")[0]
            if key.startswith(head) and name not in seen:
                seen.add(name)
                yield name


class _Record:
    """Rows of one file of Parquet: a path with offset and size, or bytes, or nothing."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = columns
        self._length = max(map(len, columns.values()), default=0)

    def _cell(self, name: str, row: int) -> Any:
        column = self._columns.get(name)
        return None if column is None else column[row].as_py()

    def find(self, row: int, key: str) -> Found:
        """What a row refers to."""
        if row >= self._length:
            return None
        raw, path = self._cell("raw", row), self._cell("path", row)
        if raw is not None:
            return _inline(raw, key)
        if path is None:
            return None
        offset, size = self._cell("offset", row) or 0, self._cell("size", row) or 0
        return _target([path] if offset == size == 0 else [path, offset, size], key)

    def rows(self, most: int) -> Iterator[int]:
        """The rows that are references."""
        for row in range(min(self._length, most)):
            if self._cell("raw", row) is not None or self._cell("path", row) is not None:
                yield row


_NO_RECORD = _Record({})


def _parse_record(data: bytes, key: str, most: int) -> _Record:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ImportError(
            f"references in Parquet need the package 'pyarrow' ({error}); pip install 'terrazzo[references]'"
        ) from error
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        if file.metadata.num_rows > most:
            raise MetadataValidationError(f"{quote(key)} has {file.metadata.num_rows} references, more than {most}")
        names = [name for name in file.schema_arrow.names if name in ("path", "offset", "size", "raw")]
        table = file.read(columns=names)
        return _Record({name: table.column(name) for name in names})
    except (pa.ArrowException, OSError) as error:
        raise MetadataValidationError(f"the references in {quote(key)} are not Parquet: {error}") from None


def _is_key(key: object) -> bool:
    try:
        return isinstance(key, str) and bool(validate_key(key))
    except InvalidKeyError:
        return False


def _inline(found: str | bytes, key: str) -> bytes:
    """The value that a reference holds itself."""
    data = found.encode(errors="surrogatepass") if isinstance(found, str) else found
    if not data.startswith(b"base64:"):
        return data
    try:
        return base64.b64decode(data[7:], validate=True)
    except binascii.Error as error:
        raise _bad(key, f"is not base64: {error}") from None


def _target(found: Any, key: str) -> Target:
    if isinstance(found, (list, tuple)) and len(found) in (1, 3) and isinstance(found[0], str):
        if len(found) == 1:
            return Target(found[0])
        if all(type(number) is int and 0 <= number < 1 << 62 for number in found[1:]):
            return Target(*found)
    raise _bad(key, f"is neither a value nor [URL], nor [URL, offset, length]: {quote(found)}")


def _bad(key: str, what: str) -> MetadataValidationError:
    return MetadataValidationError(f"the reference {what}", key=key, field=key)
