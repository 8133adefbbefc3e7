"""Blocking functions and methods, made from the coroutines they mirror.

`mirror` makes a method: the class says with ``async_counterpart`` which object it stands for. `mirror_function` makes
a function, and calls the coroutine function with the arguments as they are. Both keep name, signature and docstring,
and both drive inline: where a store waits, the gate inside the coroutine moves to the background loop.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any, Concatenate, ParamSpec, TypeVar, overload

from terrazzo.runtime.drive import close_stream, next_item, run_inline

__all__ = ["mirror", "mirror_function", "mirror_function_items", "mirror_items", "mirror_stream", "stream"]

P = ParamSpec("P")
R = TypeVar("R")
W = TypeVar("W")


@overload
def mirror(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Any, P], R]: ...
@overload
def mirror(
    method: Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], wrap: Callable[[R], W]
) -> Callable[Concatenate[Any, P], W]: ...
def mirror(
    method: Callable[..., Coroutine[Any, Any, Any]], wrap: Callable[[Any], Any] | None = None
) -> Callable[..., Any]:
    """Make the blocking form of a coroutine method of the asynchronous counterpart.

    Parameters
    ----------
    method
        ``AsyncX.method``.
    wrap
        Turns the result into what a blocking caller gets, such as an ``Array`` for an ``AsyncArray``.
    """

    def blocking(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        result = run_inline(method(self.async_counterpart, *args, **kwargs))
        return result if wrap is None else wrap(result)

    return _like(blocking, method)


@overload
def mirror_function(function: Callable[P, Coroutine[Any, Any, R]]) -> Callable[P, R]: ...
@overload
def mirror_function(function: Callable[P, Coroutine[Any, Any, R]], wrap: Callable[[R], W]) -> Callable[P, W]: ...
def mirror_function(
    function: Callable[..., Coroutine[Any, Any, Any]], wrap: Callable[[Any], Any] | None = None
) -> Callable[..., Any]:
    """Make the blocking form of a coroutine function.

    Parameters
    ----------
    function
        Of ``terrazzo.api.asynchronous``.
    wrap
        Turns the result into what a blocking caller gets.
    """

    def blocking(*args: Any, **kwargs: Any) -> Any:
        result = run_inline(function(*args, **kwargs))
        return result if wrap is None else wrap(result)

    return _like(blocking, function)


def mirror_stream(
    method: Callable[Concatenate[Any, P], AsyncGenerator[R, None]], wrap: Callable[[R], W]
) -> Callable[Concatenate[Any, P], Iterator[W]]:
    """Make the blocking form of an asynchronous generator method: a generator that asks for one item at a time."""

    def blocking(self: Any, /, *args: Any, **kwargs: Any) -> Iterator[W]:
        for item in stream(method(self.async_counterpart, *args, **kwargs)):
            yield wrap(item)

    return _like(blocking, method)


def mirror_items(
    method: Callable[Concatenate[Any, P], AsyncGenerator[R, None]], wrap: Callable[[R], W]
) -> Callable[Concatenate[Any, P], Iterator[W]]:
    """Make the blocking form of an asynchronous generator method that changes a store: all is done when it returns.

    A generator would change nothing until somebody asks for its items.
    """

    def blocking(self: Any, /, *args: Any, **kwargs: Any) -> Iterator[W]:
        return iter([wrap(item) for item in stream(method(self.async_counterpart, *args, **kwargs))])

    return _like(blocking, method)


def mirror_function_items(
    function: Callable[P, AsyncGenerator[R, None]], wrap: Callable[[R], W]
) -> Callable[P, Iterator[W]]:
    """Make the blocking form of an asynchronous generator function; see ``mirror_items``."""

    def blocking(*args: Any, **kwargs: Any) -> Iterator[W]:
        return iter([wrap(item) for item in stream(function(*args, **kwargs))])

    return _like(blocking, function)


def stream(items: AsyncGenerator[R, None]) -> Iterator[R]:
    """Iterate over an asynchronous generator, driving it inline."""
    try:
        while (item := run_inline(next_item(items))) is not None:
            yield item[0]
    finally:
        run_inline(close_stream(items))


def _like(blocking: Callable[..., Any], original: Callable[..., Any]) -> Callable[..., Any]:
    """Give `blocking` the name, docstring and signature of `original`, without pretending to be a coroutine."""
    functools.update_wrapper(blocking, original)
    blocking.__signature__ = inspect.signature(original)  # type: ignore[attr-defined]
    del blocking.__wrapped__  # type: ignore[attr-defined]
    return blocking
