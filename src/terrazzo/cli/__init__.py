"""The ``terrazzo`` command: looking at what is stored, and migrating it, from a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import terrazzo
from terrazzo.api.synchronous import migrate_v2_to_v3, remove_metadata
from terrazzo.buffer import default_buffer_prototype
from terrazzo.nodes.group import Group
from terrazzo.types import ZarrFormat

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command, and return its exit status: 1 when what it was asked for cannot be read."""
    options = _parser().parse_args(arguments)
    try:
        print(options.run(options))
    except (ValueError, OSError) as error:  # what is stored, asked for or named wrongly; anything else is a bug
        notes = getattr(error, "__notes__", ())
        print("\n  ".join([f"terrazzo: {error}", *notes]), file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="terrazzo", description="Look at arrays and groups in the Zarr format, and migrate them."
    )
    parser.add_argument("--version", action="version", version=f"terrazzo {terrazzo.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    info = commands.add_parser("info", help="describe an array or a group, with what is stored of it")
    info.set_defaults(run=_info)
    tree = commands.add_parser("tree", help="show the members of a group")
    tree.add_argument("--level", type=int, help="how many levels to show")
    tree.set_defaults(run=_tree)
    migrate = commands.add_parser("migrate", help="write documents of Zarr v3 for what is stored in Zarr v2")
    migrate.add_argument("zarr_format", choices=["v3"], help="the format to migrate to")
    migrate.add_argument("input_store", help="a local path or file:// URL")
    migrate.add_argument("output_store", nargs="?", help="where to write the documents; by default beside the others")
    migrate.add_argument("--overwrite", action="store_true", help="replace documents of Zarr v3 that are there")
    migrate.add_argument("--remove-v2-metadata", action="store_true", help="delete the documents of Zarr v2 afterwards")
    migrate.set_defaults(run=_migrate)
    remove = commands.add_parser("remove-metadata", help="delete the documents of one format")
    remove.add_argument("zarr_format", choices=["v2", "v3"], help="the format to delete")
    remove.add_argument("store", help="a local path or file:// URL")
    remove.set_defaults(run=_remove_metadata)
    for command in (migrate, remove):
        command.add_argument("--force", action="store_true", help="also where a node has no other documents")
        command.add_argument("--dry-run", action="store_true", help="only say what would be done")
    for command in (info, tree):
        command.add_argument("store", help="a local path or file:// URL")
        command.add_argument("path", nargs="?", default="", help="path of the node in the store")
    return parser


def _migrate(options: argparse.Namespace) -> object:
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
    lines = [f"{verb} {_joined(target, path, 'zarr.json')}" for path in sorted(converted)]
    if options.dry_run:
        for path, metadata in sorted(converted.items()):
            document = metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"]
            lines.append(f"\n{_joined(target, path, 'zarr.json')}\n{document.to_bytes().decode()}")
    elif options.remove_v2_metadata:
        lines += _removed(options.input_store, 2, options)
    return "\n".join(lines)


def _remove_metadata(options: argparse.Namespace) -> object:
    return "\n".join(_removed(options.store, 2 if options.zarr_format == "v2" else 3, options))


def _removed(store: str, zarr_format: ZarrFormat, options: argparse.Namespace) -> list[str]:
    keys = remove_metadata(store, zarr_format, force=options.force, dry_run=options.dry_run)
    verb = "would delete" if options.dry_run else "deleted"
    return [f"{verb} {_joined(store, key)}" for key in keys]


def _joined(*segments: str) -> str:
    return "/".join(segment.rstrip("/") for segment in segments if segment)


def _info(options: argparse.Namespace) -> object:
    return terrazzo.open(options.store, path=options.path, mode="r").info_complete()


def _tree(options: argparse.Namespace) -> object:
    node = terrazzo.open(options.store, path=options.path, mode="r")
    return (
        node.tree(level=None if options.level is None else options.level - 1) if isinstance(node, Group) else repr(node)
    )
