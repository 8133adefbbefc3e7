"""What is to be written later: for each stored object one patch, within a number of bytes.

Whatever is written to one object comes together in its patch, so that the object is stored once. Patches hold copies.
"""

from __future__ import annotations

import copy
import math
import sys
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from terrazzo.buffer import cpu
from terrazzo.buffer.base import NDBuffer
from terrazzo.buffer.patch import Patch
from terrazzo.indexing.projection import SelectorTuple
from terrazzo.pipeline.prepared import PreparedChain
from terrazzo.types import ChunkCoords

__all__ = ["Held", "HeldObjects", "bytes_of_objects", "has_plain_elements", "room_for"]

PLAIN_OBJECTS = frozenset({str, bytes, int, float, bool, complex, type(None)})
"""Types of elements that nobody can change."""


class Held:
    """What is new in one stored object.

    Attributes
    ----------
    chain, coords
        Of its chunk.
    patch
        The elements.
    nbytes
        What they take, with the notes of which are new.
    """

    __slots__ = ("_is_full", "_seen", "chain", "coords", "nbytes", "patch")

    def __init__(self, chain: PreparedChain, coords: ChunkCoords) -> None:
        chain.check_limit()
        self.chain = chain
        self.coords = coords
        self.patch = Patch.empty(chain.spec.shape, chain.dtype)
        self.nbytes = room_for(chain)
        self._is_full = False
        self._seen: tuple[slice, ...] | None = None  # of what the last look said whether it is full

    def write(self, selection: SelectorTuple, part: NDBuffer, field: str | None) -> int:
        """Copy new elements; how many bytes more are held for it, where elements are objects."""
        elements, more = part.as_numpy_array(), 0
        if self.chain.dtype.hasobject:
            elements = _own_objects(elements)
            more = bytes_of_objects(elements)
            self.nbytes += more
        self.patch.write(selection, cpu.NDBuffer(elements), field)
        self._seen = None
        return more

    def fills(self, inside: tuple[slice, ...]) -> bool:
        """Whether every element of a region is new."""
        if self._seen != inside:
            self._is_full = bool(self.patch.new[inside].all())
            self._seen = inside
        return self._is_full


class HeldObjects:
    """Patches by key, those last that were written to last.

    Attributes
    ----------
    total
        Bytes of all.
    """

    def __init__(self) -> None:
        self.by_key: OrderedDict[str, Held] = OrderedDict()
        self.total = 0

    def write(
        self,
        key: str,
        chain: PreparedChain,
        coords: ChunkCoords,
        selection: SelectorTuple,
        part: NDBuffer,
        field: str | None,
    ) -> None:
        """Copy new elements of a chunk."""
        held = self.by_key.get(key)
        if held is None:
            held = self.by_key[key] = Held(chain, coords)
            self.total += held.nbytes
        self.by_key.move_to_end(key)
        self.total += held.write(selection, part, field)

    def drop(self, keys: Iterable[str]) -> None:
        """Forget what is held of some objects."""
        for key in keys:
            self.total -= self.by_key.pop(key).nbytes


def room_for(chain: PreparedChain) -> int:
    """Bytes that are taken to hold a chunk."""
    return chain.size + math.prod(chain.spec.shape)


def _own_objects(elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Elements that are objects of Python, as they are now."""
    if elements.dtype.names is not None or has_plain_elements(elements):
        return elements
    own = np.empty(elements.shape, dtype=object)
    for place, element in np.ndenumerate(elements):
        own[place] = copy.deepcopy(element)
    return own


def has_plain_elements(elements: npt.NDArray[Any]) -> bool:
    """Whether nobody can change an element of an array of objects but by replacing it."""
    return elements.dtype.kind == "T" or PLAIN_OBJECTS.issuperset(map(type, elements.ravel().tolist()))


def bytes_of_objects(elements: npt.NDArray[Any]) -> int:
    """About how many bytes the objects take that an array of objects points to."""
    return sum(map(sys.getsizeof, elements.ravel().tolist())) if elements.dtype.hasobject else 0
