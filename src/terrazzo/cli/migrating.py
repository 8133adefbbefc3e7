"""Commands for hierarchies of Zarr v2 that become ones of Zarr v3."""

from __future__ import annotations

import argparse

from terrazzo.api.synchronous import migrate_v2_to_v3, remove_metadata
from terrazzo.buffer import default_buffer_prototype
from terrazzo.cli.output import print_result
from terrazzo.types import JSON, ZarrFormat

__all__ = ["migrate", "remove"]


def migrate(options: argparse.Namespace) -> int:
    """Write documents of Zarr v3, and delete those of Zarr v2 if that is asked for."""
    if options.remove_v2_metadata and options.output_store is not None and not options.force:
        raise ValueError(
            "--remove-v2-metadata deletes the only documents beside the chunks; --force does so nevertheless"
        )
    converted = migrate_v2_to_v3(
        input_store=options.input_store,
        output_store=options.output_store,
        dry_run=options.dry_run,
        overwrite=options.overwrite,
    )
    target = options.output_store or options.input_store
    verb = "would write" if options.dry_run else "wrote"
    written = [_joined(target, path, "zarr.json") for path in sorted(converted)]
    lines = [f"{verb} {document}" for document in written]
    deleted: list[str] = []
    if options.dry_run:
        for path, metadata in sorted(converted.items()):
            document = metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"]
            lines.append(f"\n{_joined(target, path, 'zarr.json')}\n{document.to_bytes().decode()}")
    elif options.remove_v2_metadata:
        deleted = _remove(options.input_store, 2, options)
        lines += [f"deleted {document}" for document in deleted]
    said: JSON = {"written": list(written), "deleted": list(deleted), "dry_run": options.dry_run}
    print_result(options, "\n".join(lines), said)
    return 0


def remove(options: argparse.Namespace) -> int:
    """Delete the documents of one format."""
    deleted = _remove(options.store, 2 if options.zarr_format == "v2" else 3, options)
    verb = "would delete" if options.dry_run else "deleted"
    said: JSON = {"deleted": list(deleted), "dry_run": options.dry_run}
    print_result(options, "\n".join(f"{verb} {document}" for document in deleted), said)
    return 0


def _remove(store: str, zarr_format: ZarrFormat, options: argparse.Namespace) -> list[str]:
    keys = remove_metadata(store, zarr_format, force=options.force, dry_run=options.dry_run)
    return [_joined(store, key) for key in keys]


def _joined(*segments: str) -> str:
    return "/".join(segment.rstrip("/") for segment in segments if segment)
