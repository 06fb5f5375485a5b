"""An ssl context that staples any bytes at all.

The ssl module has no such call, and pyOpenSSL's OpenSSL staples nothing that it cannot read, or
that is about another certificate.
"""

from __future__ import annotations

import _ssl
import ctypes
import ssl

# SSL_CTRL_SET_TLSEXT_STATUS_REQ_CB, …_OCSP_RESP (openssl/tls1.h)
SET_STATUS_CALLBACK = 63
SET_STATUS_ANSWER = 71
SEND = 0  # SSL_TLSEXT_ERR_OK
POSSIBLE = ssl.OPENSSL_VERSION_INFO < (3, 6)  # later ones read what they staple

_openssl = ctypes.CDLL(_ssl.__file__)  # whatever it is linked to
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_openssl.SSL_CTX_callback_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, _Callback)
_openssl.SSL_ctrl.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p)
_openssl.CRYPTO_malloc.argtypes = (ctypes.c_size_t, ctypes.c_char_p, ctypes.c_int)
_openssl.CRYPTO_malloc.restype = ctypes.c_void_p

_kept: list[object] = []  # OpenSSL calls them as long as their context lives


def staple(context: ssl.SSLContext, answer: bytes) -> None:
    """Staple these bytes to every handshake of this context."""

    @_Callback
    def give(connection: int, _argument: int) -> int:
        copy = _openssl.CRYPTO_malloc(len(answer), b"", 0)  # OpenSSL frees it
        ctypes.memmove(copy, answer, len(answer))
        _openssl.SSL_ctrl(connection, SET_STATUS_ANSWER, len(answer), copy)
        return SEND

    _kept.append(give)
    # The first field of CPython's PySSLContext is its SSL_CTX.
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__)
    _openssl.SSL_CTX_callback_ctrl(pointer, SET_STATUS_CALLBACK, give)
