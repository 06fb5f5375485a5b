"""What curl says about the same host: its error number, and the command to run."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote
from types import MappingProxyType
from typing import Protocol

from webapp.probe.finding import Problem, Reason
from webapp.probe.protocols import HTTPS_PORT, authority
from webapp.words.chain_faults import Facts
from webapp.words.reasons import WORDS

CERT_STATUS_FAILED = 91  # what curl --cert-status ends with where the staple is not good
CURL_ERRORS: Mapping[int, str] = MappingProxyType(
    {
        1: "Unsupported protocol",
        6: "Could not resolve host",
        7: "Failed to connect",
        8: "Weird server reply",
        28: "Operation timed out",
        35: "TLS handshake failed",
        52: "Empty reply from server",
        56: "Failure when receiving data from the peer",
        60: "SSL certificate problem",
    }
)


class CurlFacts(Facts, Protocol):
    """The same, with the number that curl ends with; None where a check has not yet said it."""

    @property
    def curl(self) -> int | None: ...


class AskedFacts(Facts, Protocol):
    """The same, with what was asked, and where."""

    @property
    def hostname(self) -> str | None: ...
    @property
    def address(self) -> str | None: ...
    @property
    def address_port(self) -> int | None: ...


def curl_number(reason: Reason, facts: CurlFacts) -> int | None:
    """The number that `curl_command` ends with there; None where curl is not sent at all."""
    usual = WORDS[reason].curl
    if usual is None:
        return None
    if only_stapled(facts):
        return CERT_STATUS_FAILED
    return usual if facts.curl is None else facts.curl


def only_stapled(facts: Facts) -> bool:
    """Whether only the server's own OCSP staple tells what is wrong."""
    each = [one if isinstance(one, Problem) else Problem(**one) for one in facts.problems]
    return bool(each) and all(problem.stapled for problem in each)


def curl_command(
    hostname: str,
    address: str | None = None,
    address_port: int | None = None,
    *,
    port: int = HTTPS_PORT,
    stapled: bool = False,
) -> str:
    """The command with which a person sees the same on the machine that hosts the monitor; it asks
    where we asked when that was another port than the name's own. `stapled`: only the server's OCSP
    staple tells what is wrong, at which curl has to be told to look."""
    url = quote(f"https://{authority(hostname, port)}")
    command = f"curl --max-time 10 {'--cert-status ' if stapled else ''}-v {url}"
    if address is None or address_port in (None, port):
        return command
    where = f"[{address}]" if ":" in address else address
    return f"{command} --connect-to {quote(f'{hostname}:{port}:{where}:{address_port}')}"


def command_for(facts: AskedFacts, *, stapled: bool | None = None) -> str:
    """`curl_command` for a finding, or for what is stored of one."""
    return curl_command(
        facts.hostname or "",
        facts.address,
        facts.address_port,
        port=facts.port,
        stapled=only_stapled(facts) if stapled is None else stapled,
    )
