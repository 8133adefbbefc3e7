"""Remote stores: ``python -m bench.remote`` reads through latency, from S3 and from HTTP.

Over a store that takes 30 ms to answer, the time is compared with the least that the number of requests at once
allows. On servers of this machine (S3 by moto, HTTP by nginx, as far as they are installed) the throughput is compared
with that of the client alone, obstore, and with zarr-python using the same client.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import terrazzo
from terrazzo.storage import MemoryStore, ObjectStore
from terrazzo.testing.stores import LatencyStore

__all__ = ["latencies", "main", "throughputs"]

LATENCY = 0.03
CHUNKS = 1000
KIB = 1024
SIZES = (64 * KIB, 256 * KIB, 1024 * KIB, 4096 * KIB)
CONCURRENCY = (10, 64)

SERVE_S3 = """
import logging, sys
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; sendfile on;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
server {{ listen 127.0.0.1:{port}; root {folder}/data; }} }}
"""


def zarr_python() -> Any:
    """zarr-python; None where it is not installed."""
    try:
        return importlib.import_module("zarr")
    except ImportError:
        return None


def timed(call: Callable[[], Any], rounds: int) -> float:
    """The median of some rounds, in seconds."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def latencies(rounds: int = 3) -> list[tuple[int, float, float]]:
    """For each number of requests at once: the least possible, and the measured seconds."""
    kept = MemoryStore()
    terrazzo.create_array(kept, data=np.arange(CHUNKS, dtype="i4"), chunks=1)
    array = terrazzo.open_array(LatencyStore(kept, get_latency=LATENCY), mode="r")
    rows = []
    for concurrency in CONCURRENCY:
        with terrazzo.config.set({"async.concurrency": concurrency}):
            found = timed(lambda: array[...], rounds)
        rows.append((concurrency, math.ceil(CHUNKS / concurrency) * LATENCY, found))
    return rows


def throughputs(store: Any, total: int, rounds: int, concurrency: int, *, write: bool) -> list[dict[str, Any]]:
    """MiB a second for each size of chunks.

    Parameters
    ----------
    store
        Of obstore.
    write
        Whether the store takes what is written, which is measured then, too; else the arrays are there already.
    """
    rows = []
    zarr = zarr_python()
    for size in SIZES:
        count = total // size
        name = f"array-{size}"
        data = np.random.default_rng(0).integers(0, 255, count * size, dtype="u1")
        row: dict[str, Any] = {"chunk": size}
        keys = [f"{name}/c/{number}" for number in range(count)]
        mine = ObjectStore(store)
        if write:
            terrazzo.create_array(mine, name=name, data=data, chunks=size, compressors=None, overwrite=True)
        array = terrazzo.open_array(mine, path=name, mode="r+" if write else "r")
        calls = {"client": lambda keys=keys: asyncio.run(fetch_all(store, keys, concurrency))}
        calls["client, to an array"] = lambda keys=keys, size=size: asyncio.run(
            fetch_into(store, keys, size, concurrency)
        )
        calls["terrazzo"] = lambda array=array: array[...]
        if zarr is not None:
            theirs = zarr.open_array(zarr.storage.ObjectStore(store), path=name, mode="r+" if write else "r")
            calls["zarr"] = lambda array=theirs: array[...]
        if write:
            calls["client write"] = lambda keys=keys, size=size: asyncio.run(
                put_all(store, keys, bytes(size), concurrency)
            )
            calls["terrazzo write"] = lambda array=array, data=data: array.__setitem__(Ellipsis, data)
            if zarr is not None:
                calls["zarr write"] = lambda array=theirs, data=data: array.__setitem__(Ellipsis, data)
        seconds: dict[str, list[float]] = {what: [] for what in calls}
        for _ in range(rounds):
            for what, call in calls.items():
                seconds[what].append(timed(call, 1))
        rows.append(row | {what: total / (1 << 20) / min(found) for what, found in seconds.items()})
    return rows


