"""The codecs of ``terrazzo.codecs.vlen``, under the name of zarr-python's module."""

from __future__ import annotations

from terrazzo.codecs.vlen import VLenBytesCodec, VLenUTF8Codec

__all__ = ["VLenBytesCodec", "VLenUTF8Codec"]
