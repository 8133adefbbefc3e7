"""The command that serves a store over HTTP."""

from __future__ import annotations

import argparse
import re
import sys

from terrazzo.cli.looking import place_of
from terrazzo.cli.output import print_result
from terrazzo.runtime import pause, run_on_loop
from terrazzo.storage import StorePath

__all__ = ["parse_origin", "serve"]

ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^/\s,]+")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SHUTDOWN_SECONDS = 0.2


def parse_origin(text: str) -> str:
    """An origin as browsers send it, or ``*``."""
    origin = text.lower().removesuffix("/")
    if not ORIGIN.fullmatch(origin):
        raise argparse.ArgumentTypeError(f"{text!r} is no origin such as https://example.org, and not *")
    return origin


def serve(options: argparse.Namespace) -> int:
    """Serve a store until somebody presses Ctrl-C."""
    place = place_of(options, options.store, options.path, "r")
    run_on_loop(_serve(place, options))
    return 0


async def _serve(place: StorePath, options: argparse.Namespace) -> None:
    try:
        from aiohttp import web

        from terrazzo.cli.http_app import make_app
    except ImportError as error:
        raise ImportError(
            f"`terrazzo serve` needs the package 'aiohttp' ({error}); pip install 'terrazzo[remote]'"
        ) from error
    host: str = options.host
    app = make_app(place, origins=options.cors, hosts=LOOPBACK if host in LOOPBACK else None)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, options.port).start()
        port = runner.addresses[0][1]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}/"
        print_result(options, url, {"url": url, "store": str(place)})
        sys.stdout.flush()
        print(f"terrazzo: serving {place} for reading; Ctrl-C ends it", file=sys.stderr, flush=True)
        while True:
            await pause(3600.0)
    finally:
        await runner.cleanup()
