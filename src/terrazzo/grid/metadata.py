"""What a metadata document says about a chunk grid: the contract of all kinds, and the reading of their JSON.

Specification: Zarr v3.1 "Chunk grids", "Extension definition".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.grid.base import ChunkGrid
from terrazzo.types import JSON

__all__ = ["EXTENSION", "ChunkGridMetadata", "check_members", "parse_configuration", "parse_lengths"]

EXTENSION = ("name", "configuration", "must_understand")
"""Members of an object that names an extension."""


class ChunkGridMetadata(ABC):
    """A chunk grid as documents name it, without the shape of an array.

    Attributes
    ----------
    name
        Its name in documents.
    lengths_member
        Member of the configuration that says the chunk lengths, for messages.
    is_regular
        Whether it promises one chunk shape for all chunks.
    """

    name: ClassVar[str]
    lengths_member: ClassVar[str]
    is_regular: ClassVar[bool]

    @property
    @abstractmethod
    def ndim(self) -> int:
        """Number of dimensions."""

    @property
    @abstractmethod
    def first_chunk_shape(self) -> tuple[int, ...]:
        """Stored shape of the first chunk, in elements."""

    @abstractmethod
    def distinct_lengths(self, axis: int) -> frozenset[int]:
        """All stored chunk lengths that are declared along an axis: what is cut further must divide each of them."""

    @abstractmethod
    def fitted(self, shape: tuple[int, ...]) -> Self:
        """The same for an array of a given shape, once it is known to fit.

        Raises
        ------
        MetadataValidationError
            It cannot cut such an array; the field is a path from the top of the document.
        """

    @abstractmethod
    def grid_for(self, shape: tuple[int, ...]) -> ChunkGrid:
        """The grid of an array of this shape; raises as `fitted` does."""

    @abstractmethod
    def update_shape(
        self, old_shape: tuple[int, ...], new_shape: tuple[int, ...], unit: tuple[int, ...] | None = None
    ) -> Self:
        """The grid that an array has after it is resized: chunks stay where they are.

        Parameters
        ----------
        unit
            What must divide the length of a new chunk along each axis; anything by default.
        """

    @abstractmethod
    def to_dict(self) -> dict[str, JSON]:
        """The member ``chunk_grid`` of a document."""

    @classmethod
    @abstractmethod
    def from_configuration(cls, configuration: Mapping[str, Any]) -> Self:
        """Read the configuration. Fields of errors are relative to ``chunk_grid``."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read the member ``chunk_grid`` of a document.

        Raises
        ------
        MetadataValidationError
            It is malformed, or of another kind. The field is relative to ``chunk_grid``.
        """
        name, configuration = parse_configuration(data)
        if name != cls.name:
            raise MetadataValidationError(f"expected {cls.name!r}, got {quote(name)}", field="name")
        return cls.from_configuration(configuration)


def parse_configuration(data: object) -> tuple[str, dict[str, Any]]:
    """Name and configuration of a chunk grid.

    Raises
    ------
    MetadataValidationError
        It is malformed. The field is relative to ``chunk_grid``.
    """
    if not isinstance(data, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(data)}")
    check_members(data, *EXTENSION)
    name, configuration = data.get("name"), data.get("configuration", {})
    if not isinstance(name, str):
        raise MetadataValidationError(f"expected text, got {quote(name)}", field="name")
    if not isinstance(configuration, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(configuration)}", field="configuration")
    return name, {str(member): value for member, value in configuration.items()}


def check_members(data: Mapping[str, Any], *known: str) -> None:
    """Refuse an object with a member that is not known: it may change what the others mean.

    Raises
    ------
    MetadataValidationError
        It has one; ``field`` names it.
    """
    for member in data:
        if member not in known:
            raise MetadataValidationError("this member is not known", field=str(member))


def parse_lengths(data: object) -> tuple[int, ...]:
    """Read a list of axis lengths from a document: integers in [0, 2^63) and nothing that only looks like one."""
    if not isinstance(data, (list, tuple)):
        raise MetadataValidationError(f"expected a list of integers, got {quote(data)}")
    for position, length in enumerate(data):
        if isinstance(length, bool) or not isinstance(length, int):
            raise MetadataValidationError(f"expected an integer, got {quote(length)}", field=f"[{position}]")
        if not 0 <= length < 1 << 63:
            raise MetadataValidationError(f"{quote(length)} is outside [0, 2^63)", field=f"[{position}]")
    return tuple(data)
