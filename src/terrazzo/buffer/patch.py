"""New elements of a chunk, and which of its elements are new: what several writes of parts of one chunk come to.

A patch stands where the pipeline takes the elements of a part of a chunk, and is cut and rearranged as they are. Its
selection is everything: what is new is said element by element, so that subchunks that nothing was written to stay as
they are stored, and those that are written as a whole are not read.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from terrazzo.buffer import cpu
from terrazzo.buffer.base import NDBuffer

__all__ = ["Patch"]

Mask: TypeAlias = npt.NDArray[np.bool_]


class Patch:
    """New elements of a chunk.

    Attributes
    ----------
    values
        Of the shape of the chunk; what is not new has no defined content.
    new
        Which elements are new, of the same shape.
    fields
        Of elements of a structured data type that are not new as a whole: which have a new field, by its name.
    """

    __slots__ = ("fields", "new", "values")

    def __init__(self, values: NDBuffer, new: Mask, fields: dict[str, Mask]) -> None:
        self.values = values
        self.new = new
        self.fields = fields

    @classmethod
    def empty(cls, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Patch:
        """A patch in which nothing is new yet; memory is taken when it is first written to."""
        return cls(cpu.NDBuffer.empty(shape, dtype), np.zeros(shape, dtype=np.bool_), {})

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the chunk, or of the part of it."""
        return self.new.shape

    def __getitem__(self, where: tuple[Any, ...]) -> Patch:
        place = (*where, ...)
        return Patch(self.values[place], self.new[place], {name: mask[place] for name, mask in self.fields.items()})

    def reshape(self, shape: tuple[int, ...]) -> Patch:
        """The same elements under another shape."""
        if shape == self.shape:
            return self
        fields = {name: mask.reshape(shape) for name, mask in self.fields.items()}
        return Patch(self.values.reshape(shape), self.new.reshape(shape), fields)

    def transpose(self, axes: tuple[int, ...]) -> Patch:
        """The same elements with the axes in another order."""
        fields = {name: mask.transpose(axes) for name, mask in self.fields.items()}
        return Patch(self.values.transpose(axes), self.new.transpose(axes), fields)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is new."""
        return not (self.new.any() or any(mask.any() for mask in self.fields.values()))

    @property
    def is_complete(self) -> bool:
        """Whether every element is new as a whole."""
        return bool(self.new.all())

    def write(self, selection: tuple[Any, ...], part: NDBuffer, field: str | None) -> None:
        """Copy new elements, or a field of them; the last value stays where one is selected twice."""
        if field is None:
            self.values[selection] = part
            self.new[selection] = True
            return
        within = self.values.as_numpy_array()[field]
        cpu.NDBuffer(within)[selection] = part
        if field not in self.fields:
            self.fields[field] = np.zeros(self.shape, dtype=np.bool_)
        self.fields[field][selection] = True
        names = self.values.dtype.names or ()
        if len(self.fields) == len(names):  # where each field of an element is new, the element is
            self.new |= np.logical_and.reduce([self.fields[name] for name in names])

    def put_into(self, chunk: NDBuffer) -> None:
        """Copy what is new into a chunk."""
        target, values = chunk.as_numpy_array(), self.values.as_numpy_array()
        _copy(target, values, self.new)
        for name, mask in self.fields.items():
            _copy(target[name], values[name], mask)

    def forget_outside(self, inside: tuple[slice, ...]) -> None:
        """Let nothing be new outside a region."""
        for mask in (self.new, *self.fields.values()):
            kept = mask[inside].copy()
            mask[...] = False
            mask[inside] = kept

    def bounds(self) -> tuple[slice, ...]:
        """The smallest region that holds everything new."""
        new = np.logical_or.reduce([self.new, *self.fields.values()])
        return tuple(_bounds(new.any(axis=tuple(other for other in range(new.ndim) if other != axis)))
                     for axis in range(new.ndim))  # fmt: skip


def _bounds(new: Mask) -> slice:
    where = np.flatnonzero(new)
    return slice(int(where[0]), int(where[-1]) + 1, 1) if len(where) else slice(0, 0, 1)


def _copy(target: npt.NDArray[Any], values: npt.NDArray[Any], mask: Mask) -> None:
    dtype = values.dtype
    if dtype.names is not None and not dtype.hasobject:  # field by field, numpy takes many times as long
        values, target = values.view(f"V{dtype.itemsize}"), target.view(f"V{dtype.itemsize}")
    inner = values.ndim - mask.ndim  # axes of a field that is an array
    np.copyto(target, values, where=mask.reshape(mask.shape + (1,) * inner))
