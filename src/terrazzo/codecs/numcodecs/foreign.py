"""Codecs that other packages register with numcodecs, under ``numcodecs.`` and their id.

numcodecs does not say what its codecs turn into what, so the place in the chain decides. A filter may change the data
type of the elements, which one element tells, but not their number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from terrazzo.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, Codec
from terrazzo.abc.metadata import parse_named
from terrazzo.codecs.numcodecs.array_array import _NumcodecsArrayArrayCodec, as_fill_value
from terrazzo.codecs.numcodecs.array_bytes import _NumcodecsArrayBytesCodec
from terrazzo.codecs.numcodecs.base import PREFIX, _NumcodecsCodec, make_numcodec
from terrazzo.codecs.numcodecs.bytes_bytes import _NumcodecsBytesBytesCodec
from terrazzo.dtype.parse import data_type_registry
from terrazzo.errors import DataTypeValidationError
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON

__all__ = ["Foreign", "ForeignArrayArray", "ForeignArrayBytes", "ForeignBytesBytes"]


class Foreign:
    """A codec of another package, before its place in a chain is known.

    Parameters
    ----------
    codec_config
        With the ``id``.
    """

    def __init__(self, codec_config: Mapping[str, JSON]) -> None:
        self.codec_config = codec_config

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the JSON of Zarr v3.

        Raises
        ------
        UnknownCodecError
            No package has registered the codec.
        """
        name, configuration = parse_named(data)
        config = {"id": name.removeprefix(PREFIX), **configuration}
        make_numcodec(config)
        return cls(config)

    def of_kind(self, kind: type[Codec]) -> Codec:
        """The codec, as one of a kind."""
        return OF_KIND[kind](**self.codec_config)  # type: ignore[return-value] # each is a codec too


class _ForeignCodec(_NumcodecsCodec):
    """The name is that of the configuration."""

    codec_name: ClassVar[str] = PREFIX

    def __init__(self, **codec_config: JSON) -> None:
        object.__setattr__(self, "codec_name", f"{PREFIX}{codec_config['id']}")
        super().__init__(**codec_config)


class ForeignArrayArray(_ForeignCodec, _NumcodecsArrayArrayCodec):
    """A filter of another package."""

    keeps_input = False

    def resolve_metadata(self, chunk_spec: ArraySpec) -> ArraySpec:
        one = np.zeros((1,) * len(chunk_spec.shape), chunk_spec.dtype.to_native_dtype())
        try:
            encoded = np.asarray(self._codec.encode(one))
            zdtype = data_type_registry.match_dtype(encoded.dtype)
        except (TypeError, ValueError, RuntimeError, DataTypeValidationError):
            return chunk_spec  # what is wrong is told when data are encoded
        if zdtype == chunk_spec.dtype or encoded.size != 1:
            return chunk_spec
        return replace(chunk_spec, dtype=zdtype, fill_value=as_fill_value(zdtype, chunk_spec.fill_value))


class ForeignArrayBytes(_ForeignCodec, _NumcodecsArrayBytesCodec):
    """A serializer of another package."""


class ForeignBytesBytes(_ForeignCodec, _NumcodecsBytesBytesCodec):
    """A compressor of another package."""


OF_KIND: dict[Any, type[_ForeignCodec]] = {
    ArrayArrayCodec: ForeignArrayArray,
    ArrayBytesCodec: ForeignArrayBytes,
    BytesBytesCodec: ForeignBytesBytes,
}
