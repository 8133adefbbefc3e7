"""The records of zip archives: what stands in front of an entry, and the table of contents at the end.

A deletion is recorded by an empty entry with an extra field of our own (``DELETED``), which no table of contents
names: whoever rebuilds the table from what is in the archive learns that the value is gone.

Specification: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.5.3.
"""

from __future__ import annotations

import errno
import io
import struct
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from typing import Self

from terrazzo.errors import ChecksumError, CorruptDataError
from terrazzo.storage.zip_file import PositionedFile, View
from terrazzo.types import BytesLike

__all__ = [
    "Entry",
    "check_crc",
    "compress",
    "decompress",
    "directory_of",
    "header_of",
    "read_directory",
    "tombstone_of",
]

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")

LARGEST_32 = 0xFFFFFFFF
MOST_ENTRIES = 0xFFFF
ENCRYPTED, OF_METHOD, WITH_DESCRIPTOR, UTF8 = 1, 6, 8, 0x800
STORED, DEFLATED = 0, 8
ZIP64, DELETED = 1, 0x7A74
"""Ids of extra fields; the second is ours."""

REGULAR_FILE = 0o100644 << 16
ON_UNIX = 3 << 8

DIRECTORY_ERRORS = (
    zipfile.BadZipFile,
    struct.error,
    ValueError,
    NotImplementedError,
    EOFError,
    OverflowError,
    IndexError,
)
"""What ``zipfile`` raises for a table of contents that is none."""


class Entry:
    """One entry of an archive.

    Attributes
    ----------
    position
        Where its header starts, in bytes from the start of the archive.
    start
        Where its data start; 0 when nobody has looked.
    """

    __slots__ = (
        "attributes",
        "comment",
        "crc",
        "extra",
        "flags",
        "method",
        "moment",
        "name",
        "position",
        "size",
        "start",
        "stored_size",
        "versions",
    )

    def __init__(
        self, name: str, method: int, crc: int, stored_size: int, size: int, position: int, start: int = 0
    ) -> None:
        self.name = name
        self.method = method
        self.crc = crc
        self.stored_size = stored_size
        self.size = size
        self.position = position
        self.start = start
        self.flags = 0 if name.isascii() else UTF8
        self.moment = _moment()
        self.attributes = (0, REGULAR_FILE)
        self.extra = b""
        self.comment = b""
        self.versions = (ON_UNIX | 45, 45)

    @classmethod
    def of_info(cls, info: zipfile.ZipInfo) -> Self:
        """As ``zipfile`` found it in a table of contents."""
        size = info.file_size
        self = cls(info.orig_filename, info.compress_type, info.CRC, info.compress_size, size, info.header_offset)
        self.flags = info.flag_bits
        year, month, day, hour, minute, second = info.date_time
        self.moment = hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
        self.attributes = info.internal_attr, info.external_attr
        self.extra = b"".join(part for number, part in fields_of(info.extra) if number != ZIP64)
        self.comment = info.comment
        self.versions = info.create_system << 8 | info.create_version, info.extract_version
        return self

    @property
    def raw_name(self) -> bytes:
        """As it stands in the archive."""
        return self.name.encode("utf-8" if self.flags & UTF8 else "cp437")

    @property
    def end(self) -> int:
        """Where the data end, for an entry that was looked at."""
        return self.start + self.stored_size

    def find_data(self, file: PositionedFile) -> int:
        """Where the data start.

        Raises
        ------
        CorruptDataError
            There is another entry, or none.
        """
        if not self.start:
            head = file.read_at(self.position, LOCAL.size)
            if len(head) < LOCAL.size or head[:4] != b"PK\3\4":
                raise CorruptDataError(f"no entry starts at byte {self.position}")
            fields = LOCAL.unpack(head)
            name_size, extra_size = fields[-2:]
            name = file.read_at(self.position + LOCAL.size, name_size)
            if name != self.raw_name:
                raise CorruptDataError(f"the entry at byte {self.position} has another name, {name[:200]!r}")
            self.start = self.position + LOCAL.size + name_size + extra_size
        return self.start


def _moment() -> tuple[int, int]:
    """The time and the date as zip archives count them: in steps of two seconds, from 1980 on."""
    now = time.localtime()
    if now.tm_year < 1980:  # the clock was never set
        return 0, 1 << 5 | 1
    return now.tm_hour << 11 | now.tm_min << 5 | now.tm_sec // 2, (
        now.tm_year - 1980
    ) << 9 | now.tm_mon << 5 | now.tm_mday


