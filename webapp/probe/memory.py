"""Whether OpenSSL, or what reads with it, failed for want of memory: that is ours, and says nothing
of a server."""

from __future__ import annotations

import errno

# The numbers of OpenSSL's error queue (openssl/err.h).
LIB_SYS = 2
_MALLOC_FAILURE = 0xC0100  # ERR_R_MALLOC_FAILURE, of whichever library


def is_short(library: int, reason: int) -> bool:
    """Whether an error with these numbers (ERR_GET_LIB, ERR_GET_REASON) means that there was no
    memory."""
    return reason == _MALLOC_FAILURE or (library, reason) == (LIB_SYS, errno.ENOMEM)


def raise_if_short(error: Exception) -> None:
    """Raises MemoryError where this error of a parser means that there was no memory. cryptography
    tells of that as an InternalError, with the numbers; without any, OpenSSL had no room to note
    them."""
    if isinstance(error, MemoryError):
        raise error
    codes = getattr(error, "err_code", None)
    if codes is not None and (not codes or any(is_short(code.lib, code.reason) for code in codes)):
        raise MemoryError(f"OpenSSL: {error}") from error
