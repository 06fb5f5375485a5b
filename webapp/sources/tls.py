"""What is wrong with the certificate of a panel: Padlock's own diagnosis of it."""

from __future__ import annotations

import ssl
from dataclasses import replace
from urllib.parse import urlsplit

from webapp import probe
from webapp.probe.judge import reason_of_error
from webapp.sources.fault import Fault


def fault_of(error: BaseException, url: str, settings: probe.Settings) -> Fault:
    """The fault for this error of a handshake.

    The server is checked as any name is; what a check does not take, such as an address, goes by
    OpenSSL's own error.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or probe.HTTPS_PORT
    finding = probe.check(probe.authority(host, port), replace(settings, ports=(port,)))
    known = finding.state is probe.State.INVALID and finding.reason is not None
    reason = finding.reason if known else _by_openssl(error)
    return Fault("tls", reason=str(reason or probe.Reason.HANDSHAKE_FAILED), host=host)


def _by_openssl(error: BaseException | None) -> probe.Reason | None:
    """The reason of the verify error behind an error of `requests`."""
    for _ in range(10):  # each wraps another
        if error is None:
            return None
        if isinstance(error, ssl.SSLCertVerificationError):
            return reason_of_error(error.verify_code)
        inner = [error.__cause__, error.__context__, getattr(error, "reason", None), *error.args]
        error = next((one for one in inner if isinstance(one, BaseException)), None)
    return None