def fields_of(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The extra fields: the id of each, and all its bytes. What is no field is left out."""
    while len(extra) >= 4:
        number, size = struct.unpack_from("<2H", extra)
        if len(extra) < 4 + size:
            return
        yield number, extra[: 4 + size]
        extra = extra[4 + size :]


def header_of(entry: Entry, extra: bytes = b"") -> bytes:
    """What stands in front of the data of an entry."""
    sizes = entry.stored_size, entry.size
    if max(sizes) >= LARGEST_32:
        extra += struct.pack("<2H2Q", ZIP64, 16, entry.size, entry.stored_size)
        sizes = LARGEST_32, LARGEST_32
    name = entry.raw_name
    head = (b"PK\3\4", 45, entry.flags, entry.method, *entry.moment, entry.crc, *sizes, len(name), len(extra))
    return LOCAL.pack(*head) + name + extra


def tombstone_of(key: str) -> bytes:
    """An entry that says that a value was deleted."""
    return header_of(Entry(key, STORED, 0, 0, 0, 0), struct.pack("<2H", DELETED, 0))


def directory_of(entries: Iterable[Entry], position: int, comment: bytes) -> bytes:
    """The table of contents, to be written at a position."""
    records = []
    for entry in entries:
        numbers = [entry.size, entry.stored_size, entry.position]
        large = [number for number in numbers if number >= LARGEST_32]
        extra = struct.pack(f"<2H{len(large)}Q", ZIP64, 8 * len(large), *large) if large else b""
        extra += entry.extra
        size, stored_size, start = (min(number, LARGEST_32) for number in numbers)
        name = entry.raw_name
        flags = entry.flags, entry.method, *entry.moment, entry.crc
        lengths = len(name), len(extra), len(entry.comment), 0
        fields = (b"PK\1\2", *entry.versions, *flags, stored_size, size, *lengths, *entry.attributes, start)
        records.append(CENTRAL.pack(*fields) + name + extra + entry.comment)
    count, size = len(records), sum(map(len, records))
    if count >= MOST_ENTRIES or size >= LARGEST_32 or position >= LARGEST_32:
        fields_64 = (b"PK\6\6", END_64.size - 12, 45, 45, 0, 0, count, count, size, position)
        records.append(END_64.pack(*fields_64) + LOCATOR_64.pack(b"PK\6\7", 0, position + size, 1))
    count, size, position = min(count, MOST_ENTRIES), min(size, LARGEST_32), min(position, LARGEST_32)
    records.append(END.pack(b"PK\5\6", 0, 0, count, count, size, position, len(comment)) + comment)
    return b"".join(records)


def read_directory(file: PositionedFile) -> tuple[list[Entry], int, bytes]:
    """The entries that the table of contents names, where it starts, and the comment of the archive.

    Raises
    ------
    CorruptDataError
        There is no such table, or it cannot be read.
    """
    try:
        with zipfile.ZipFile(io.BufferedReader(View(file), 1 << 16)) as archive:
            entries = [Entry.of_info(info) for info in archive.infolist()]
            found = entries, archive.start_dir, archive.comment
    except OSError as error:
        if error.errno != errno.EINVAL:  # what is before the start of the file
            raise
        raise CorruptDataError("it is too short") from error
    except DIRECTORY_ERRORS as error:
        raise CorruptDataError(str(error) or type(error).__name__) from error
    if file.read_at(0, 4) == b"PK\3\4" and _stated_start(file, found[2]) not in (None, found[1]):
        raise CorruptDataError("what looks like its table of contents is that of an archive within it")
    return found


def _stated_start(file: PositionedFile, comment: bytes) -> int | None:
    """Where the table of contents says that it starts; None where that is hard to tell."""
    position = file.size() - END.size - len(comment)
    end = file.read_at(max(0, position), END.size)
    if len(end) < END.size or end[:4] != b"PK\5\6":
        return None
    start: int = END.unpack(end)[6]
    if start == LARGEST_32:
        end = file.read_at(max(0, position - LOCATOR_64.size - END_64.size), END_64.size)
        start = END_64.unpack(end)[-1] if end[:4] == b"PK\6\6" else -1
    return None if start < 0 else start


def compress(data: BytesLike, method: int) -> tuple[BytesLike, int]:
    """The data of an entry, and the flags that belong to the method.

    Raises
    ------
    NotImplementedError
        This Python has no such method.
    """
    if method == STORED:
        return data, 0
    if method == DEFLATED:
        deflate = zlib.compressobj(wbits=-15)
        return deflate.compress(data) + deflate.flush(), 0
    single = io.BytesIO()
    with zipfile.ZipFile(single, "w", method) as archive:
        archive.writestr("x", bytes(data))
        (info,) = archive.infolist()
    start = LOCAL.size + len(info.filename.encode()) + LOCAL.unpack_from(single.getbuffer())[-1]
    return single.getvalue()[start : start + info.compress_size], info.flag_bits & OF_METHOD


def decompress(data: bytes, entry: Entry, end: int) -> bytes:
    """The first `end` bytes of the value of an entry, and all of it if that is its size.

    Raises
    ------
    CorruptDataError
        The data cannot be decompressed, are encrypted, or have another size or checksum than the entry says.
    """
    if entry.flags & ENCRYPTED:
        raise CorruptDataError("it is encrypted")
    try:
        value = _inflate(data, end) if entry.method == DEFLATED else _by_zipfile(data, entry, end)
    except (zlib.error, *DIRECTORY_ERRORS) as error:
        raise CorruptDataError(str(error), stage="zip") from error
    if len(value) != end:
        raise CorruptDataError(f"it has {len(value)} bytes where {end} were expected", stage="size")
    return value


def _inflate(data: bytes, end: int) -> bytes:
    inflate = zlib.decompressobj(wbits=-15)
    return inflate.decompress(data, end) if end else b""


def _by_zipfile(data: bytes, entry: Entry, end: int) -> bytes:
    """By an archive in memory that has only this entry: ``zipfile`` knows all the methods."""
    alone = Entry("x", entry.method, entry.crc, len(data), entry.size, 0)
    alone.flags = entry.flags & OF_METHOD
    head = header_of(alone)
    archive = io.BytesIO(head + data + directory_of([alone], len(head) + len(data), b""))
    with zipfile.ZipFile(archive) as opened, opened.open("x") as value:
        return value.read(end)


def check_crc(value: BytesLike, entry: Entry) -> None:
    """Compare with the checksum of the entry.

    Raises
    ------
    ChecksumError
        It is another one.
    """
    found = zlib.crc32(value)
    if found != entry.crc:
        raise ChecksumError(f"its crc32 is {found:#010x}, and the archive says {entry.crc:#010x}", stage="crc32")
