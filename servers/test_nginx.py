"""A hierarchy that nginx serves from a folder, read through obstore and through fsspec."""

import numpy as np
import pytest

import terrazzo
from servers.processes import free_port, need, running
from terrazzo.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from terrazzo.buffer.cpu import numpy_buffer_prototype
from terrazzo.errors import StoreAccessError
from terrazzo.runtime import run_on_loop
from terrazzo.storage import FsspecStore, ObjectStore
from terrazzo.storage.path import make_store
from terrazzo.testing.store_samples import part_of

CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
server {{ listen 127.0.0.1:{port}; root {folder}/data; autoindex on; location /secret/ {{ deny all; }} }} }}
"""
DATA = np.arange(1000, dtype="i4").reshape(20, 50)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    program = need("nginx", how="apt-get install nginx-light")
    folder = tmp_path_factory.mktemp("nginx")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # nginx reads as nobody
    group = terrazzo.open_group(str(folder / "data"), mode="w")
    group.create_array("plain", data=DATA, chunks=(7, 9))
    group.create_array("sharded", data=DATA, chunks=(2, 5), shards=(4, 25))
    group.create_array("a b/é%41", data=DATA, chunks=(20, 50))
    group.create_array("secret", data=DATA)
    terrazzo.consolidate_metadata(str(folder / "data"))
    port = free_port()
    (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port))
    with running([program, "-c", str(folder / "nginx.conf")], port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(params=["obstore", "fsspec"])
def store(request, url):
    made = make_store(url, mode="r") if request.param == "obstore" else FsspecStore.from_url(url, read_only=True)
    assert type(made) is {"obstore": ObjectStore, "fsspec": FsspecStore}[request.param]
    return made


@pytest.mark.parametrize("path", ["plain", "sharded", "a b/é%41"])
def test_arrays_are_read(store, path):
    array = terrazzo.open_array(store, path=path, mode="r")
    assert np.array_equal(array[...], DATA)
    assert np.array_equal(array[3:17:2, 10:31], DATA[3:17:2, 10:31])
    assert array[11, 27] == DATA[11, 27]


def test_members_are_known_from_consolidated_metadata(store):
    group = terrazzo.open_consolidated(store, mode="r")
    assert sorted(name for name, _ in group.members()) == ["a b", "plain", "secret", "sharded"]


def test_what_nginx_lists_is_listed(url):
    store = FsspecStore.from_url(url, read_only=True)

    async def names():
        return sorted([name async for name in store.list_dir("")]), [key async for key in store.list_prefix("a b/")]

    found, below = run_on_loop(names(), 30)
    assert found == ["a b", "plain", "secret", "sharded", "zarr.json"]
    assert sorted(below) == ["a b/zarr.json", "a b/é%41/c/0/0", "a b/é%41/zarr.json"]


def test_what_is_denied_is_an_error(store):
    with pytest.raises(StoreAccessError, match=r"'secret/zarr\.json'"):
        terrazzo.open_array(store, path="secret", mode="r")


@pytest.mark.parametrize("wanted", [RangeByteRequest(3, 8), OffsetByteRequest(5), SuffixByteRequest(4)])
def test_ranges_are_read(store, wanted):
    async def both():
        prototype = numpy_buffer_prototype()
        whole = await store.get("plain/zarr.json", prototype)
        part = await store.get("plain/zarr.json", prototype, wanted)
        return whole.to_bytes(), part.to_bytes()

    whole, part = run_on_loop(both(), 30)
    assert part == part_of(whole, wanted)
