"""Where terrazzo fails otherwise than zarr-python, on purpose: the one table, with reasons. Every row is checked."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DIFFERENCES", "Difference"]


@dataclass(frozen=True)
class Difference:
    """Calls that end differently.

    Attributes
    ----------
    calls
        Names in ``interop.failures``, ``misuse`` and ``damage``; those of one group may be separated by commas.
    zarr, terrazzo
        Class of the error; None where the call succeeds.
    """

    calls: str
    zarr: str | None
    terrazzo: str | None
    reason: str

    @property
    def names(self) -> list[str]:
        """Names of the calls."""
        group, _, names = self.calls.partition(": ")
        return [f"{group}: {name}" for name in names.split(", ")]


MEMBER = "what is wrong in a document or configuration is named by one class, with its member"
KEY = "no key leaves its store"
DAMAGE = "bytes that are not what the metadata promise are one class, with store, key and codec"
OTHERS_REFUSE = "a parameter that other readers would refuse is refused before it is written"

DIFFERENCES = (
    Difference("values: a row for all", "IndexError", None, "what is assigned is broadcast as numpy does"),
    Difference("values: a column for all", "ValueError", None, "what is assigned is broadcast as numpy does"),
    Difference("create: chunks auto", "ValueError", None, "'auto' means in create what it means in create_array"),
    Difference(
        "stores: get beside the folder, set beside the folder, exists beside the folder, delete beside the folder, "
        "getsize beside the folder",
        None,
        "InvalidKeyError",
        KEY,
    ),
    Difference("groups: delete itself", None, "KeyError", "deleting a member never deletes the group"),
    Difference("append: axis beyond, axis before", None, "IndexError", "there is no such axis"),
    Difference("other parameters: format 4, format that is text", None, "ValueError", "there is no such format"),
    Difference("shape and data type: subarray dtype", None, "DataTypeValidationError", "an element is not an array"),
    Difference("chunks: true along an axis", None, "TypeError", "True is no length"),
    Difference(
        "codecs: blosc clevel above, blosc clevel below, blosc blocksize below zero",
        None,
        "MetadataValidationError",
        OTHERS_REFUSE,
    ),
    Difference("codecs: crc32c with a member", None, "MetadataValidationError", OTHERS_REFUSE),
    Difference("opening: load what is missing", "NotImplementedError", "GroupNotFoundError", "nothing is no group"),
    Difference("fill value: text for a float", "TypeError", "ValueError", "as Python's own float() refuses it"),
    Difference("fill value: infinity for an integer", "OverflowError", "ValueError", "as NaN, it is no integer"),
    Difference("reading: a slice of floats", "TypeError", "IndexError", "a selection that does not fit is one class"),
    Difference("writing: a slice of floats", "TypeError", "IndexError", "a selection that does not fit is one class"),
    Difference(
        "other parameters: data of unknown type",
        "AttributeError",
        "DataTypeValidationError",
        "a list is data too; its elements have no data type",
    ),
    Difference("other parameters: dimension names that are numbers", "TypeError", "MetadataValidationError", MEMBER),
    Difference("create: codecs in the wrong order", "TypeError", "MetadataValidationError", MEMBER),
    Difference("codecs: no name", "KeyError", "MetadataValidationError", MEMBER),
    Difference(
        "codecs: gzip level that is a float, gzip level that is text, gzip with an unknown member, "
        "zstd checksum that is text, zstd level that is text, blosc clevel that is text, transpose by letter",
        "TypeError",
        "MetadataValidationError",
        MEMBER,
    ),
    Difference(
        "documents: a list, of a shape of floats, of a fill value that is null, of a fill value that is text, "
        "of attributes that are a list",
        "TypeError",
        "MetadataValidationError",
        MEMBER,
    ),
    Difference("documents: of a fill value that is too large", "OverflowError", "MetadataValidationError", MEMBER),
    Difference(
        "documents: without shape, without data type, without chunk grid, without chunk key encoding, "
        "without fill value, without codecs",
        "KeyError",
        "MetadataValidationError",
        MEMBER,
    ),
    Difference("damaged chunks: gzip cut short", "EOFError", "CorruptDataError", DAMAGE),
    Difference("damaged chunks: gzip garbage, gzip checksum", "BadGzipFile", "CorruptDataError", DAMAGE),
)