async def fetch_all(store: Any, keys: list[str], concurrency: int) -> None:
    """Get all objects, as many at once as arrays get chunks."""
    import obstore

    left = iter(keys)

    async def worker() -> None:
        for key in left:
            await (await obstore.get_async(store, key)).bytes_async()

    await asyncio.gather(*(worker() for _ in range(concurrency)))


async def fetch_into(store: Any, keys: list[str], size: int, concurrency: int) -> np.ndarray[Any, Any]:
    """Get all objects, and put them together, as whoever wants an array has to."""
    import obstore

    out = np.empty(len(keys) * size, "u1")
    left = iter(enumerate(keys))

    async def worker() -> None:
        for number, key in left:
            data = await (await obstore.get_async(store, key)).bytes_async()
            out[number * size : (number + 1) * size] = np.frombuffer(data, "u1")

    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return out


async def put_all(store: Any, keys: list[str], value: bytes, concurrency: int) -> None:
    """Put all objects."""
    import obstore

    left = iter(keys)

    async def worker() -> None:
        for key in left:
            await obstore.put_async(store, key, value)

    await asyncio.gather(*(worker() for _ in range(concurrency)))


class S3:
    """moto's server, with a bucket; None of it where moto is not installed."""

    def __enter__(self) -> Any:
        import obstore.store

        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVE_S3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        port = self.process.stdout.readline().strip()
        if not port:
            return None
        url = f"http://127.0.0.1:{port}"
        request = urllib.request.Request(f"{url}/bucket", method="PUT", headers={"Host": "s3.amazonaws.com"})
        urllib.request.urlopen(request).close()
        options: Any = {"endpoint": url, "access_key_id": "a", "secret_access_key": "b", "region": "us-east-1"}
        return obstore.store.S3Store("bucket", client_options={"allow_http": True}, **options)

    def __exit__(self, *exc_info: object) -> None:
        self.process.communicate()


class Http:
    """nginx, over a folder; nothing where it is not installed."""

    def __init__(self, total: int) -> None:
        self.total = total

    def __enter__(self) -> Any:
        import obstore.store

        self.process = None
        self.folder = Path(tempfile.mkdtemp(prefix="bench-nginx-"))
        self.folder.chmod(0o755)
        program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if program is None:
            return None
        port = free_port()
        (self.folder / "nginx.conf").write_text(NGINX.format(folder=self.folder, port=port))
        for size in SIZES:
            data = np.random.default_rng(0).integers(0, 255, self.total // size * size, dtype="u1")
            place = str(self.folder / "data")
            terrazzo.create_array(place, name=f"array-{size}", data=data, chunks=size, compressors=None)
        self.process = subprocess.Popen([program, "-c", str(self.folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{url}/zarr.json").close()
                break
            except OSError:
                time.sleep(0.05)
        return obstore.store.HTTPStore(url, client_options={"allow_http": True})

    def __exit__(self, *exc_info: object) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on now."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less data, one round")
    given = parser.parse_args(arguments)
    rounds, total = (1, 8 << 20) if given.quick else (9, 64 << 20)
    print(f"{CHUNKS} chunks, {LATENCY * 1000:.0f} ms each: requests at once, least, measured, ratio")
    for concurrency, least, found in latencies(rounds):
        print(f"{concurrency:6} {least:8.2f} s {found:8.2f} s {found / least:6.2f}")
    try:
        importlib.import_module("obstore")
    except ImportError:
        print("obstore is not installed")
        return
    concurrency = terrazzo.config.get("async.concurrency")
    for title, server, writes in (("S3 (moto)", S3(), True), ("HTTP (nginx)", Http(total), False)):
        with server as store:
            if store is None:
                print(f"{title}: not installed")
                continue
            print(f"{title}, MiB/s")
            for row in throughputs(store, total, rounds, concurrency, write=writes):
                ratio = row["terrazzo"] / row["client, to an array"]
                speeds = "  ".join(f"{what} {value:7.1f}" for what, value in row.items() if what != "chunk")
                print(f"{row['chunk'] // KIB:5} KiB  {speeds}  terrazzo / client, to an array: {ratio:.2f}")


if __name__ == "__main__":
    main()
