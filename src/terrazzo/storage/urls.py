"""Stores of URLs: obstore where it is installed and understands the options, fsspec otherwise."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from terrazzo.abc.store import Store
from terrazzo.errors import quote
from terrazzo.settings import current_options
from terrazzo.storage import remote
from terrazzo.storage.failures import scrub, secrets_in

__all__ = ["store_of_url"]

S3_NAMES = {
    "key": "access_key_id",
    "secret": "secret_access_key",
    "token": "session_token",
    "anon": "skip_signature",
    "endpoint_url": "endpoint",
    "region_name": "region",
    "requester_pays": "request_payer",
}
GCS_NAMES = {"anon": "skip_signature"}
AZURE_NAMES = {"anon": "skip_signature"}
"""Options of s3fs, gcsfs and adlfs, and what obstore calls them. Its own names are understood, too."""

SCHEMES: dict[str, tuple[str, Mapping[str, str], str]] = {
    "s3": ("S3Store", S3_NAMES, "s3fs"),
    "s3a": ("S3Store", S3_NAMES, "s3fs"),
    "gs": ("GCSStore", GCS_NAMES, "gcsfs"),
    "gcs": ("GCSStore", GCS_NAMES, "gcsfs"),
    "az": ("AzureStore", AZURE_NAMES, "adlfs"),
    "abfs": ("AzureStore", AZURE_NAMES, "adlfs"),
    "abfss": ("AzureStore", AZURE_NAMES, "adlfs"),
    "http": ("HTTPStore", {}, "aiohttp"),
    "https": ("HTTPStore", {}, "aiohttp"),
}
"""For each scheme the class of obstore, names of options, and the package that fsspec needs."""


PLACE_OF_S3 = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT", "AWS_ENDPOINT_URL")


def store_of_url(url: str, storage_options: Mapping[str, Any] | None, *, read_only: bool) -> Store:
    """Make a store of a URL; nothing is asked of the server.

    Parameters
    ----------
    storage_options
        Of obstore, or of the file system of fsspec. obstore is used when it understands all of them.

    Raises
    ------
    ValueError
        There is no store for the scheme.
    ImportError
        A package is needed that is not installed.
    """
    scheme = url.partition("://")[0]
    options = dict(storage_options or {})
    if scheme in SCHEMES and find_spec("obstore") is not None:
        made = _with_obstore(url, options)
        if made is not None:
            from terrazzo.storage.obstore import ObjectStore

            return ObjectStore(made, read_only=read_only)
    if scheme in SCHEMES and find_spec(SCHEMES[scheme][2]) is None:
        raise ImportError(
            f"{scrub(url)} needs the package 'obstore' or {SCHEMES[scheme][2]!r}: pip install 'terrazzo[remote]'"
        )
    from fsspec.registry import known_implementations, registry

    first = scheme.split("::")[0]
    if first not in known_implementations and first not in registry:
        raise ValueError(
            f"there is no store for URLs of the scheme {quote(scheme)}; pass a local path, a URL of a scheme that "
            "fsspec knows, or an instance of a store"
        )
    from terrazzo.storage.fsspec import FsspecStore

    return FsspecStore.from_url(url, options, read_only=read_only)


def _with_obstore(url: str, options: dict[str, Any]) -> Any:
    """A store of obstore; None where fsspec knows better what to do with the URL and the options."""
    scheme = url.partition("://")[0]
    name, names, package = SCHEMES[scheme]
    config = _translated(options, names)
    if config is None or ("?" in url and name != "HTTPStore"):
        return None
    if name == "S3Store" and _needs_botocore(config) and find_spec(package) is not None:
        return None
    import obstore.exceptions
    import obstore.store

    client_options = dict(config.pop("client_options", None) or {})
    endpoint = url if name == "HTTPStore" else str(config.get("endpoint", ""))
    if endpoint.startswith("http://"):
        client_options.setdefault("allow_http", True)
    retry = config.pop("retry_config", None) or _retry_config()
    make: Callable[..., Any] = getattr(obstore.store, name).from_url
    try:
        return make(url.replace("s3a://", "s3://", 1), client_options=client_options, retry_config=retry, **config)
    except (obstore.exceptions.UnknownConfigurationKeyError, TypeError):
        return None
    except obstore.exceptions.BaseError as error:
        problem = str(error).partition("\n")[0]
    raise ValueError(scrub(f"{url}: {problem}", tuple(secrets_in(options))))


def _translated(options: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any] | None:
    """Options by obstore's names; None when one of them has none."""
    config: dict[str, Any] = {}
    for name, value in options.items():
        if name == "asynchronous" or value is None:
            continue
        if name == "client_kwargs":
            if not isinstance(value, Mapping) or not set(value) <= {"endpoint_url", "region_name"}:
                return None
            config.update({names.get(inner, inner): one for inner, one in value.items()})
        elif isinstance(value, (str, bool)) or name in ("client_options", "retry_config", "credential_provider"):
            config[names.get(name, name)] = value
        else:
            return None
    return config


def _needs_botocore(config: Mapping[str, Any]) -> bool:
    """Whether only botocore finds out what is not said: the region of a bucket, or credentials from a profile."""
    region = {"region", "aws_region", "endpoint", "aws_endpoint"}
    if not region.intersection(config) and not any(
        map(os.environ.get, ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT"))
    ):
        return True
    known = {"access_key_id", "aws_access_key_id", "skip_signature", "aws_skip_signature", "credential_provider"}
    if known.intersection(config) or os.environ.get("AWS_ACCESS_KEY_ID"):
        return False
    files = (os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"), "~/.aws/config")
    return bool(os.environ.get("AWS_PROFILE")) or any(Path(file).expanduser().exists() for file in files)


def _retry_config() -> dict[str, Any]:
    """``config["retry.*"]`` as obstore takes it."""
    retry = current_options().retry
    seconds = min(retry.max_seconds, 24 * 3600.0)
    backoff = {
        "init_backoff": timedelta(seconds=remote.FIRST_WAIT),
        "max_backoff": timedelta(seconds=remote.LONGEST_WAIT),
        "base": 2,
    }
    return {"max_retries": retry.max_attempts - 1, "retry_timeout": timedelta(seconds=seconds), "backoff": backoff}
