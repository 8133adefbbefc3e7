"""The documents of a group: ``zarr.json``, or ``.zgroup`` and ``.zattrs``; and the copies of documents it may keep.

Specification: Zarr v3.1 "Group metadata"; Zarr v2 "Hierarchies". Consolidated metadata are a convention of
zarr-python.
"""

from __future__ import annotations

import bisect
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Self, TypeAlias

from terrazzo.abc.metadata import Metadata
from terrazzo.abc.store import validate_key
from terrazzo.buffer.base import Buffer, BufferPrototype
from terrazzo.errors import BaseZarrError, InvalidKeyError, MetadataValidationError, NodeTypeValidationError, quote
from terrazzo.metadata.array import ArrayMetadata, parse_attributes
from terrazzo.metadata.array_v2 import ArrayV2Metadata, parse_v2_format
from terrazzo.metadata.array_v3 import ArrayV3Metadata, parse_extra_fields, parse_node_type, parse_zarr_format
from terrazzo.metadata.json import dump_document
from terrazzo.settings import current_options
from terrazzo.types import JSON, ZarrFormat

__all__ = ["ConsolidatedMetadata", "GroupMetadata", "NodeMetadata", "parse_node"]

KNOWN = ("zarr_format", "node_type", "attributes", "consolidated_metadata")
V2_KEYS = (".zarray", ".zgroup", ".zattrs")


@dataclass(frozen=True)
class GroupMetadata(Metadata):
    """What is stored about a group.

    Attributes
    ----------
    consolidated_metadata
        Copies of the documents of all nodes below; None where there are none.
    extra_fields
        Members that the specification does not know, each with ``"must_understand": false``.
    """

    attributes: dict[str, Any] = field(default_factory=dict)
    zarr_format: ZarrFormat = 3
    consolidated_metadata: ConsolidatedMetadata | None = None
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

    def with_consolidated(self, consolidated: ConsolidatedMetadata | None) -> Self:
        """The same with other copies of the documents below, or none."""
        return self if consolidated is self.consolidated_metadata else replace(self, consolidated_metadata=consolidated)

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
        consolidated = data.get("consolidated_metadata")
        return cls(
            attributes=parse_attributes(data),
            consolidated_metadata=None if consolidated is None else ConsolidatedMetadata.from_dict(consolidated),
            extra_fields=parse_extra_fields(data, KNOWN),
        )

    def to_dict(self) -> dict[str, JSON]:
        """The members of the document, in the order in which they are written."""
        document: dict[str, JSON] = {"attributes": self.attributes, "zarr_format": self.zarr_format}
        if self.consolidated_metadata is not None:
            document["consolidated_metadata"] = self.consolidated_metadata.to_dict()
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


NodeMetadata: TypeAlias = ArrayMetadata | GroupMetadata


def parse_node(document: Mapping[str, Any]) -> NodeMetadata:
    """Read the members of a document: of a ``zarr.json``, or of a ``.zarray`` or ``.zgroup`` with its attributes.

    Raises
    ------
    MetadataValidationError, UnknownCodecError
        They contradict the specification, or ask for what has no implementation.
    """
    if document.get("zarr_format") == 2:
        is_array = document.get("node_type", "array" if "shape" in document else "group") == "array"
        return ArrayV2Metadata.from_dict(document) if is_array else GroupMetadata.from_dict(document)
    node_type = document.get("node_type")
    if node_type == "group":
        return GroupMetadata.from_dict(document)
    if node_type != "array" and "node_type" in document:
        raise NodeTypeValidationError(f"got {quote(node_type)}, expected 'array' or 'group'", field="node_type")
    return ArrayV3Metadata.from_dict(document)


