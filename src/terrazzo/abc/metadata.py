"""The contract of an object that is stored as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, TypeVar

from terrazzo.errors import MetadataValidationError, quote
from terrazzo.types import JSON

__all__ = ["Metadata", "configuration_of", "from_configuration", "parse_named"]

M = TypeVar("M")


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


def parse_named(data: object) -> tuple[str, dict[str, Any]]:
    """Read an extension: its name, and its configuration where it has one.

    Both spellings of the specification are read: an object, and the bare name of an extension without configuration.

    Raises
    ------
    MetadataValidationError
        It is neither.

    Specification: Zarr v3.1 "Extension definition".
    """
    if isinstance(data, str):
        return data, {}
    if not isinstance(data, Mapping):
        raise MetadataValidationError(f"expected a name or an object, got {quote(data)}")
    name, configuration = data.get("name"), data.get("configuration")
    if not isinstance(name, str):
        problem = "this member is required" if name is None else f"expected text, got {quote(name)}"
        raise MetadataValidationError(problem, field="name")
    if configuration is None:
        configuration = {}
    if not isinstance(configuration, Mapping):
        raise MetadataValidationError(f"expected an object, got {quote(configuration)}", field="configuration")
    for member in data:
        if member not in ("name", "configuration", "must_understand"):
            raise MetadataValidationError("this member is not known", field=str(member))
    return name, dict(configuration)


def configuration_of(data: object, *names: str, known: Iterable[str] = ()) -> dict[str, Any]:
    """Read the configuration of an extension that must have one of `names` and no member beside `known`."""
    name, configuration = parse_named(data)
    if name not in names:
        raise MetadataValidationError(f"expected {names[0]!r}, got {quote(name)}", field="name")
    for member in configuration:
        if member not in known:
            raise MetadataValidationError(f"{names[0]!r} has no such member", field=f"configuration.{member}")
    return configuration


def from_configuration(cls: type[M], data: object, *names: str, known: Iterable[str] = ()) -> M:
    """Construct a class with the configuration of an extension as keyword arguments."""
    configuration = configuration_of(data, *names, known=known)
    try:
        return cls(**configuration)
    except MetadataValidationError as error:
        raise error.within("configuration") from None
