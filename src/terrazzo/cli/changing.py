"""Commands that write: attributes, consolidated metadata, copies."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import terrazzo
from terrazzo.cli.looking import open_node, place_of
from terrazzo.cli.output import print_result, progress_of
from terrazzo.nodes.transfer.options import Copied
from terrazzo.runtime import run_inline
from terrazzo.types import JSON

__all__ = ["attrs", "consolidate", "copy", "parse_assignment", "parse_compressor", "parse_lengths", "rechunk"]


def parse_assignment(text: str) -> tuple[str, Any]:
    """A name and a value: JSON, or else text."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    try:
        return name, json.loads(value)
    except json.JSONDecodeError:
        return name, value


def parse_lengths(text: str) -> Any:
    """Lengths of chunks: one for all axes, one for each, or by the names of dimensions."""
    if text in ("auto", "keep"):
        return text
    if text == "none":
        return None
    parts = text.split(",")
    try:
        if "=" in text:
            named = [part.split("=") for part in parts]
            return {name: int(length) for name, length in named}
        lengths = tuple(int(part) for part in parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} has no lengths such as 100,200 or time=1,lat=50") from None
    return lengths[0] if len(lengths) == 1 else lengths


def parse_compressor(text: str) -> Any:
    """A codec: its name and its level, or None for the level it has by default; its JSON; None for no codec."""
    if text == "keep":
        return text
    if text == "none":
        return None
    if text.startswith("{"):
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    name, colon, level = text.partition(":")
    if colon and not level.lstrip("-").isdigit():
        raise argparse.ArgumentTypeError(f"{level!r} is not a level")
    return name, int(level) if colon else None


def _codec_in(zarr_format: int, compressor: Any) -> Any:
    """A codec as ``parse_compressor`` gives it, in the form of a format."""
    if not isinstance(compressor, tuple):
        return compressor
    name, level = compressor
    members = {} if level is None else {"level": level}
    return {"id": name, **members} if zarr_format == 2 else {"name": name, "configuration": members}


def attrs(options: argparse.Namespace) -> int:
    """Show attributes, after changing them if that is asked for: all changes are one write."""
    changed, deleted = dict(options.changed), options.deleted
    node = open_node(options, "r+" if changed or deleted else "r")
    if changed or deleted:

        def change(attributes: dict[str, Any]) -> dict[str, Any]:
            missing = [key for key in deleted if key not in attributes]
            if missing:
                raise ValueError(f"there is no attribute {missing[0]!r} to delete at {node.store_path}")
            return {key: value for key, value in (attributes | changed).items() if key not in deleted}

        run_inline(node.async_counterpart._change_attributes(change))
    found: dict[str, JSON] = dict(node.attrs)
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in found.items()]
    print_result(options, "\n".join(lines), found)
    return 0


def consolidate(options: argparse.Namespace) -> int:
    """Copy the documents of all nodes below a group into its own."""
    group = terrazzo.consolidate_metadata(place_of(options, options.store, options.path, "r+"))
    copies = group.metadata.consolidated_metadata
    count = 0 if copies is None else len(copies)
    text = f"{group.store_path} holds the documents of {count:,} node{'' if count == 1 else 's'} below it"
    print_result(options, text, {"name": group.name, "store": str(group.store), "nodes": count})
    return 0


def copy(options: argparse.Namespace) -> int:
    """Copy a node, or every key below it."""
    source, target = _ends(options)
    if options.values:
        if options.zarr_format is not None or options.max_memory is not None:
            raise ValueError("--values copies keys as they are: --zarr-format and --max-memory do not go with it")
        with progress_of(options, "copy", "values") as progress:
            done = terrazzo.copy_store(source, target, progress=progress, **_common(options))
        return _say(options, done, "value")
    with progress_of(options, "copy", "bytes") as progress:
        done = terrazzo.copy(
            source,
            target,
            name="",
            zarr_format=options.zarr_format,
            max_memory=options.max_memory,
            progress=progress,
            **_common(options),
        )
    return _say(options, done, "node")


def rechunk(options: argparse.Namespace) -> int:
    """Copy arrays to other chunks, shards or compression."""
    source, target = _ends(options)
    zarr_format = options.zarr_format
    if isinstance(options.compressor, tuple) and zarr_format is None:
        zarr_format = terrazzo.open(source, mode="r").metadata.zarr_format
    with progress_of(options, "rechunk", "bytes") as progress:
        done = terrazzo.rechunk(
            source,
            target,
            chunks=options.chunks,
            shards=options.shards,
            compressors=_codec_in(zarr_format, options.compressor),
            zarr_format=options.zarr_format,
            max_memory=options.max_memory,
            progress=progress,
            **_common(options),
        )
    return _say(options, done, "node")


def _ends(options: argparse.Namespace) -> tuple[Any, Any]:
    source = place_of(options, options.source, options.source_path, "r")
    return source, place_of(options, options.target, options.target_path, None)


def _common(options: argparse.Namespace) -> dict[str, Any]:
    log = None if not (options.verbose or options.dry_run) else lambda line: print(line, file=sys.stderr)
    return {"if_exists": options.if_exists, "dry_run": options.dry_run, "log": log}


def _say(options: argparse.Namespace, done: Copied, what: str) -> int:
    verb = "would copy" if options.dry_run else "copied"
    text = f"{verb} {done.copied:,} {what}{'' if done.copied == 1 else 's'}"
    text += f", skipped {done.skipped:,}" if done.skipped else ""
    text += "" if options.dry_run else f", {done.nbytes:,} bytes"
    said: JSON = {
        "copied": done.copied,
        "skipped": done.skipped,
        "bytes": done.nbytes,
        "dry_run": options.dry_run,
    }
    print_result(options, text, said)
    return 0
