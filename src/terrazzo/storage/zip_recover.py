"""Finding the entries of an archive whose table of contents is missing.

Every entry starts with a header that says its name, its size and its checksum. They are read one after the other; the
last one of a name counts. The walk ends where no entry starts: nothing is searched for, since what looks like an entry
further on may be a part of a value.
"""

from __future__ import annotations

import struct
import zlib

from terrazzo.errors import CorruptDataError
from terrazzo.storage.zip_file import PositionedFile
from terrazzo.storage.zip_format import (
    DEFLATED,
    DELETED,
    LARGEST_32,
    LOCAL,
    UTF8,
    WITH_DESCRIPTOR,
    ZIP64,
    Entry,
    check_crc,
    decompress,
    fields_of,
)

__all__ = ["find_entries"]

PIECE = 1 << 20


def find_entries(file: PositionedFile) -> tuple[list[Entry], int, dict[str, str], bool]:
    """Walk through an archive.

    Returns
    -------
    list of Entry
        Those that are whole, one a name.
    int
        Where the walk ended, in bytes: what follows is no entry.
    dict
        What was lost: names, and why.
    bool
        Whether what follows is what a writer leaves that was stopped; else the archive is damaged, or none.
    """
    found: dict[str, Entry] = {}
    lost: dict[str, str] = {}
    position, end, is_torn = 0, file.size(), True
    while position < end:
        head = file.read_at(position, LOCAL.size)
        if len(head) < LOCAL.size or head[:4] != b"PK\3\4":
            is_torn = _is_torn(file, position, head)
            break
        entry, is_deletion = _entry_at(file, position, head)
        try:
            if entry.flags & WITH_DESCRIPTOR:
                _measure(file, entry, end)
            elif entry.end > end:
                raise CorruptDataError(f"{entry.end - end} of its bytes are missing", stage="size")
            check_entry(file, entry)
        except CorruptDataError as error:
            lost[entry.name] = str(error)
            if entry.flags & WITH_DESCRIPTOR or entry.end > end:
                is_torn = error.stage == "size"
                break
        else:
            found.pop(entry.name, None)
            lost.pop(entry.name, None)
            if not is_deletion:
                found[entry.name] = entry
        position = entry.end + _descriptor_size(file, entry)
    return list(found.values()), min(position, end), lost, is_torn


def _is_torn(file: PositionedFile, position: int, head: bytes) -> bool:
    """Whether what stands where an entry should start is what a stop leaves: less than its header, a part of a table of
    contents, or the nothing of a file that had grown before its data came.
    """
    if not position:
        return False
    if len(head) < LOCAL.size or head[:4] == b"PK\1\2":
        return True
    return not any(any(file.read_at(start, PIECE)) for start in range(position, file.size(), PIECE))


def check_entry(file: PositionedFile, entry: Entry) -> None:
    """Read an entry, and compare its checksum.

    Raises
    ------
    CorruptDataError
        It is not what the header says.
    """
    if entry.method:
        check_crc(decompress(file.read_at(entry.start, entry.stored_size), entry, entry.size), entry)
        return
    crc = 0
    for start in range(entry.start, entry.end, PIECE):
        crc = zlib.crc32(file.read_at(start, min(PIECE, entry.end - start)), crc)
    if crc != entry.crc:
        raise CorruptDataError(f"its crc32 is {crc:#010x}, and its header says {entry.crc:#010x}", stage="crc32")


def _entry_at(file: PositionedFile, position: int, head: bytes) -> tuple[Entry, bool]:
    _, _, flags, method, hour, day, crc, stored_size, size, name_size, extra_size = LOCAL.unpack(head)
    rest = file.read_at(position + LOCAL.size, name_size + extra_size)
    name = rest[:name_size].decode("utf-8" if flags & UTF8 else "cp437", "replace")
    extra = dict(fields_of(rest[name_size:]))
    if size == LARGEST_32 and len(extra.get(ZIP64, b"")) >= 20:
        size, stored_size = struct.unpack_from("<2Q", extra[ZIP64], 4)
    entry = Entry(name, method, crc, stored_size, size, position, position + LOCAL.size + name_size + extra_size)
    entry.flags, entry.moment = flags, (hour, day)
    return entry, DELETED in extra


def _measure(file: PositionedFile, entry: Entry, end: int) -> None:
    """Find the sizes of an entry that has them behind its data, by decompressing it."""
    if entry.method != DEFLATED:
        raise CorruptDataError("its size stands behind its data")
    inflate = zlib.decompressobj(wbits=-15)
    position, size = entry.start, 0
    try:
        while not inflate.eof and position < end:
            data = file.read_at(position, PIECE)
            position += len(data)
            while data:
                size += len(inflate.decompress(data, PIECE))
                data = inflate.unconsumed_tail
    except zlib.error as error:
        raise CorruptDataError(str(error)) from error
    if not inflate.eof:
        raise CorruptDataError("its end is missing", stage="size")
    entry.size, entry.stored_size = size, position - len(inflate.unused_data) - entry.start
    descriptor = file.read_at(entry.end, 8).removeprefix(b"PK\7\x08")
    (entry.crc,) = struct.unpack_from("<L", descriptor.ljust(4, b"\0"))


def _descriptor_size(file: PositionedFile, entry: Entry) -> int:
    """Bytes that stand behind the data of an entry: the sizes, with or without a signature, in four bytes or eight."""
    if not entry.flags & WITH_DESCRIPTOR:
        return 0
    data = file.read_at(entry.end, 28)
    signature = 4 if data[:4] == b"PK\7\x08" else 0
    for size in (12, 20):
        if data[signature + size :][:2] == b"PK":
            return signature + size
    return signature + 12
