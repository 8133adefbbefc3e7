"""What the codecs of numcodecs share in Zarr v3, whatever they turn into what.

v3 name ``numcodecs.`` followed by the id; the configuration is that of numcodecs without its ``id``. The names are
zarr-python's, and in no registry of the specification. numcodecs itself is imported when data are first encoded or
decoded, so that opening an array does not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from terrazzo.abc.metadata import Metadata, parse_named
from terrazzo.abc.numcodec import Numcodec
from terrazzo.errors import BaseZarrError, MetadataValidationError, quote
from terrazzo.registry import get_numcodec
from terrazzo.spec import ArraySpec
from terrazzo.types import JSON, BytesLike

__all__ = ["PREFIX", "_NumcodecsCodec", "as_bytes", "as_elements", "make_numcodec"]

PREFIX = "numcodecs."


def make_numcodec(config: Mapping[str, Any]) -> Numcodec:
    """The object of numcodecs for a configuration with its ``id``.

    Raises
    ------
    UnknownCodecError
        There is none with this id.
    MetadataValidationError
        It refuses its configuration.
    """
    try:
        codec: Numcodec = get_numcodec(config)
    except BaseZarrError:
        raise
    except Exception as error:
        raise MetadataValidationError(
            f"{config['id']!r} does not take {quote({key: value for key, value in config.items() if key != 'id'})}: "
            f"{quote(str(error))}",
            field="configuration",
        ) from error
    return codec


@dataclass(frozen=True, init=False, repr=False)
class _NumcodecsCodec(Metadata):
    """A codec of numcodecs; a subclass says its name.

    Parameters
    ----------
    codec_config
        What numcodecs' own class takes.

    Attributes
    ----------
    codec_name
        As documents of Zarr v3 have it.
    codec_config
        As documents of Zarr v2 have it, with the ``id``.
    member
        Of a document of Zarr v2, where the codec is one; not set otherwise.
    """

    codec_name: ClassVar[str]
    codec_config: dict[str, JSON]

    def __init_subclass__(cls, *, codec_name: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if codec_name is not None:
            cls.codec_name = f"{PREFIX}{codec_name}"

    def __init__(self, **codec_config: JSON) -> None:
        own = self.codec_name.removeprefix(PREFIX)
        given = codec_config.pop("id", own)
        if given != own:
            raise MetadataValidationError(f"expected {own!r}, got {quote(given)}", field="id")
        object.__setattr__(self, "codec_config", {"id": own, **codec_config})

    @cached_property
    def _codec(self) -> Numcodec:
        return make_numcodec(self.codec_config)

    def check_usable(self) -> None:
        try:
            _ = self._codec
        except MetadataValidationError as error:
            error.field = getattr(self, "member", error.field)
            raise

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        name, configuration = parse_named(data)
        if name != cls.codec_name:
            raise MetadataValidationError(f"expected {cls.codec_name!r}, got {quote(name)}", field="name")
        return cls(**configuration)

    def to_dict(self) -> dict[str, JSON]:
        return {"name": self.codec_name, "configuration": self._members()}

    def _members(self) -> dict[str, JSON]:
        return {name: value for name, value in self.codec_config.items() if name != "id"}

    def _with_members(self, **members: JSON) -> Self:
        """The same codec with more members in its configuration."""
        return type(self)(**self._members(), **members)

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: ArraySpec) -> int:
        raise NotImplementedError(f"the size of what {self.codec_name} encodes depends on the data")

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(codec_name={self.codec_name!r}, codec_config={self._members()!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_codec"}


def as_bytes(encoded: Any) -> BytesLike:
    """The memory of whatever numcodecs returned, without a copy where it is contiguous."""
    if isinstance(encoded, np.ndarray):
        return np.ascontiguousarray(encoded).reshape(-1).view(np.uint8).data
    return memoryview(encoded).cast("B")


def as_elements(decoded: Any, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The memory of whatever numcodecs returned as elements of a data type, in one dimension."""
    if isinstance(decoded, np.ndarray):
        flat = np.ascontiguousarray(decoded).reshape(-1)
        return flat if flat.dtype == dtype else flat.view(dtype)
    return np.frombuffer(decoded, dtype=dtype)
