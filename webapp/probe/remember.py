"""Remembers what was read of the same bytes before. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

MOST_USUAL_BYTES = 4096  # of a certificate; those for a hundred names are no larger

P = ParamSpec("P")
T = TypeVar("T")


def remembered(
    entries: int, most_bytes: int
) -> Callable[[Callable[Concatenate[bytes, P], T]], Callable[Concatenate[bytes, P], T]]:
    """For a pure function of bytes: returns again what it has returned for the same ones.

    The last `entries` are remembered, and none of more than `most_bytes`: what hostile servers send
    must not fill the memory. What it raises is not remembered.
    """

    def decorate(read: Callable[Concatenate[bytes, P], T]) -> Callable[Concatenate[bytes, P], T]:
        known = cast("Callable[Concatenate[bytes, P], T]", lru_cache(entries)(read))

        @wraps(read)
        def remembered(data: bytes, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return (known if len(data) <= most_bytes else read)(data, *args, **kwargs)

        return remembered

    return decorate
