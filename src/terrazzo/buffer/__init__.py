"""Memory: ``cpu`` and ``gpu`` buffers, and the prototype that the settings ask for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from terrazzo.buffer import cpu
from terrazzo.buffer.base import Buffer, BufferPrototype, NDBuffer
from terrazzo.buffer.foreign import adopt_prototype
from terrazzo.registry import get_buffer_class, get_ndbuffer_class
from terrazzo.settings import current_options

if TYPE_CHECKING:
    from types import ModuleType

    from terrazzo.buffer import gpu as gpu

__all__ = ["Buffer", "BufferPrototype", "NDBuffer", "cpu", "default_buffer_prototype", "gpu"]

_prototypes: dict[tuple[str, str], BufferPrototype] = {}


def default_buffer_prototype() -> BufferPrototype:
    """The prototype that ``config["buffer"]`` and ``config["ndbuffer"]`` name."""
    options = current_options()
    names = options.buffer, options.ndbuffer
    prototype = _prototypes.get(names)
    if prototype is None:
        prototype = BufferPrototype(get_buffer_class(), get_ndbuffer_class())
        prototype = _prototypes[names] = adopt_prototype(prototype)
    return prototype


def __getattr__(name: str) -> ModuleType:
    """Import ``gpu`` when it is first named."""
    if name != "gpu":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.gpu")
