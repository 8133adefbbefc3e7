"""What can be typed after ``terrazzo``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TypeAlias

import terrazzo
from terrazzo.cli import changing, looking, migrating, serving

__all__ = ["parse"]

STORE = "a local path or a URL"
EXISTING = "what happens where there is something already; by default raise, an error before anything is written"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options, with ``run``: what is to be called with them."""
    parser = argparse.ArgumentParser(
        prog="terrazzo",
        description="Look at arrays and groups in the Zarr format, copy, migrate, verify and serve them.",
    )
    parser.add_argument("--version", action="version", version=f"terrazzo {terrazzo.__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_looking(commands)
    _add_verify(commands)
    _add_changing(commands)
    _add_migrating(commands)
    _add_serving(commands)
    for command in commands.choices.values():
        command.add_argument("--json", action="store_true", help="print the result as JSON")
        command.add_argument("--traceback", action="store_true", help="show where in the program an error arose")
    return parser.parse_args(arguments)


Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(commands: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    added: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    return added


def _add_node(command: argparse.ArgumentParser) -> None:
    command.add_argument("store", help=STORE)
    command.add_argument("path", nargs="?", default="", help="path of the node in the store")
    _add_store_options(command)


def _add_store_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "-o",
        "--option",
        dest="options",
        action="append",
        default=[],
        type=changing.parse_assignment,
        metavar="NAME=VALUE",
        help="an option for the store behind a URL, such as anon=true",
    )


def _add_looking(commands: Commands) -> None:
    info = _add(commands, "info", "describe an array or a group, with what is stored of it")
    info.set_defaults(run=looking.info)
    listing = _add(commands, "ls", "list the members of a group")
    listing.add_argument("-l", "--long", action="store_true", help="with kind, data type and shape")
    listing.set_defaults(run=looking.list_members)
    tree = _add(commands, "tree", "show the members of a group, and theirs")
    tree.add_argument("--level", type=_at_least_1, metavar="N", help="how many levels to show; by default all")
    tree.add_argument("--max-nodes", type=_at_least_1, metavar="N", default=10_000, help="how many nodes to look at")
    tree.set_defaults(run=looking.tree)
    for command in (info, listing, tree):
        _add_node(command)


def _add_verify(commands: Commands) -> None:
    verify = _add(commands, "verify", "read all that is stored, and say what is damaged; exit status 1 if anything is")
    verify.add_argument("--no-notes", action="store_true", help="leave out keys that nobody reads")
    _add_node(verify)
    _add_quiet(verify)
    verify.set_defaults(run=looking.verify)


def _add_quiet(command: argparse.ArgumentParser) -> None:
    command.add_argument("-q", "--quiet", action="store_true", help="no progress")


def _add_changing(commands: Commands) -> None:
    attrs = _add(commands, "attrs", "show the attributes of a node, or change them")
    attrs.add_argument(
        "--set",
        dest="changed",
        action="append",
        default=[],
        type=changing.parse_assignment,
        metavar="KEY=VALUE",
        help="set an attribute; the value is JSON, or text where it is none",
    )
    attrs.add_argument(
        "--delete", dest="deleted", action="append", default=[], metavar="KEY", help="delete an attribute"
    )
    attrs.set_defaults(run=changing.attrs)
    consolidate = _add(commands, "consolidate", "copy the documents of all nodes below a group into its own")
    consolidate.set_defaults(run=changing.consolidate)
    for command in (attrs, consolidate):
        _add_node(command)
    copy = _add(commands, "copy", "copy an array, or a group with all that is below it")
    copy.add_argument("--values", action="store_true", help="copy every key as it is, whatever it holds")
    copy.set_defaults(run=changing.copy)
    rechunk = _add(commands, "rechunk", "copy arrays to other chunks, shards or compression")
    lengths = "lengths such as 100,200, one for all axes, by name as in time=1,lat=50, or auto"
    rechunk.add_argument("--chunks", type=changing.parse_lengths, default="keep", help=lengths)
    rechunk.add_argument("--shards", type=changing.parse_lengths, default="keep", help=f"{lengths}; none for no shards")
    rechunk.add_argument(
        "--compressor",
        type=changing.parse_compressor,
        default="keep",
        help="a name as zstd or gzip, with a level as gzip:5; none; or the JSON of a codec",
    )
    rechunk.set_defaults(run=changing.rechunk)
    for command in (copy, rechunk):
        command.add_argument("source", help=f"what to copy: {STORE}")
        command.add_argument("target", help=f"where the copy is to be: {STORE}")
        command.add_argument("--source-path", default="", metavar="PATH", help="path in the store of the source")
        command.add_argument("--target-path", default="", metavar="PATH", help="path in the store of the target")
        command.add_argument(
            "--zarr-format", type=int, choices=[2, 3], help="format of the copy; by default that of the source"
        )
        command.add_argument("--max-memory", metavar="SIZE", help="bytes that are held at once, such as 1GiB")
        command.add_argument("--if-exists", choices=["raise", "replace", "skip"], default="raise", help=EXISTING)
        command.add_argument("--dry-run", action="store_true", help="only say what would be done")
        command.add_argument("-v", "--verbose", action="store_true", help="say what is done, on the standard error")
        _add_store_options(command)
        _add_quiet(command)


def _add_migrating(commands: Commands) -> None:
    migrate = _add(commands, "migrate", "write documents of Zarr v3 for what is stored in Zarr v2")
    migrate.add_argument("zarr_format", choices=["v3"], help="the format to migrate to")
    migrate.add_argument("input_store", help=STORE)
    migrate.add_argument("output_store", nargs="?", help="where to write the documents; by default beside the others")
    migrate.add_argument("--overwrite", action="store_true", help="replace documents of Zarr v3 that are there")
    migrate.add_argument("--remove-v2-metadata", action="store_true", help="delete the documents of Zarr v2 afterwards")
    migrate.set_defaults(run=migrating.migrate)
    remove = _add(commands, "remove-metadata", "delete the documents of one format")
    remove.add_argument("zarr_format", choices=["v2", "v3"], help="the format to delete")
    remove.add_argument("store", help=STORE)
    remove.set_defaults(run=migrating.remove)
    for command in (migrate, remove):
        command.add_argument("--force", action="store_true", help="also where a node has no other documents")
        command.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _add_serving(commands: Commands) -> None:
    serve = _add(commands, "serve", "serve a store over HTTP for reading, until Ctrl-C")
    _add_node(serve)
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on; by default for this machine alone")
    serve.add_argument("--port", type=_port, default=8000, help="by default 8000; 0 for one that is free")
    serve.add_argument(
        "--cors",
        action="append",
        default=[],
        type=serving.parse_origin,
        metavar="ORIGIN",
        help="an origin of pages that may read, such as https://example.org, or * for all; may be given several times",
    )
    serve.set_defaults(run=serving.serve)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is not between 0 and 65535")
    return number


def _at_least_1(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is less than 1")
    return number