class ConsolidatedMetadata(Mapping[str, NodeMetadata]):
    """Copies of the documents of all nodes below a group: a mapping of paths to metadata.

    Opening a group with many nodes must not cost more than what is used of it: a document is understood when its
    node is asked for.

    Parameters
    ----------
    metadata
        Metadata by path relative to the group, such as ``a/b``; nodes below a group among them may also be in its own
        copies.
    """

    kind: Literal["inline"] = "inline"
    must_understand: Literal[False] = False
    moment: int | None
    """How much this process had changed in the store when they were read; None for those of no store."""

    def __init__(
        self, metadata: Mapping[str, NodeMetadata], kind: Literal["inline"] = "inline", must_understand: bool = False
    ) -> None:
        self._documents = _flattened({path: _document_of(node) for path, node in metadata.items()})
        self.moment = None

    @classmethod
    def of_documents(cls, documents: Mapping[str, Mapping[str, Any]]) -> Self:
        """Of documents by path, each with its attributes."""
        new = cls({})
        new._documents = _flattened(documents)
        return new

    @classmethod
    def from_dict(cls, data: Any, *, path: str | None = None) -> Self:
        """Read the member ``consolidated_metadata`` of a ``zarr.json``.

        Raises
        ------
        MetadataValidationError
            It is malformed; the field is that of the whole document.
        """
        where = "consolidated_metadata"
        if not isinstance(data, Mapping):
            raise MetadataValidationError(f"expected an object, got {quote(data)}", field=where)
        if data.get("kind") != "inline":
            raise MetadataValidationError(f"got {quote(data.get('kind'))}, expected 'inline'", field=f"{where}.kind")
        documents = data.get("metadata")
        if not isinstance(documents, Mapping):
            raise MetadataValidationError(f"expected an object, got {quote(documents)}", field=f"{where}.metadata")
        for name, document in documents.items():
            if not isinstance(document, Mapping):
                raise MetadataValidationError(
                    f"expected an object, got {quote(document)}", field=f"{where}.metadata[{quote(name)}]"
                )
        return cls.of_documents(documents)._checked(f"{where}.metadata")

    @classmethod
    def from_zmetadata(cls, data: Mapping[str, Any]) -> Self:
        """Read a ``.zmetadata``, of Zarr format 2.

        Raises
        ------
        MetadataValidationError
            It is malformed.
        """
        if data.get("zarr_consolidated_format", 1) != 1:
            raise MetadataValidationError(
                f"got {quote(data['zarr_consolidated_format'])}, expected 1", field="zarr_consolidated_format"
            )
        texts = data.get("metadata")
        if not isinstance(texts, Mapping):
            raise MetadataValidationError(f"expected an object, got {quote(texts)}", field="metadata")
        documents: dict[str, dict[str, Any]] = {}
        attributes: dict[str, Any] = {}
        for key, document in texts.items():
            path, _, name = key.rpartition("/")
            where = f"metadata[{quote(key)}]"
            if name not in V2_KEYS:
                raise MetadataValidationError("expected a key that ends in .zarray, .zgroup or .zattrs", field=where)
            if not isinstance(document, Mapping):
                raise MetadataValidationError(f"expected an object, got {quote(document)}", field=where)
            if name == ".zattrs":
                attributes[path] = document
            elif name == ".zarray" or path not in documents:  # as in a store, an array counts before a group
                documents[path] = {**document, "node_type": "array" if name == ".zarray" else "group"}
        documents.pop("", None)  # the group itself is read where it is
        return cls.of_documents(
            {path: {**document, "attributes": attributes.get(path, {})} for path, document in documents.items()}
        )._checked("metadata")

    def _checked(self, where: str) -> Self:
        """The copies, whose paths no store may have taken for others: they are put together with those of nodes."""
        for path in self._documents:
            try:
                validate_key(path)
            except InvalidKeyError as error:
                raise MetadataValidationError(
                    f"{quote(path)} is not the path of a node: {error.reason}", field=f"{where}[{quote(path)}]"
                ) from error
        return self

    def to_dict(self) -> dict[str, JSON]:
        """The member ``consolidated_metadata`` of a ``zarr.json``."""
        empty = {"kind": self.kind, "must_understand": self.must_understand, "metadata": {}}
        metadata: dict[str, JSON] = {}
        for path in sorted(self._documents, key=_depth_and_name):
            document = dict(self._documents[path])
            if document.get("node_type") == "group":  # zarr-python takes a group without this for one with no members
                rest = {
                    name: document.pop(name) for name in tuple(document) if name not in ("attributes", "zarr_format")
                }
                document |= {"consolidated_metadata": empty} | rest
            metadata[path] = document
        return {"kind": self.kind, "must_understand": self.must_understand, "metadata": metadata}

    def to_zmetadata(self, root: GroupMetadata) -> dict[str, JSON]:
        """The members of a ``.zmetadata``."""
        metadata: dict[str, JSON] = {".zgroup": {"zarr_format": 2}, ".zattrs": root.attributes}
        for path in sorted(self._documents, key=_depth_and_name):
            document = dict(self._documents[path])
            metadata[f"{path}/.zattrs"] = document.pop("attributes", {})
            is_array = document.pop("node_type") == "array"
            metadata[f"{path}/{'.zarray' if is_array else '.zgroup'}"] = document if is_array else {"zarr_format": 2}
        return {"metadata": metadata, "zarr_consolidated_format": 1}

    @cached_property
    def _paths(self) -> list[str]:
        return sorted(self._documents)

    def below(self, path: str) -> ConsolidatedMetadata:
        """The copies of what is below a group among them, by paths relative to that."""
        prefix = f"{path}/"
        start, stop = bisect.bisect_left(self._paths, prefix), bisect.bisect_left(self._paths, f"{path}0")
        copies = self.of_documents({name[len(prefix) :]: self._documents[name] for name in self._paths[start:stop]})
        copies.moment = self.moment
        return copies

    def __getitem__(self, path: str) -> NodeMetadata:
        metadata = parse_node(self._documents[path])
        return metadata.with_consolidated(self.below(path)) if isinstance(metadata, GroupMetadata) else metadata

    def __contains__(self, path: object) -> bool:
        return path in self._documents

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._documents, key=_depth_and_path))

    def __len__(self) -> int:
        return len(self._documents)

    @property
    def metadata(self) -> dict[str, NodeMetadata]:
        """Metadata of the children by name; those of what is below them are in their own copies."""
        return {path: self[path] for path in self if "/" not in path}

    @property
    def flattened_metadata(self) -> dict[str, NodeMetadata]:
        """Metadata of all nodes by path."""
        return dict(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ConsolidatedMetadata) and self._documents == other._documents

    __hash__ = None  # type: ignore[assignment] # attributes are mutable

    def __repr__(self) -> str:
        try:
            metadata = repr(self.metadata)
        except BaseZarrError:  # a copy may be malformed, which is said to those who ask for it
            metadata = quote(sorted(self._documents))
        return f"ConsolidatedMetadata(metadata={metadata}, kind='inline', must_understand=False)"


def _document_of(node: NodeMetadata) -> dict[str, JSON]:
    return node.to_dict() | {"node_type": "array" if isinstance(node, ArrayMetadata) else "group"}


def _flattened(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Documents by path without a slash at its start; what is in the copies of a group among them stands beside it."""
    flat: dict[str, Mapping[str, Any]] = {}
    for name, document in documents.items():
        path = name.strip("/")
        inner = document.get("consolidated_metadata")
        if "consolidated_metadata" in document:
            document = {member: value for member, value in document.items() if member != "consolidated_metadata"}
        flat[path] = document
        nested = inner.get("metadata") if isinstance(inner, Mapping) else None
        if isinstance(nested, Mapping):
            below = {child: item for child, item in nested.items() if isinstance(item, Mapping)}
            for child, item in _flattened(below).items():
                flat.setdefault(f"{path}/{child}", item)
    return {path: document for path, document in flat.items() if path}


def _depth_and_name(path: str) -> tuple[int, str]:
    """The order in which zarr-python writes copies."""
    return path.count("/"), unicodedata.normalize("NFKC", path).casefold()


def _depth_and_path(path: str) -> tuple[int, str]:
    """The order in which members are listed."""
    return path.count("/"), path
