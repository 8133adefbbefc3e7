"""Azure's blob storage as Azurite has it: the conformance suite, through obstore and through adlfs."""

import base64
import itertools
import os
from pathlib import Path

import numpy as np
import obstore.store
import pytest
from tests.storage.test_obstore import ObstoreTests

import terrazzo
from servers.processes import free_port, need, running
from terrazzo.buffer.cpu import Buffer
from terrazzo.storage import FsspecStore, ObjectStore
from terrazzo.testing import StoreTests

ACCOUNT, KEY = "tester", base64.b64encode(b"a key for tests").decode()
numbers = itertools.count()


@pytest.fixture(scope="module")
def endpoint():
    folder = Path(os.environ.get("SERVERS_FOLDER", "."), "node_modules", ".bin")
    program = need("azurite-blob", folder, how="npm install azurite")
    port = free_port()
    command = [program, "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--blobPort", str(port)]
    with running(command, port, AZURITE_ACCOUNTS=f"{ACCOUNT}:{KEY}"):
        yield f"http://127.0.0.1:{port}/{ACCOUNT}"


def options_for(endpoint):
    parts = {"DefaultEndpointsProtocol": "http", "AccountName": ACCOUNT, "AccountKey": KEY, "BlobEndpoint": endpoint}
    return {"connection_string": ";".join(f"{name}={value}" for name, value in parts.items())}


@pytest.fixture(scope="module")
def container(endpoint):
    pytest.importorskip("adlfs", reason="adlfs is not installed")
    import adlfs

    adlfs.AzureBlobFileSystem(**options_for(endpoint)).mkdir("container")
    return "container"


class TestThroughObstore(ObstoreTests):
    @pytest.fixture
    def store_kwargs(self, endpoint, container):
        place = {"prefix": f"p{next(numbers)}", "endpoint": endpoint, "client_options": {"allow_http": True}}
        return {"store": obstore.store.AzureStore(container, account_name=ACCOUNT, account_key=KEY, **place)}


@pytest.mark.filterwarnings("ignore:Sending a large body directly:ResourceWarning")  # adlfs gives it to aiohttp so
class TestThroughAdlfs(StoreTests[FsspecStore, Buffer]):
    store_cls = FsspecStore
    buffer_cls = Buffer

    @pytest.fixture
    def store_kwargs(self, endpoint, container):
        store = FsspecStore.from_url(f"abfs://{container}/p{next(numbers)}", options_for(endpoint))
        return {"fs": store.fs, "path": store.path}


def test_one_writes_what_the_other_reads(endpoint, container):
    client_options = {"allow_http": True}
    raw = obstore.store.AzureStore(
        container,
        prefix="both",
        endpoint=endpoint,
        account_name=ACCOUNT,
        account_key=KEY,
        client_options=client_options,
    )
    data = np.arange(100).reshape(10, 10)
    terrazzo.create_array(ObjectStore(raw), data=data, chunks=(2, 5), shards=(4, 10))
    other = terrazzo.open_array(f"abfs://{container}/both", storage_options=options_for(endpoint), mode="r+")
    assert np.array_equal(other[...], data)
    other[3, 3] = -1
    assert terrazzo.open_array(ObjectStore(raw))[3, 3] == -1
