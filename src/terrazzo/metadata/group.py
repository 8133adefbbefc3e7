"""The ``zarr.json`` of a group.

Specification: Zarr v3.1 "Group metadata".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from terrazzo.abc.metadata import Metadata
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.metadata.array_v3 import parse_attributes, parse_extra_fields, parse_node_type, parse_zarr_format
from terrazzo.metadata.json import dump_document
from terrazzo.settings import current_options
from terrazzo.types import JSON, ZarrFormat

__all__ = ["GroupMetadata"]

KNOWN = ("zarr_format", "node_type", "attributes", "consolidated_metadata")


@dataclass(frozen=True)
class GroupMetadata(Metadata):
    """What is stored about a group.

    Attributes
    ----------
    consolidated_metadata
        The copy of the documents below that some writers keep here, as it was read. It is kept and not used: every
        document is read where it is.
    extra_fields
        Members that the specification does not know, each with ``"must_understand": false``.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    zarr_format: ZarrFormat = 3
    consolidated_metadata: Any = None
    node_type: Literal["group"] = field(default="group", init=False)
    extra_fields: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "attributes", dict(self.attributes or {}))
        object.__setattr__(self, "extra_fields", dict(self.extra_fields or {}))
        if self.zarr_format != 3:
            raise MetadataValidationError(
                f"got {quote(self.zarr_format)}; only format 3 is supported", field="zarr_format"
            )

    def update_attributes(self, attributes: Mapping[str, Any]) -> Self:
        """The same with other attributes."""
        return replace(self, attributes=dict(attributes))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read a document.

        Raises
        ------
        NodeTypeValidationError
            It is not that of a group.
        MetadataValidationError
            It contradicts the specification; ``field`` says where.
        """
        parse_zarr_format(data)
        parse_node_type(data, "group")
        return cls(
            attributes=parse_attributes(data),
            consolidated_metadata=data.get("consolidated_metadata"),
            extra_fields=parse_extra_fields(data, KNOWN),
        )

    def to_dict(self) -> dict[str, JSON]:
        """The members of the document, in the order in which they are written."""
        document: dict[str, JSON] = {"attributes": self.attributes, "zarr_format": self.zarr_format}
        if self.consolidated_metadata is not None:
            document["consolidated_metadata"] = self.consolidated_metadata
        return document | {"node_type": self.node_type} | self.extra_fields

    def to_buffer_dict(self, prototype: BufferPrototype) -> dict[str, Buffer]:
        """The document by its key, relative to the group."""
        text = dump_document(self.to_dict(), current_options().json_indent)
        return {"zarr.json": prototype.buffer.from_bytes(text)}
