import errno
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import aiohttp
import obstore.exceptions
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from terrazzo.errors import StoreAccessError, StoreError, StoreTimeoutError, StoreUnavailableError
from terrazzo.storage.failures import failure_of, safe_cause, scrub, secrets_in


def of_http(status, **headers):
    return aiohttp.ClientResponseError(SimpleNamespace(real_url="http://x"), (), status=status, headers=headers)


def of_s3(status, code="Code", **headers):
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}
    return ClientError(response, "GetObject")


def caused(error, cause):
    error.__cause__ = cause
    return error


def of_obstore(text):
    return obstore.exceptions.GenericError(text)


@pytest.mark.parametrize(
    ("error", "kind", "passes"),
    [
        (of_http(403), StoreAccessError, False),
        (of_http(401), StoreAccessError, False),
        (of_http(429), StoreUnavailableError, True),
        (of_http(500), StoreUnavailableError, True),
        (of_http(503), StoreUnavailableError, True),
        (of_http(400), StoreError, False),
        (of_http(501), StoreError, False),
        (aiohttp.ClientPayloadError("cut"), StoreUnavailableError, True),
        (aiohttp.ServerDisconnectedError(), StoreUnavailableError, True),
        (ConnectionResetError(errno.ECONNRESET, "reset"), StoreUnavailableError, True),
        (TimeoutError(), StoreTimeoutError, True),
        (aiohttp.ServerTimeoutError(), StoreTimeoutError, True),
        (ReadTimeoutError(endpoint_url="x"), StoreTimeoutError, True),
        (EndpointConnectionError(endpoint_url="x"), StoreUnavailableError, True),
        (of_s3(403), StoreAccessError, False),
        (of_s3(503), StoreUnavailableError, True),
        (caused(OSError("of s3fs"), of_s3(500)), StoreUnavailableError, True),
        (PermissionError(errno.EACCES, "denied"), StoreAccessError, False),
        (OSError(errno.EIO, "broken"), StoreError, False),
        (of_obstore("Server returned non-2xx status code: 503 x, after 3 retries"), StoreUnavailableError, True),
        (of_obstore("HTTP error: error sending request\n TimedOut"), StoreTimeoutError, True),
        (of_obstore("HTTP error: error sending request"), StoreUnavailableError, True),
        (of_obstore("Unable to open (os error 13)"), StoreAccessError, False),
        (of_obstore("Unable to write (os error 28)"), StoreError, False),
        (obstore.exceptions.PermissionDeniedError("no"), StoreAccessError, False),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, BaseException) else None,
)
def test_an_error_of_a_client_is_understood(error, kind, passes):
    failure = failure_of(error)
    assert failure.error is kind
    assert failure.is_passing is passes
    assert not failure.is_absent


@pytest.mark.parametrize(
    "error",
    [
        FileNotFoundError("x"),
        of_http(404),
        of_http(410),
        caused(FileNotFoundError("x"), of_s3(404, "NoSuchKey")),
        caused(FileNotFoundError("x"), KeyError("x")),
        of_obstore("Unable to open file (os error 20)"),
    ],
)
def test_not_found_is_absent(error):
    assert failure_of(error).is_absent


@pytest.mark.parametrize(
    "error",
    [
        caused(FileNotFoundError("x"), of_http(403)),
        caused(FileNotFoundError("x"), of_http(500)),
        caused(FileNotFoundError("x"), ConnectionResetError()),
        caused(FileNotFoundError("x"), TimeoutError()),
        caused(FileNotFoundError("The specified bucket does not exist"), of_s3(404, "NoSuchBucket")),
        FileNotFoundError("Server returned non-2xx status code: 404 <Code>NoSuchBucket</Code>"),
    ],
    ids=str,
)
def test_what_is_only_called_not_found_is_an_error(error):
    assert not failure_of(error).is_absent


@pytest.mark.parametrize(
    "error",
    [
        FileExistsError("x"),
        ValueError("x"),
        KeyError("x"),
        obstore.exceptions.PreconditionError("x"),
        obstore.exceptions.AlreadyExistsError("x"),
    ],
)
def test_what_is_no_failure_of_a_store_is_left_alone(error):
    assert failure_of(error) is None


def test_what_an_error_tells_beside_is_kept():
    assert failure_of(of_obstore("status code: 500, after 3 retries, max_retries: 3")).attempts == 4
    assert failure_of(of_obstore("Unable to write (os error 28)")).number == errno.ENOSPC
    assert failure_of(of_http(429, **{"Retry-After": "7"})).retry_after == 7
    assert failure_of(of_s3(503, **{"retry-after": "0.5"})).retry_after == 0.5
    assert failure_of(of_http(429, **{"Retry-After": "soon"})).retry_after is None
    assert failure_of(of_http(429)).retry_after is None
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=100))
    assert 90 < failure_of(of_http(503, **{"Retry-After": then})).retry_after < 101
    assert failure_of(of_http(503, **{"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"})).retry_after is None


def test_causes_that_go_in_circles_come_to_an_end():
    first, second = OSError("first"), OSError("second")
    first.__cause__, second.__cause__ = second, first
    assert failure_of(first).error is StoreError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET http://me:word@host/x failed", "GET http://***@host/x failed"),
        ("'https://host/x?X-Amz-Signature=abc&y=1'", "'https://host/x?***'"),
        ("the word is abcdef", "the word is ***"),
        ("nothing to hide: a?b", "nothing to hide: a?b"),
    ],
)
def test_credentials_are_not_shown(text, shown):
    assert scrub(text, ("abcdef",)) == shown


def test_secrets_are_found_in_options():
    options = {
        "key": "k-1",
        "secret": b"s-2",
        "anon": False,
        "region": "somewhere",
        "client_kwargs": {"headers": {"Authorization": "Bearer abc"}, "url": "http://host/plain"},
        "nested": [{"sas_token": "t-3"}, ("http://user:pass@host",)],
        "password": "",
    }
    assert sorted(secrets_in(options)) == sorted(["k-1", "s-2", "Bearer abc", "t-3", "user", "pass"])


def test_a_cause_is_kept_unless_it_would_tell():
    harmless = caused(OSError("broken"), ValueError("too"))
    assert safe_cause(harmless, ("secret",)) is harmless
    telling = caused(OSError("broken"), ValueError("at http://me:word@host"))
    shown = safe_cause(telling, ())
    assert str(shown) == "OSError: broken, from ValueError: at http://***@host"
    assert shown.__cause__ is None
