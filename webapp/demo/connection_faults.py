"""The lab's cases that come to no handshake: no TLS, one that ends early, no answer, or an address
that must not be asked."""

from __future__ import annotations

import ssl

from cryptography import x509

from webapp.demo import behaviours
from webapp.demo.behaviours import answers, http_answer, says
from webapp.demo.der import der
from webapp.demo.endings import ALERT, HANG_UP, RESET, leaves
from webapp.demo.loopback import Lab
from webapp.demo.pki import days, extension
from webapp.demo.servers import does, only, points, shows, wants_client
from webapp.probe.der import OCTET_STRING
from webapp.probe.finding import Reason
from webapp.probe.notes import Note


def add_to(lab: Lab) -> None:
    """Start every server that comes to no handshake, and name those that must not be asked."""
    _no_tls(lab)
    _no_handshake(lab)
    _no_end_of_the_handshake(lab)
    _no_answer(lab)
    _forbidden(lab)


def _no_tls(lab: Lab) -> None:
    page = http_answer("400 Bad Request", body="This is a plain HTTP server.\n")
    lab.add("plain-http", Reason.NO_TLS, "Answers in plain HTTP", does(answers(page)))
    lab.add("ssh", Reason.NO_TLS, "An SSH server", does(says(behaviours.SSH_BANNER)))
    lab.add("smtp", Reason.NO_TLS, "A mail server", does(says(behaviours.SMTP_BANNER)))
    lab.add("garbage", Reason.NO_TLS, "Answers with garbage", does(answers(behaviours.GARBAGE)))


def _no_handshake(lab: Lab) -> None:
    reason = Reason.HANDSHAKE_FAILED
    lab.add(
        "alert", reason, "TLS alert handshake_failure", does(answers(behaviours.HANDSHAKE_FAILURE))
    )
    lab.add("reset", reason, "Resets the connection after the ClientHello", does(behaviours.resets))
    lab.add("hangs-up", reason, "Hangs up after the ClientHello", does(behaviours.hangs_up))
    old = does(answers(behaviours.TLS_1_0_HELLO))
    weight = extension(
        x509.ObjectIdentifier("1.3.6.1.5.5.7.1.9998"), der(OCTET_STRING, bytes(120_000))
    )
    about = "A certificate message of more than 100 kB"
    lab.add("oversized", reason, about, shows(extensions=[weight]), notes=[Note.ENDED_BY_US])
    lab.add("tls-1-0", reason, "Speaks TLS 1.0 only", old, notes=[Note.ENDED_BY_US])
    lab.add(
        "protocol-version",
        reason,
        "TLS alert protocol_version",
        does(answers(behaviours.PROTOCOL_VERSION)),
    )
    sizeless = does(answers(behaviours.TLS_1_2_HELLO + 40 * behaviours.EMPTY_RECORD))
    lab.add("empty-records", reason, "Sends empty TLS records", sizeless, notes=[Note.ENDED_BY_US])
    lab.add("refused", Reason.REFUSED, "Nothing listens on the port", Lab.refuse)


def _no_end_of_the_handshake(lab: Lab) -> None:
    """Servers that leave after their certificate, or after the client's Finished, by version of
    TLS."""
    reason = Reason.HANDSHAKE_FAILED
    old = only(ssl.TLSVersion.TLSv1_2)
    new = only(ssl.TLSVersion.TLSv1_3)
    for label, setup, records in (("1-2", old, 2), ("1-3", new, 4)):
        about = f"after its certificate (TLS {label.replace('-', '.')})"
        resets, hangs_up = (
            shows(setup=setup, talk=leaves(how, records=records)) for how in (RESET, HANG_UP)
        )
        lab.add(f"resets-{label}", reason, f"Resets {about}", resets)
        lab.add(f"leaves-{label}", reason, f"Hangs up {about}", hangs_up)
    for how, about in ((RESET, "Resets"), (HANG_UP, "Hangs up"), (ALERT, "Sends an alert")):
        server = shows(setup=old, talk=leaves(how))
        lab.add(
            f"{how.replace(' ', '-')}-late-1-2",
            reason,
            f"{about} after the client's Finished (TLS 1.2)",
            server,
        )
    differs = "curl considers the handshake finished, sends its request, and gets no response"
    left = shows(setup=new, talk=leaves(HANG_UP))
    about = "Hangs up after the client's Finished (TLS 1.3)"
    lab.add("hang-up-late-1-3", reason, about, left, curl=(52,), differs=differs)
    wants = wants_client(ssl.TLSVersion.TLSv1_2, lab.ca_bundle)
    asked = shows(setup=wants, talk=leaves(HANG_UP))
    about = "Wants a client certificate, and hangs up without one"
    lab.add("client-certificate-left", reason, about, asked, notes=[Note.CLIENT_CERTIFICATE_WANTED])
    reset = shows(
        setup=old, talk=leaves(RESET, records=2), not_before=days(-99), not_after=days(-9.5)
    )
    differs = "curl reads the certificate first and stops there"
    about = "Resets after its certificate, which has expired"
    lab.add(
        "resets-expired", reason, about, reset, others=[Reason.EXPIRED], curl=(60,), differs=differs
    )


def _no_answer(lab: Lab) -> None:
    stalls = answers(behaviours.TLS_1_2_HELLO)
    lab.add("silent", Reason.TIMEOUT, "Accepts, and never says a word", does(behaviours.silent))
    lab.add("stalls", Reason.TIMEOUT, "Stops in the middle of the handshake", does(stalls))
    lab.add("drips", Reason.TIMEOUT, "One byte a second, for ever", does(behaviours.drips))
    if lab.dead:
        lab.add("no-syn", Reason.TIMEOUT, "Its address does not answer at all", points(lab.dead))


def _forbidden(lab: Lab) -> None:
    private = points(("10.0.0.1", 443))
    metadata = points(("169.254.169.254", 443))
    link_local = points(("fe80::1", 443))
    nat64 = points(("64:ff9b::a9fe:a9fe", 443))
    lab.add("private", Reason.BLOCKED, "Points to a private address", private)
    lab.add("metadata", Reason.BLOCKED, "Points to a cloud's metadata address", metadata)
    lab.add(
        "all-private",
        Reason.BLOCKED,
        "Three addresses, none of them public",
        private,
        link_local,
        nat64,
    )
    lab.add("nat64-metadata", Reason.BLOCKED, "A cloud's metadata address by way of NAT64", nat64)
