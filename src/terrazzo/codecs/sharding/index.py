"""The index of a shard: where each subchunk is.

An array of uint64 of the shape of the grid of subchunks and a last axis of two: offset from the first byte of the
shard, and number of bytes. Both words all ones: the subchunk is absent, and reads as the fill value.

Nothing in an index is believed: what it says is checked before a byte is asked for or memory is taken.

Specification: sharding_indexed v1.0, "Binary shard format".
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from terrazzo.errors import ShardIndexError

__all__ = ["ABSENT", "ShardIndex"]

ABSENT = -1
"""All ones, as a signed word; so whatever else is negative is beyond every file."""


class ShardIndex:
    """Offset and length of every subchunk, counted in C order.

    Parameters
    ----------
    words
        Of shape (subchunks, 2), signed words.

    Attributes
    ----------
    offsets, lengths
        In bytes; ``ABSENT`` in both where there is no subchunk.
    """

    __slots__ = ("lengths", "offsets", "words")

    def __init__(self, words: npt.NDArray[np.int64]) -> None:
        self.words = words
        self.offsets = words[:, 0]
        self.lengths = words[:, 1]

    @classmethod
    def empty(cls, count: int) -> ShardIndex:
        """An index of a shard without subchunks."""
        return cls(np.full((count, 2), ABSENT, dtype=np.int64))

    @classmethod
    def from_array(cls, array: npt.NDArray[Any]) -> ShardIndex:
        """Take an index as its codecs give it."""
        words = np.ascontiguousarray(array, dtype=np.uint64).view(np.int64)
        return cls(words.reshape(-1, 2))

    def to_array(self, grid: tuple[int, ...]) -> npt.NDArray[np.uint64]:
        """The index as its codecs take it."""
        return self.words.view(np.uint64).reshape(*grid, 2)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self.words.nbytes

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """Which subchunks there are."""
        present: npt.NDArray[np.bool_] = self.lengths != ABSENT
        return present

    def is_doubtful(self, most: int) -> bool:
        """Whether a subchunk has more bytes than an encoded one can be thought to have, or none."""
        return bool(((self.lengths > most) | (self.lengths == 0)).any())

    def check(self, grid: tuple[int, ...], size: int | None) -> None:
        """Refuse entries that cannot be true.

        Parameters
        ----------
        size
            Bytes of the shard; None where they are not known.

        Raises
        ------
        ShardIndexError
            An entry has one word of a missing subchunk, or points outside the shard.
        """
        offsets, lengths = self.offsets, self.lengths
        end = np.int64(np.iinfo(np.int64).max if size is None else size)
        wrong = (offsets < 0) | (lengths < 0) | (lengths > end) | (offsets > end - lengths)
        wrong &= (offsets != ABSENT) | (lengths != ABSENT)
        if wrong.any():
            raise self.error(int(wrong.argmax()), grid, size)

    def error(self, entry: int, grid: tuple[int, ...], size: int | None) -> ShardIndexError:
        """What is wrong with an entry."""
        offset, length = (int(word) for word in self.words[entry].view(np.uint64))
        coords = tuple(map(int, np.unravel_index(entry, grid))) if grid else ()
        if (offset == (1 << 64) - 1) != (length == (1 << 64) - 1):
            problem = "says that the subchunk is missing in one of its two words only"
        elif size is None:
            problem = "cannot be true"
        else:
            problem = f"lies outside the shard, which has {size} bytes"
        error = ShardIndexError(
            f"entry {entry} of the shard index, for subchunk {coords}, {problem}: offset {offset}, {length} bytes",
            stage="index",
            inner_coords=coords,
        )
        error.entry = entry
        return error
