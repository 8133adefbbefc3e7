"""The contract of an object that is stored as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from typing_extensions import Self

from terrazzo.types import JSON

__all__ = ["Metadata"]


@dataclass(frozen=True)
class Metadata:
    """A frozen dataclass that turns into a JSON object and back; by default member by member."""

    def to_dict(self) -> dict[str, JSON]:
        """As a JSON object."""
        members: dict[str, JSON] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Metadata):
                members[field.name] = value.to_dict()
            elif isinstance(value, tuple):
                members[field.name] = [item.to_dict() if isinstance(item, Metadata) else item for item in value]
            else:
                members[field.name] = value
        return members

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """From a JSON object."""
        return cls(**data)
