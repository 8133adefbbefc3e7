"""What an error of somebody's client for a remote store means, and what of it may be told.

The clients have no common class: some give a status of HTTP, some a cause that has it, some only a text. What counts:
an absent key is something else than anything that merely looks like it, some failures pass, and no message, nor the
cause that a traceback would print below it, shows a credential.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from terrazzo.errors import StoreAccessError, StoreError, StoreTimeoutError, StoreUnavailableError

__all__ = ["Failure", "failure_of", "safe_cause", "scrub", "secrets_in"]

CLIENTS = frozenset(
    {"adlfs", "aiobotocore", "aiohttp", "azure", "botocore", "fsspec", "gcsfs", "google", "httpx", "obstore"}
    | {"requests", "s3fs", "smbprotocol", "urllib3"}
)
"""Packages whose errors are failures of a store."""

OUTCOMES = frozenset({"AlreadyExistsError", "PreconditionError", "NotModifiedError", "UnknownConfigurationKeyError"})
"""Errors that are the answer to a question, and no failure."""

BROKEN = re.compile(
    r"ClientPayload|ClientOS|ServerDisconnected|ClientConnect|ConnectionClosed|EndpointConnection|HTTPClient"
    r"|IncompleteRead|ResponseStreaming|ContentLength|ProtocolError|ServiceRequest|ServiceResponse"
)
"""Names of errors of clients that say that a connection broke."""

BROKEN_TEXT = re.compile(
    r"error (?:sending request|decoding response body|reading a body)|connection (?:closed|reset|refused)"
    r"|broken pipe|unexpected eof|incomplete|end of file before|HTTP error: request or response body error"
)
TIMEOUT_TEXT = re.compile(r"timed out|TimedOut|kind: Timeout")
STATUS_TEXT = re.compile(r"status code: (\d{3})")
SYSTEM_TEXT = re.compile(r"\(os error (\d+)\)")
ATTEMPTS_TEXT = re.compile(r"after (\d+) retries")
NO_PLACE_TEXT = re.compile(r"NoSuchBucket|ContainerNotFound|bucket does not exist", re.IGNORECASE)
"""It is not the key that is missing, but all of the place where keys are."""

ABSENT = frozenset({404, 410})
DENIED = frozenset({401, 403, 407})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
BEYOND_THE_END = 416

SECRET_NAME = re.compile(
    r"key|secret|token|passw|credential|auth|sas|signature|connection_string|cookie|^user", re.IGNORECASE
)
USER_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+@")
QUERY_OF_URL = re.compile(r"(://[^\s'\"?]*)\?[^\s'\")>]+")
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known of an error.

    Attributes
    ----------
    error
        The class to raise.
    is_absent
        Whether it says, beyond doubt, that there is no such key.
    is_passing
        Whether trying again may help.
    status
        Of HTTP, where there is one.
    retry_after
        Seconds that the server asked to wait.
    attempts
        How often the client has tried already.
    number
        Of the operating system's error, where there is one.
    """

    error: type[StoreError]
    is_absent: bool = False
    is_passing: bool = False
    status: int | None = None
    retry_after: float | None = None
    attempts: int = 1
    number: int | None = None


def failure_of(error: BaseException) -> Failure | None:
    """Understand an error; None when it is no failure of a store."""
    if type(error).__name__ in OUTCOMES or isinstance(error, FileExistsError):
        return None
    chain = list(_chain(error))
    if not any(isinstance(one, (OSError, TimeoutError)) or _package(one) in CLIENTS for one in chain):
        return None
    text = str(error)
    tried = ATTEMPTS_TEXT.search(text)
    attempts = int(tried[1]) + 1 if tried else 1
    system = SYSTEM_TEXT.search(text) if _package(error) == "obstore" else None
    if system:
        number = int(system[1])
        kind = StoreAccessError if number in (errno.EACCES, errno.EPERM, errno.EROFS) else StoreError
        return Failure(kind, is_absent=number in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR), number=number)
    status = next(filter(None, map(_status, chain)), None)
    if status is not None:
        return _failure_of_status(status, chain, attempts)
    if any(map(_is_timeout, chain)) or TIMEOUT_TEXT.search(text):
        return Failure(StoreTimeoutError, is_passing=True, attempts=attempts)
    if any(_is_broken(one) for one in chain):
        return Failure(StoreUnavailableError, is_passing=True, attempts=attempts)
    if isinstance(error, FileNotFoundError):
        return Failure(StoreError, is_absent=True)
    if any(isinstance(one, PermissionError) or "PermissionDenied" in type(one).__name__ for one in chain):
        return Failure(StoreAccessError, attempts=attempts)
    return Failure(StoreError, attempts=attempts)


