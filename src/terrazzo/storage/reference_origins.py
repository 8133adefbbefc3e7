"""Where references may lead: they are somebody else's, and must not reach what their reader can and they cannot.

An origin is a host, a bucket or a folder. Targets are compared with it part by part, never as text, and read below it
by keys, which cannot leave it.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote, urlsplit

from terrazzo.abc.key import validate_key
from terrazzo.errors import BaseZarrError, InvalidKeyError, quote
from terrazzo.storage.failures import scrub

__all__ = ["Origin", "is_local", "split_target"]

SAME_SCHEMES = {"s3a": "s3", "gcs": "gs", "abfss": "abfs", "az": "abfs", "local": "file"}
PORTS = {"http": ":80", "https": ":443"}
HOST = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[^@:\[\]%\s\\]+)(?::\d{1,5})?")
URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*)://(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Origin:
    """A place below which references may lead.

    Attributes
    ----------
    url
        As it was given, for a store to be made of it.
    scheme, host
        In their one form; the host is the bucket of an object store, and empty for folders.
    path
        Segments below the host, joined by slashes.
    """

    url: str
    scheme: str
    host: str
    path: str

    @classmethod
    def of(cls, url: str | os.PathLike[str]) -> Self:
        """Understand a URL or the path of a local folder.

        Raises
        ------
        ValueError
            It is a chain of URLs, has a user or a query, or leads to a link-local address.
        """
        text = os.fspath(url)
        if not URL.fullmatch(text) or is_local(text):
            text = os.path.abspath(URL.sub(r"\2", text))
        scheme, host, path = split_target(text)
        return cls(text, scheme, host, path)

    @classmethod
    def around(cls, document: str) -> Self:
        """Where a document is: its folder, host or bucket."""
        if is_local(document):
            return cls.of(os.path.dirname(os.path.abspath(URL.sub(r"\2", document))))
        scheme, _, rest = document.partition("://")
        return cls.of(f"{scheme}://{rest.partition('/')[0]}")

    def key_of(self, scheme: str, host: str, path: str) -> str | None:
        """The key of a target below this origin; None when it is elsewhere."""
        if (scheme, host) != (self.scheme, self.host) or not path:
            return None
        head = f"{self.path}/" if self.path else ""
        return path[len(head) :] if path.startswith(head) and len(path) > len(head) else None


def is_local(url: str) -> bool:
    """Whether a URL or path is of this machine's own files."""
    parts = URL.fullmatch(url)
    return parts is None or SAME_SCHEMES.get(parts[1].lower(), parts[1].lower()) == "file"


def split_target(url: str) -> tuple[str, str, str]:
    """Scheme, host and path of a URL, or of an absolute path, in their one form.

    Raises
    ------
    BaseZarrError
        It is no place that a reference may name: a chain of URLs, a user or a query in it, a path that leaves its
        root, or a link-local address, at which clouds tell a machine its secrets.
    """
    parts = URL.fullmatch(url)
    scheme = parts[1].lower() if parts else "file"
    scheme = SAME_SCHEMES.get(scheme, scheme)
    rest = parts[2] if parts else url
    host = ""
    if scheme == "file":
        if not rest.startswith("/") and not os.path.isabs(rest):
            raise _refused(url, "is no absolute path")
        rest = rest.replace(os.sep, "/")
    else:
        host, _, rest = rest.partition("/")
    if "::" in re.sub(r"^\[[^\]]*\]", "", host) or "::" in rest:
        raise _refused(url, "is a chain of URLs")
    if scheme in PORTS:
        if "?" in url or "#" in url:
            raise _refused(url, "has a query or a fragment")
        if not HOST.fullmatch(host):
            raise _refused(url, "has a user, or no host")
        host = host.lower().removesuffix(PORTS[scheme])
        rest = unquote(rest)
        if _is_link_local(f"{scheme}://{host}"):
            raise _refused(url, "leads to a link-local address")
    path = rest.strip("/") if scheme == "file" else rest.removesuffix("/")
    try:
        return scheme, host, validate_key(path) if path else ""
    except InvalidKeyError:
        raise _refused(url, "has a path that no store may hold") from None


def _refused(url: str, why: str) -> BaseZarrError:
    return BaseZarrError(f"{quote(scrub(url))} {why}: no reference may lead there")


def _is_link_local(url: str) -> bool:
    try:
        name = (urlsplit(url).hostname or "").rstrip(".").partition("%")[0]
        address: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(name)
    except ValueError:
        with suppress(OSError, ValueError):  # 2852039166 and 0xa9fe.0xa9fe are addresses, too
            return ipaddress.IPv4Address(socket.inet_aton(name)).is_link_local
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address.is_link_local or (mapped is not None and mapped.is_link_local)
