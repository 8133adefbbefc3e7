"""The ``terrazzo`` command: looking at what is stored, from a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import terrazzo
from terrazzo.nodes.group import Group

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
    parser = argparse.ArgumentParser(prog="terrazzo", description="Look at arrays and groups in the Zarr format.")
    parser.add_argument("--version", action="version", version=f"terrazzo {terrazzo.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    info = commands.add_parser("info", help="describe an array or a group, with what is stored of it")
    info.set_defaults(run=_info)
    tree = commands.add_parser("tree", help="show the members of a group")
    tree.add_argument("--level", type=int, help="how many levels to show")
    tree.set_defaults(run=_tree)
    for command in (info, tree):
        command.add_argument("store", help="a local path or file:// URL")
        command.add_argument("path", nargs="?", default="", help="path of the node in the store")
    return parser


def _info(options: argparse.Namespace) -> object:
    return terrazzo.open(options.store, path=options.path, mode="r").info_complete()


def _tree(options: argparse.Namespace) -> object:
    node = terrazzo.open(options.store, path=options.path, mode="r")
    return node.tree(level=options.level) if isinstance(node, Group) else repr(node)
