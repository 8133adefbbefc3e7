"""A store over HTTP, for reading: an application of aiohttp, the only file that knows it.

A path is a key, and one that ends with a slash lists what is in a folder. Nothing but a value that is not there is 404.
What a request holds in memory is bounded, whatever the size of the value.

Specification: RFC 9110 "HTTP Semantics", sections 13 and 14; the Fetch standard, "CORS protocol".
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Hashable
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import ETag, web
from aiohttp.hdrs import METH_HEAD, METH_OPTIONS

from terrazzo.abc.byte_range import RangeByteRequest
from terrazzo.abc.key import validate_key
from terrazzo.abc.store import DOCUMENTS
from terrazzo.abc.value import PassingVersion, Value
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import InvalidKeyError, quote
from terrazzo.storage import StorePath

__all__ = ["make_app"]

PIECE = 4 << 20
"""Bytes that are read and sent at once. Longer values have no ETag where the store knows no version of them: it would
take all of their bytes to make one."""
RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
METHODS = "GET, HEAD, OPTIONS"
EXPOSED = "Accept-Ranges, Content-Length, Content-Range, ETag"
ASKED = "If-Match, If-None-Match, If-Range, Range"
LOG = logging.getLogger("terrazzo.serve")

STATUS_OF: tuple[tuple[type[Exception], tuple[int, str]], ...] = (
    (InvalidKeyError, (400, "no store may hold this key")),
    (TimeoutError, (504, "the store did not answer in time")),
    (PermissionError, (403, "the store refuses access")),
    (OSError, (502, "the store failed")),
)
"""What clients are told of an error, and no more: what it says of places is for the log."""


def make_app(
    place: StorePath, *, origins: Collection[str] = (), hosts: Collection[str] | None = None
) -> web.Application:
    """Make an application that serves what is below a place.

    Parameters
    ----------
    origins
        Of pages of the web that may read, such as ``"https://example.org"``; ``"*"`` for all.
    hosts
        Names by which clients may call the server; addresses always are. None for any: a server for this machine
        alone needs them, or a page of the web could give it a name of its own, and be of its origin.
    """
    served = _Served(place, frozenset(origins), None if hosts is None else frozenset(hosts))
    app = web.Application()
    app.router.add_route("*", "/{key:.*}", served.handle)
    return app


@dataclass(frozen=True)
class _Served:
    """What is served, and to whom."""

    place: StorePath
    origins: frozenset[str]
    hosts: frozenset[str] | None

    # -- around every answer

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer errors with a status, and say who may read the answer."""
        response: web.StreamResponse
        if not self._is_called_rightly(request):
            response = web.Response(status=421, text="this server is not known by this name\n")
        elif request.method == METH_OPTIONS:
            response = web.Response(status=204, headers={"Allow": METHODS})
        elif request.method not in ("GET", METH_HEAD):
            response = web.Response(status=405, headers={"Allow": METHODS}, text="this server is for reading\n")
        else:
            try:
                response = await self.answer(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, clients get a status
                response = _told(request, error)
        if not response.prepared:
            self._add_headers(request, response)
        return response

    def _is_called_rightly(self, request: web.Request) -> bool:
        name = re.sub(r":\d*$", "", request.host).strip("[]").lower()
        if self.hosts is None or name in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Cache-Control"] = "no-cache"
        if not self.origins:
            return
        origin = request.headers.get("Origin", "")
        if "*" not in self.origins:
            headers["Vary"] = "Origin"
            if origin not in self.origins:
                return
        headers["Access-Control-Allow-Origin"] = "*" if "*" in self.origins else origin
        headers["Access-Control-Expose-Headers"] = EXPOSED
        if request.method == METH_OPTIONS:
            headers["Access-Control-Allow-Methods"] = METHODS
            headers["Access-Control-Allow-Headers"] = ASKED
            headers["Access-Control-Max-Age"] = "86400"
            if "Access-Control-Request-Private-Network" in request.headers:
                headers["Access-Control-Allow-Private-Network"] = "true"

    # -- answers

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer with a value or a listing."""
        path = request.raw_path.partition("?")[0].removeprefix("/")
        try:
            key = unquote(path, errors="strict")
        except UnicodeDecodeError:
            raise InvalidKeyError(f"{quote(path)} is not a key that a store may hold: it is not Unicode text") from None
        if not key or key.endswith("/"):
            return await self._list(request, validate_key(key[:-1]) if key else "")
        key = self.place.prefix + validate_key(key)
        async with self.place.store.open_value(key) as value:
            size = await value.ask_size()
            if size is None:
                return web.Response(status=404, text="there is no such key\n")
            return await self._send(request, key, value, size)

    async def _send(self, request: web.Request, key: str, value: Value, size: int) -> web.StreamResponse:
        etag = _etag_of(await value.version())
        whole = await _read(value, 0, size) if etag is None and size <= PIECE else None
        if whole is not None:
            etag = _digest(whole)
        found = _precondition(request, etag)
        start, end, status = _range_of(request, size, etag)
        if found or status == 416:
            response: web.StreamResponse = web.Response(status=found or status)
        else:
            response = web.StreamResponse(status=status)
            response.content_length = end - start
            response.content_type = (
                "application/json"
                if key.endswith(".json") or key.rpartition("/")[2] in DOCUMENTS
                else "application/octet-stream"
            )
        response.headers["Accept-Ranges"] = "bytes"
        if etag is not None:
            response.etag = etag
        if response.status == 206:
            response.headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        elif response.status == 416:
            response.headers["Content-Range"] = f"bytes */{size}"
        if isinstance(response, web.Response) or request.method == METH_HEAD:
            return response
        # The first piece is read before the status is sent: what cannot be read has a status of its own.
        piece = await _read(value, start, min(start + PIECE, end)) if whole is None else whole[start:end]
        self._add_headers(request, response)
        await response.prepare(request)
        await response.write(piece)
        start += len(piece)
        try:
            while start < end:
                piece = await _read(value, start, min(start + PIECE, end))
                await response.write(piece)
                start += len(piece)
            if whole is None and not value.is_pinned and _etag_of(await value.version()) != etag:
                raise OSError(f"{quote(key)} was changed while it was sent")
        except Exception as error:  # noqa: BLE001 - the status has been sent
            _break_off(request, error)
        return response

    async def _list(self, request: web.Request, folder: str) -> web.StreamResponse:
        store = self.place.store
        if not store.supports_listing:
            return web.Response(status=501, text="this store cannot list its keys\n")
        below = (self.place.prefix + folder).removesuffix("/")
        async with aclosing(_names(store.list_dir(below))) as names:
            first = await anext(names, None)
            if first is None and folder:
                return web.Response(status=404, text="there is no key in this folder\n")
            response = web.StreamResponse()
            response.content_type = "application/json"
            if request.method == METH_HEAD:
                return response
            self._add_headers(request, response)
            await response.prepare(request)
            await response.write(f"[{'' if first is None else json.dumps(first)}".encode())
            try:
                async for name in names:
                    await response.write(f", {json.dumps(name)}".encode())
                await response.write(b"]\n")
            except Exception as error:  # noqa: BLE001 - the status has been sent
                _break_off(request, error)
        return response


async def _names(listing: AsyncIterator[str]) -> AsyncGenerator[str, None]:
    async for name in listing:
        yield name


async def _read(value: Value, start: int, end: int) -> bytes:
    """Some bytes of a value: all that are wanted, or an error."""
    if start == end:
        return b""
    found = await value.get(numpy_buffer_prototype(), RangeByteRequest(start, end))
    if found is None or len(found) != end - start:
        raise OSError(f"bytes {start} to {end} were wanted of a value that was changed meanwhile")
    return found.to_bytes()


# -- conditions


def _etag_of(version: Hashable) -> str | None:
    """What clients may compare; None where a version says nothing to others, or may come again."""
    if version is None or isinstance(version, PassingVersion) or not _is_plain(version):
        return None
    return _digest(repr(version).encode())  # paths and numbers of files are not for everybody


def _is_plain(version: object) -> bool:
    if isinstance(version, tuple):
        return all(map(_is_plain, version))
    return isinstance(version, (str, bytes, int))


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def _names_it(tags: tuple[ETag, ...], etag: str | None, *, strong: bool) -> bool:
    return any(tag.value == "*" or (tag.value == etag and not (strong and tag.is_weak)) for tag in tags)


def _precondition(request: web.Request, etag: str | None) -> int:
    """The status that a condition of the request leads to, or 0."""
    if request.if_match is not None and not _names_it(request.if_match, etag, strong=True):
        return 412
    if request.if_none_match is not None and _names_it(request.if_none_match, etag, strong=False):
        return 304
    return 0


def _range_of(request: web.Request, size: int, etag: str | None) -> tuple[int, int, int]:
    """Start and end (exclusive) of what is wanted, and the status; what is not understood stands for everything."""
    asked = RANGE.fullmatch(request.headers.get("Range", ""))
    condition = request.headers.get("If-Range")
    if asked is None or asked[0] == "bytes=-" or (condition is not None and condition != f'"{etag}"'):
        return 0, size, 200
    if not asked[1]:
        start, end = max(0, size - int(asked[2])), size
    else:
        start, end = int(asked[1]), min(int(asked[2]) + 1, size) if asked[2] else size
        if asked[2] and int(asked[2]) < start:
            return 0, size, 200
    return (start, end, 206) if start < end else (0, 0, 416)


# -- failures


def _told(request: web.Request, error: Exception) -> web.Response:
    """What a client is told of an error."""
    status, text = next((told for kind, told in STATUS_OF if isinstance(error, kind)), (500, "the server failed"))
    if status != 400:
        LOG.warning("%s %s: status %d: %s", request.method, quote(request.raw_path), status, _one_line(error))
    return web.Response(status=status, text=f"{text}\n")


def _break_off(request: web.Request, error: Exception) -> None:
    """End a connection, so that the client knows that something is missing."""
    if not isinstance(error, ConnectionError) or request.transport is not None:
        LOG.warning("%s %s: broken off: %s", request.method, quote(request.raw_path), _one_line(error))
    if request.transport is not None:
        request.transport.abort()


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
