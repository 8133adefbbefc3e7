"""The documents of a group: ``zarr.json``, or ``.zgroup`` and ``.zattrs``.

Specification: Zarr v3.1 "Group metadata"; Zarr v2 "Hierarchies".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self

from terrazzo.abc.metadata import Metadata
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import MetadataValidationError, quote
from terrazzo.metadata.array import parse_attributes
from terrazzo.metadata.array_v2 import parse_v2_format
from terrazzo.metadata.array_v3 import parse_extra_fields, parse_node_type, parse_zarr_format
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
        if isinstance(self.zarr_format, bool) or self.zarr_format not in (2, 3):
            raise MetadataValidationError(f"got {quote(self.zarr_format)}, expected 2 or 3", field="zarr_format")

    @property
    def document_key(self) -> str:
        """Key of the document that makes it a group, relative to the group."""
        return ".zgroup" if self.zarr_format == 2 else "zarr.json"

    @property
    def attributes_key(self) -> str:
        """Key of the document that holds the attributes, relative to the group."""
        return ".zattrs" if self.zarr_format == 2 else "zarr.json"

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
        if data.get("zarr_format") == 2:
            parse_v2_format(data, ".zgroup")
            return cls(attributes=parse_attributes(data), zarr_format=2)
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
        """The documents by their keys, relative to the group; the one that makes it a node comes last."""
        documents: dict[str, dict[str, JSON]] = {"zarr.json": self.to_dict()}
        if self.zarr_format == 2:
            documents = {".zattrs": self.attributes, ".zgroup": {"zarr_format": 2}}
        indent = current_options().json_indent
        return {
            key: prototype.buffer.from_bytes(dump_document(document, indent)) for key, document in documents.items()
        }
