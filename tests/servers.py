"""Servers that tests start and stop, on 127.0.0.1: S3, in a process of its own."""

import functools
import itertools
import subprocess
import sys
import urllib.request

import obstore.store

from terrazzo.storage import FsspecStore, ObjectStore

SERVE_S3 = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""

ACCESS = {"access_key_id": "an-access-key", "secret_access_key": "the-secret-key", "region": "us-east-1"}
BUCKET = "bucket"
_numbers = itertools.count()


@functools.cache
def s3() -> str:
    """The URL of an S3 server with a bucket; it ends with this process."""
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SERVE_S3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}"
    _running.append(server)
    request = urllib.request.Request(f"{url}/{BUCKET}", method="PUT", headers={"Host": "s3.amazonaws.com"})
    with urllib.request.urlopen(request, timeout=30):
        pass
    return url


_running: list[subprocess.Popen] = []


def stop() -> None:
    """Stop what has been started."""
    for server in _running:
        server.stdin.close()
        server.stdout.close()
        server.wait(30)
    _running.clear()
    s3.cache_clear()


def s3_through_obstore(**options) -> ObjectStore:
    """A store below a prefix of its own."""
    return s3_at(s3(), f"p{next(_numbers)}/q r", **options)


def s3_at(url: str, prefix: str, **options) -> ObjectStore:
    """A store below a prefix, on the server that another process has started."""
    client_options = {"allow_http": True}
    return ObjectStore(
        obstore.store.S3Store(BUCKET, prefix=prefix, endpoint=url, client_options=client_options, **ACCESS, **options)
    )


def s3_options() -> dict:
    """What s3fs must know."""
    return {"key": ACCESS["access_key_id"], "secret": ACCESS["secret_access_key"], "endpoint_url": s3()}


def s3_through_fsspec() -> FsspecStore:
    """A store below a prefix of its own."""
    return FsspecStore.from_url(f"s3://{BUCKET}/p{next(_numbers)}/q r", s3_options())
