"""Compressed streams made byte by byte, and what is shared by tests of faults.

No codec of terrazzo is used: a damaged stream that the code under test has made itself would prove little.
"""

from __future__ import annotations

import gzip
import zlib
from typing import Any

ZSTD_MAGIC = bytes.fromhex("28b52ffd")
RAW, RLE = 0, 1


def zstd_block(kind: int, size: int, content: bytes, *, last: bool) -> bytes:
    """One block: `content` as it is, or one byte repeated `size` times."""
    return (int(last) | kind << 1 | size << 3).to_bytes(3, "little") + content


def zstd_frame(*blocks: tuple[int, int, bytes], content_size: int | None, window_log: int = 17) -> bytes:
    """A frame of raw and repeating blocks, that declares its decoded size or none.

    Specification: RFC 8878, section 3.1.1.
    """
    if content_size is None:
        header = b"\x00" + bytes([(window_log - 10) << 3])
    else:
        header = b"\xe0" + content_size.to_bytes(8, "little")
    encoded = [
        zstd_block(kind, size, content, last=position == len(blocks) - 1)
        for position, (kind, size, content) in enumerate(blocks)
    ]
    return ZSTD_MAGIC + header + b"".join(encoded)


def zstd_raw(data: bytes, content_size: int | None = -1) -> bytes:
    """`data` in one raw block; by default the frame declares the size that it has."""
    return zstd_frame((RAW, len(data), data), content_size=len(data) if content_size == -1 else content_size)


def gzip_stored(data: bytes) -> bytes:
    """`data` in a member of stored blocks."""
    return gzip.compress(data, compresslevel=0, mtime=0)


def gzip_packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def gzip_zeros(size: int) -> bytes:
    """A member of so many zero bytes, a multiple of a MiB, made without having them in memory."""
    piece = bytes(1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)  # each piece is packed alike
    crc = 0
    for _ in range(size >> 20):
        crc = zlib.crc32(piece, crc)
    header = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    trailer = crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    return header + block * (size >> 20) + b"\x03\x00" + trailer


def zstd_zeros(size: int, content_size: int | None = None) -> bytes:
    """A frame of so many zero bytes, a multiple of 128 KiB, in four bytes for each 128 KiB."""
    return zstd_frame(*[(RLE, 1 << 17, b"\0")] * (size >> 17), content_size=content_size)


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def with_crc32c(data: bytes) -> bytes:
    return data + crc32c(data).to_bytes(4, "little")


def text_of(error: BaseException) -> str:
    """Everything that an error says: its message and its notes."""
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


CODECS: dict[str, Any] = {
    "bytes": [{"name": "bytes", "configuration": {"endian": "little"}}],
    "gzip": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 5}}],
    "zstd": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}],
    "blosc": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "blosc"}],
    "crc32c": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}],
}
