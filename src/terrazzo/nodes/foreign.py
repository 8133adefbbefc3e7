"""Files that are not Zarr: what replaces or deletes a node would delete everything below it, and them too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import ForeignFilesError, UnknownCodecError, context, quote
from terrazzo.grid import ChunkKeyEncoding, DefaultChunkKeyEncoding, V2ChunkKeyEncoding, parse_chunk_key_encoding
from terrazzo.metadata.json import parse_document
from terrazzo.nodes.locate import JOURNAL
from terrazzo.settings import current_options
from terrazzo.storage import StorePath

__all__ = ["require_no_foreign"]

INDEX = "(?:0|[1-9][0-9]*)"
OURS = re.compile(rf"zarr\.json|\.z(?:array|group|attrs|metadata)|c|(?:c\.)?{INDEX}(?:\.{INDEX})*|{re.escape(JOURNAL)}")
"""Last segments of the keys of documents, of chunks in the two encodings that nearly all arrays have, and of journals.
Chunks are not looked for below arrays only: of one whose creation was interrupted there is no document yet."""

NOBODYS = re.compile(r"\.DS_Store|Thumbs\.db|\.nfs.*")
"""What file systems and browsers of files leave behind. What writers leave that were killed is not listed."""


async def require_no_foreign(place: StorePath) -> None:
    """Raise if something below a place is neither a document nor a chunk, unless the settings allow to delete it.

    Raises
    ------
    ForeignFilesError
        Something is; the first such key is named.
    """
    store = place.store
    if current_options().overwrite_foreign_files or not store.supports_listing:
        return
    with context("while looking for what is not Zarr below", place.prefix, store):
        key = await _first_foreign(place)
    if key is not None:
        raise ForeignFilesError(
            f"{quote(key)} in {store} is not Zarr, and would be deleted with {place}; choose another place, or allow "
            "it with terrazzo.config.set({'overwrite.foreign_files': True})",
            key=key,
            store=str(store),
        )


async def _first_foreign(place: StorePath) -> str | None:
    async for key in place.store.list_prefix(place.prefix):
        name = key.rpartition("/")[2]
        if not (OURS.fullmatch(name) or NOBODYS.fullmatch(name) or await _is_chunk(place, key)):
            return key
    return None


async def _is_chunk(place: StorePath, key: str) -> bool:
    """Whether an array above says that a key is that of a chunk, or may be: it has an encoding of its own."""
    for prefix in _prefixes_above(key, place.prefix):
        data = await place.store.get(f"{prefix}zarr.json", numpy_buffer_prototype())
        if data is None:
            continue
        try:
            said = parse_document(data.as_buffer_like()).get("chunk_key_encoding")
            encoding = None if said is None else parse_chunk_key_encoding(said)
        except UnknownCodecError:
            return True
        except ValueError:
            return False
        return encoding is not None and _decodes(encoding, key.removeprefix(prefix))
    return False


def _prefixes_above(key: str, top: str) -> Iterator[str]:
    """What a key starts with, from the folder that it is in up to `top`."""
    while len(key) > len(top):
        key = key.rstrip("/").rpartition("/")[0]
        key = f"{key}/" if key else ""
        if len(key) >= len(top):
            yield key


def _decodes(encoding: ChunkKeyEncoding, key: str) -> bool:
    if isinstance(encoding, (DefaultChunkKeyEncoding, V2ChunkKeyEncoding)):
        return False
    try:
        encoding.decode_chunk_key(key)
    except NotImplementedError:
        return True
    except ValueError:
        return False
    return True