def _failure_of_status(status: int, chain: list[BaseException], attempts: int) -> Failure:
    if status in ABSENT:
        return Failure(StoreError, is_absent=not any(NO_PLACE_TEXT.search(str(one)) for one in chain), status=status)
    if status in DENIED:
        return Failure(StoreAccessError, status=status)
    if status in PASSING or status > 505:
        wait = next(filter(None, map(_retry_after, chain)), None)
        return Failure(StoreUnavailableError, False, True, status, wait, attempts)
    return Failure(StoreError, status=status)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _package(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError) or "Timeout" in type(error).__name__


def _is_broken(error: BaseException) -> bool:
    if isinstance(error, (ConnectionError, EOFError)):
        return True
    if _package(error) not in CLIENTS:
        return False
    return bool(BROKEN.search(type(error).__name__) or BROKEN_TEXT.search(str(error)))


def _status(error: BaseException) -> int | None:
    """The status of HTTP that an error carries."""
    if isinstance(error, OSError) and _package(error) not in CLIENTS:
        found = STATUS_TEXT.search(str(error)) if isinstance(error, (FileNotFoundError, PermissionError)) else None
        return int(found[1]) if found else None
    if type(error).__module__ == "aiohttp.http_exceptions":
        return None  # what they give as a status is what a server should have answered to such a request
    for look in STATUS_OF:
        candidate = look(error)
        if isinstance(candidate, int) and 100 <= candidate < 600:
            return candidate
    found = STATUS_TEXT.search(str(error))
    return int(found[1]) if found else None


def _metadata(error: BaseException) -> Mapping[str, Any]:
    response = getattr(error, "response", None)
    found = response.get("ResponseMetadata") if isinstance(response, Mapping) else None
    return found if isinstance(found, Mapping) else {}


STATUS_OF: tuple[Callable[[BaseException], Any], ...] = (
    lambda error: getattr(error, "status", None),
    lambda error: getattr(error, "status_code", None),
    lambda error: _metadata(error).get("HTTPStatusCode"),
    lambda error: None if _package(error) == "aiohttp" else getattr(error, "code", None),  # where it is deprecated
)
"""Where errors of clients have the status."""


def _retry_after(error: BaseException) -> float | None:
    """Seconds that a server asked to wait, which it says as a number or as a date."""
    headers = getattr(error, "headers", None) or _metadata(error).get("HTTPHeaders") or {}
    if not isinstance(headers, Mapping):
        return None
    said = headers.get("Retry-After") or headers.get("retry-after")
    if said is None:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


# -- credentials


def secrets_in(options: object, name: str = "") -> Iterator[str]:
    """Texts in the options of a client that must not be shown."""
    if isinstance(options, Mapping):
        for key, value in options.items():
            yield from secrets_in(value, str(key))
    elif isinstance(options, (list, tuple)):
        for value in options:
            yield from secrets_in(value, name)
    elif isinstance(options, (str, bytes)):
        text = options if isinstance(options, str) else options.decode(errors="replace")
        if SECRET_NAME.search(name) and len(text) > 2:
            yield text
        user = USER_IN_URL.search(text)
        if user:
            yield from (part for part in user[0][:-1].split(":") if len(part) > 2)


def scrub(text: str, secrets: tuple[str, ...] = ()) -> str:
    """A text without credentials: those that are known, and whatever a URL may carry them in."""
    text = QUERY_OF_URL.sub(rf"\1?{HIDDEN}", USER_IN_URL.sub(f"{HIDDEN}@", text))
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return text


def safe_cause(error: BaseException, secrets: tuple[str, ...]) -> BaseException:
    """What may be shown as the cause of an error: itself, or what it says without credentials."""
    chain = list(_chain(error))
    said = [f"{type(one).__name__}: {one!r} {getattr(one, '__notes__', '')}" for one in chain]
    if all(scrub(text, secrets) == text for text in said):
        return error
    told = [f"{type(one).__name__}: {scrub(str(one), secrets)}" for one in chain]
    return StoreError(", from ".join(told)[:2000])
