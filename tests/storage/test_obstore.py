import pytest
from obstore.store import LocalStore, MemoryStore

from terrazzo.storage import ObjectStore
from tests import servers
from tests.storage.contract import a_store_survives_pickling, contract

MAKE = {
    "memory": lambda folder: ObjectStore(MemoryStore()),
    "local": lambda folder: ObjectStore(LocalStore(folder, mkdir=True, automatic_cleanup=True)),
    "s3": lambda folder: servers.s3_through_obstore(),
}


@pytest.fixture(params=MAKE)
def kind(request):
    return request.param


@contract
def test_the_contract_is_kept(check, drive, kind, tmp_path):
    if (kind, check) == ("memory", a_store_survives_pickling):
        return  # as obstore says; below
    store = MAKE[kind](tmp_path)
    drive(store, check(store))
