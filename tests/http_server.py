"""An HTTP server on 127.0.0.1 that serves a dictionary, and fails as it is told to."""

import contextlib
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

FOR_EVER = 1_000_000
HANG_SECONDS = 4


@dataclass(frozen=True)
class Fault:
    """What a server does instead of answering, `times` times.

    Attributes
    ----------
    kind
        ``"status"``, ``"cut"`` (half of the body comes), ``"reset"``, ``"hang"``, ``"whole"`` (ranges are ignored).
    """

    kind: str
    times: int = FOR_EVER
    status: int = 0
    headers: dict = field(default_factory=dict)


def status(number, times=FOR_EVER, **headers):
    """A status, with headers: ``status(429, 1, Retry_After=1)``."""
    return Fault("status", times, number, {name.replace("_", "-"): str(value) for name, value in headers.items()})


class FaultServer:
    """Serves `values` below ``/data.zarr``.

    Attributes
    ----------
    requests
        Time, method and key of each request.
    etags
        Whether versions are told, and compared.
    """

    def __init__(self, values):
        self.values = dict(values)
        self.requests = []
        self.etags = True
        self._faults = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"faults": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, address: None
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/data.zarr"

    def fail(self, key, *faults):
        """Fail for a key: as the first fault says as often as it says, then as the second."""
        self._faults[key] = deque([fault, fault.times] for fault in faults)

    def asked(self, key, method="GET"):
        """When a key was asked for."""
        return [when for when, how, what in self.requests if (how, what) == (method, key)]

    def next_fault(self, key):
        line = self._faults.get(key)
        if not line:
            return None
        line[0][1] -= 1
        fault = line[0][0]
        if not line[0][1]:
            line.popleft()
        return fault

    def stop(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body leave in one packet

    def log_message(self, *args):
        """Say nothing."""

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.faults
        key = unquote(urlsplit(self.path).path).removeprefix("/data.zarr/")
        server.requests.append((time.monotonic(), self.command, key))
        fault = server.next_fault(key)
        kind = "" if fault is None else fault.kind
        if kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        elif kind == "hang":
            time.sleep(HANG_SECONDS)
            self.close_connection = True
        elif kind == "status":
            self._answer(fault.status, b"<Error><Code>AccessDenied</Code></Error>", fault.headers)
        elif key not in server.values:
            self._answer(404, b"there is none")
        else:
            self._serve(server.values[key], kind)

    def _serve(self, value, kind):
        headers = {"ETag": f'"{hash(value)}"'} if self.faults.etags else {}
        match = self.headers.get("If-Match")
        if match is not None and self.faults.etags and match != headers["ETag"]:
            self._answer(412, b"", headers)
            return
        wanted = self.headers.get("Range")
        if wanted is None or kind == "whole":
            self._answer(200, value, headers, cut=kind == "cut")
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(0, len(value) - int(last))
        end = min(int(last) + 1, len(value)) if first and last else len(value)
        if start >= end:
            self._answer(416, b"", {"Content-Range": f"bytes */{len(value)}"})
            return
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(value)}"
        self._answer(206, value[start:end], headers, cut=kind == "cut")

    def _answer(self, number, body, headers=None, cut=False):
        with contextlib.suppress(ConnectionError):
            self.send_response(number)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True
