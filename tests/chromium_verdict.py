"""What a real Chromium says about the certificates that host names show."""

from __future__ import annotations

import ctypes.util
import os
import ssl
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scripts import browser as chromium
from scripts.demo import FLAGS

OK = "ok"
BAD_NAME = "net::ERR_CERT_COMMON_NAME_INVALID"
_ASK = """hosts => Promise.all(hosts.map(host =>
    fetch(`https://${host}/`, {mode: 'no-cors', cache: 'no-store'}).catch(() => {})))"""
_MAY_ASK_LOOPBACK = "--disable-features=LocalNetworkAccessChecks"


def verdicts(
    hosts: Iterable[str], where: Mapping[str, tuple[str, int]], roots: Iterable[str]
) -> dict[str, str]:
    """What Chromium says of `https://<host>/` for each of `hosts`: `OK`, or
    "net::ERR_CERT_AUTHORITY_INVALID".

    `hosts` are names as Chromium itself writes them: lower-case A-labels. `where` says at which
    address each is; "*" stands for all others. `roots` are the certificates to trust, in PEM. Skips
    the test where there is no Chromium.
    """
    path = chromium.find()
    nss = ctypes.util.find_library("nss3")
    if path is None or nss is None:
        pytest.skip("there is no Chromium here that can be told which roots to trust")
    # The first rule that fits counts; what fits none is not found, whoever knows it.
    ordered = sorted(where.items(), key=lambda each: each[0] == "*")
    rules = [f"MAP {host} {address}:{port}" for host, (address, port) in ordered]
    failed: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        _trust(nss, Path(home, ".pki", "nssdb"), roots)
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                *FLAGS,
                _MAY_ASK_LOOPBACK,
                f"--host-resolver-rules={', '.join([*rules, 'MAP * ^NOTFOUND'])}",
            ],
            env={**os.environ, "HOME": home},
        )
        page = browser.new_page()
        page.on(
            "requestfailed",
            lambda request: failed.update({request.url: request.failure or "failed"}),
        )
        asked = list(hosts)
        for start in range(0, len(asked), 100):
            page.evaluate(_ASK, asked[start : start + 100])
        page.evaluate("0")  # whatever has failed has been told by now
        browser.close()
    return {host: failed.get(f"https://{host}/", OK) for host in asked}


class _Item(ctypes.Structure):
    """NSS's SECItem: bytes."""

    _fields_ = (("type", ctypes.c_int), ("data", ctypes.c_char_p), ("len", ctypes.c_uint))


# TRUSTED_CA, VALID_CA; nothing for mail and for code
_ISSUES_FOR_SERVERS = (ctypes.c_uint * 3)(0x10 | 0x08, 0, 0)


def _trust(library: str, folder: Path, roots: Iterable[str]) -> None:
    """Make the certificate database of a user who trusts these roots: on Linux Chromium reads it.

    As `certutil` does, which is on fewer machines than NSS is.
    """
    folder.mkdir(parents=True)
    nss = ctypes.CDLL(library)
    for function in (
        nss.PK11_GetInternalKeySlot,
        nss.CERT_NewTempCertificate,
        nss.CERT_GetDefaultCertDB,
    ):
        function.restype = ctypes.c_void_p
    _done(nss.NSS_InitReadWrite(f"sql:{folder}".encode()))
    slot = ctypes.c_void_p(nss.PK11_GetInternalKeySlot())
    everywhere = ctypes.c_void_p(nss.CERT_GetDefaultCertDB())
    _done(nss.PK11_InitPin(slot, None, b""))
    for number, pem in enumerate(roots):
        der = ssl.PEM_cert_to_DER_cert(pem)
        item = _Item(0, der, len(der))
        root = ctypes.c_void_p(
            nss.CERT_NewTempCertificate(everywhere, ctypes.byref(item), None, 0, 1)
        )
        _done(nss.PK11_ImportCert(slot, root, ctypes.c_ulong(0), f"root {number}".encode(), 0))
        _done(nss.CERT_ChangeCertTrust(everywhere, root, _ISSUES_FOR_SERVERS))
        nss.CERT_DestroyCertificate(root)
    nss.PK11_FreeSlot(slot)
    _done(nss.NSS_Shutdown())


def _done(status: int) -> None:
    assert status == 0, "the certificate database cannot be written"
