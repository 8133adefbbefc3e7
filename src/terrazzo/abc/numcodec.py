"""The contract of a numcodecs codec, as far as terrazzo uses it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self, runtime_checkable

__all__ = ["Numcodec"]


@runtime_checkable
class Numcodec(Protocol):
    """An object that encodes and decodes memory, and names itself in a configuration with an ``id``."""

    codec_id: str

    def encode(self, buf: Any) -> Any: ...
    def decode(self, buf: Any, out: Any | None = None) -> Any: ...
    def get_config(self) -> Any: ...
    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self: ...
