import importlib.util

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from upath import UPath

import terrazzo
from terrazzo import config
from terrazzo.storage import FsspecStore, LocalStore, ObjectStore
from terrazzo.storage.path import make_store


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def without(monkeypatch):
    """Makes packages be not installed."""
    find = importlib.util.find_spec

    def hide(*names):
        monkeypatch.setattr("terrazzo.storage.urls.find_spec", lambda name: None if name in names else find(name))

    return hide


ANON = {"anon": True, "client_kwargs": {"region_name": "x"}}
S3 = {"region": "somewhere", "skip_signature": True}


@pytest.mark.parametrize(
    ("url", "options", "kind"),
    [
        ("s3://bucket/a/b", S3, "S3Store"),
        ("s3a://bucket/a/b", S3, "S3Store"),
        ("s3://bucket/a", {"anon": True, "client_kwargs": {"region_name": "x"}}, "S3Store"),
        ("s3://bucket/a", {"key": "k", "secret": "s", "endpoint_url": "http://127.0.0.1:9"}, "S3Store"),
        ("gs://bucket/a", {"skip_signature": True}, "GCSStore"),
        ("az://container/a", {"account_name": "me", "skip_signature": True}, "AzureStore"),
        ("http://127.0.0.1:9/a", None, "HTTPStore"),
        ("https://example.org/a", {}, "HTTPStore"),
    ],
)
def test_obstore_is_used_where_it_understands_the_options(url, options, kind):
    store = make_store(url, storage_options=options)
    assert type(store) is ObjectStore
    assert type(store.store).__name__ == kind
    assert not store.read_only
    assert make_store(url, storage_options=options, mode="r").read_only
    assert store == make_store(url, storage_options=options)


def test_obstore_gets_the_settings_of_retries():
    with config.set({"retry.max_attempts": 3, "retry.max_seconds": 7}):
        retry = make_store("https://example.org/a").store.retry_config
    assert retry["max_retries"] == 2
    assert retry["retry_timeout"].total_seconds() == 7


def test_names_of_options_are_translated():
    options = {"key": "k", "secret": "s", "token": "t", "client_kwargs": {"region_name": "x"}, "asynchronous": True}
    found = make_store("s3://bucket/a", storage_options=options).store.config
    assert {"access_key_id": "k", "secret_access_key": "s", "region": "x"}.items() <= found.items()
    assert "t" in found.values()


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://bucket/a", None),  # the region is not known, which botocore finds out
        ("s3://bucket/a", {"anon": True}),
        ("s3://bucket/a", {**ANON, "default_block_size": 5}),
        ("s3://bucket/a", {**ANON, "config_kwargs": {}}),
        ("s3://bucket/a", {**ANON, "requester_pays": "perhaps", "no_such_option": "x"}),
        ("s3://bucket/a", {"client_kwargs": {"region_name": "x", "verify": False}}),
        ("http://127.0.0.1:9/a", {"simple_links": False}),
        ("http://127.0.0.1:9/a", {"client_kwargs": {"trust_env": True}}),
        ("memory://a", {"asynchronous": False}),
    ],
)
def test_fsspec_is_used_where_it_knows_more(url, options):
    store = make_store(
        url, storage_options=options and {k: v for k, v in options.items() if k not in ("region", "skip_signature")}
    )
    assert type(store) is FsspecStore


def test_credentials_of_a_profile_are_botocores(monkeypatch, tmp_path):
    options = {"region": "somewhere"}
    assert type(make_store("s3://bucket/a", storage_options=options)) is ObjectStore
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").touch()
    assert type(make_store("s3://bucket/a", storage_options={"client_kwargs": {"region_name": "x"}})) is FsspecStore
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert type(make_store("s3://bucket/a", storage_options=options)) is ObjectStore


def test_fsspec_is_used_where_obstore_is_not_installed(without):
    without("obstore")
    assert type(make_store("http://127.0.0.1:9/a")) is FsspecStore
    assert type(make_store("s3://bucket/a", storage_options={"anon": True})) is FsspecStore


def test_obstore_is_used_where_nothing_else_is_installed(without):
    without("s3fs")
    assert type(make_store("s3://bucket/a")) is ObjectStore


@pytest.mark.parametrize("url", ["s3://bucket/a", "https://me:word@example.org/a", "gs://bucket", "az://container"])
def test_what_must_be_installed_is_named(without, url):
    without("obstore", "s3fs", "aiohttp", "gcsfs", "adlfs")
    with pytest.raises(ImportError, match=r"terrazzo\[remote\]") as caught:
        make_store(url)
    assert "word" not in str(caught.value)


def test_a_package_that_fsspec_misses_is_named():
    with pytest.raises(ImportError, match=r"hf:// needs .*terrazzo\[remote\]"):
        make_store("hf://datasets/a")


def test_a_mapper_and_a_universal_path_are_stores():
    terrazzo.create_array(FsspecStore.from_url("memory://urls/a"), data=[1, 2], overwrite=True)
    mapper = fsspec.get_mapper("memory://urls/a")
    assert type(make_store(mapper)) is FsspecStore
    assert terrazzo.open_array(mapper, mode="r")[...].tolist() == [1, 2]
    assert terrazzo.open_array(UPath("memory://urls/a"), mode="r")[...].tolist() == [1, 2]
    assert terrazzo.open_array(FsspecStore(MemoryFileSystem(), path="/urls/a"))[...].tolist() == [1, 2]
    with pytest.raises(TypeError, match="storage_options"):
        make_store(mapper, storage_options={"x": 1})


def test_a_universal_path_of_a_folder_is_a_folder(tmp_path):
    assert type(make_store(UPath(tmp_path))) is LocalStore


def test_what_obstore_cannot_make_a_store_of_is_an_error():
    with pytest.raises(ValueError, match=r"s3://bucket/a: .*Missing") as caught:
        make_store("s3://bucket/a", storage_options={"region": "x", "access_key_id": "the-key"})
    assert "the-key" not in str(caught.value)
