"""One chunk of a grid, described."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ChunkSpec"]


@dataclass(frozen=True)
class ChunkSpec:
    """Where one chunk is, and how it is stored.

    Attributes
    ----------
    slices
        The elements of the array that it holds.
    codec_shape
        The shape at which it is stored, in elements.
    """

    slices: tuple[slice, ...]
    codec_shape: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of what it holds of the array, in elements."""
        return tuple(part.stop - part.start for part in self.slices)

    @property
    def is_boundary(self) -> bool:
        """Whether it reaches beyond the array."""
        return self.shape != self.codec_shape
