"""The long look, at every server of the lab: what it says to do, which address is bad, and curl's
own number."""

from __future__ import annotations

import errno
import json
import re
import shlex
import socket
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_network

import pytest

from tests.demo.test_lab import _curl, curl  # noqa: F401 - the latter is a fixture
from webapp.demo.chains import CA_1_AT
from webapp.demo.diagnosis_cases import ORIGINS
from webapp.demo.fine_print import LANDING
from webapp.monitor.diagnosis.codec import dump_step, load_step
from webapp.probe import connection
from webapp.probe.address import ConnectTo, Endpoint
from webapp.probe.chain import Part, Weakness
from webapp.probe.diagnosis import diagnose
from webapp.probe.finding import Reason
from webapp.probe.notes import Note
from webapp.probe.steps import (
    AddressAsked,
    AddressesCompared,
    ChainSeen,
    DnsAnswer,
    Failure,
    HttpAnswer,
    NamesCovered,
    Origin,
    OriginAsked,
    SecondCertificate,
    Verdict,
)
from webapp.words import certificates, chain_faults, curl_errors, diagnosis, transcript, website

# What to do, one row a reason: words that have to be in what the customer reads, and in what the
# technician reads.
TO_DO = {
    Reason.OK: ("Nothing to do", "Nothing to do"),
    Reason.EXPIRED: ("new certificate", "Renew the certificate"),
    Reason.NOT_YET_VALID: ("previous certificate", "clock"),
    Reason.CHAIN_EXPIRED: ("issuer's current certificates", "Replace the chain file"),
    Reason.SELF_SIGNED: ("public certificate authority", "default certificate"),
    Reason.UNTRUSTED_ISSUER: ("public certificate authority", "production"),
    Reason.INCOMPLETE_CHAIN: ("missing intermediate", "fullchain.pem"),
    Reason.WRONG_HOSTNAME: ("certificate for this name", "virtual host"),
    Reason.WRONG_PURPOSE: ("certificate for web servers", "serverAuth"),
    Reason.WEAK_CRYPTO: ("current key", "2048 bits"),
    Reason.REVOKED: ("new key", "new key"),
    Reason.CHAIN_INVALID: ("hosting provider", ""),  # `BROKEN` has the rest
    Reason.NO_TLS: ("turn on HTTPS", "443"),
    Reason.HANDSHAKE_FAILED: ("HTTPS settings", "TLS 1.2"),
    Reason.REFUSED: ("turn on HTTPS", "firewall"),
    Reason.DNS_NOT_FOUND: ("domain is registered", "A or AAAA record"),
    Reason.DNS_FAILED: ("few minutes", "name server"),
    Reason.TIMEOUT: ("few minutes", "firewall"),
    Reason.UNREACHABLE: ("few minutes", "routing"),
    Reason.BLOCKED: ("public address", "PADLOCK_ALLOWED_NETWORKS"),
    Reason.NOT_CHECKABLE: ("correct the domain", "Domain field"),
    Reason.MONITOR_ERROR: ("Nothing to do on your side", "log"),
}
# The same for each way in which a chain breaks a rule.
BROKEN = {
    "path-length": ("from an issuer that the certificate authority allows", "pathlen"),
    "issuer-no-ca": ("public certificate authority", "CA:TRUE"),
    "name-constraints": ("may issue one for this name", "name constraints"),
    "name-excluded": ("may issue one for this name", "name constraints"),
    "constraints-odd": ("another certificate authority", "name constraints"),
    "too-long": ("fewer issuers", "closer to the root"),
    "critical-extension": ("without that requirement", "critical"),
    "bad-signature": ("original files", "key identifiers"),
    "ca-for-clients": ("meant for websites", "serverAuth"),
}
WEAK = {
    "wrong-order": {Weakness.CHAIN_ORDER},
    "sent-twice": {Weakness.SENT_TWICE},
    "root-sent": {Weakness.ROOT_SENT},
    "extra-certificates": {Weakness.EXTRA},
    "extra-expired": {Weakness.EXTRA_EXPIRED},
    "expired-twin": {Weakness.EXTRA_EXPIRED},
    "weak-digest": {Weakness.SHA1},
    "weak-key": {Weakness.SHORT_KEY},
    "tls-1-2": {Weakness.OLD_TLS},
    "long-lived": {Weakness.LONG_LIFETIME},
    "no-secure-renegotiation": {Weakness.OLD_TLS, Weakness.NO_SECURE_RENEGOTIATION},
    "ok": set(),
    "refused": set(),
}


def no_aliases(hostname, seconds):
    return ()


@pytest.fixture(scope="module")
def contacts_before(lab):
    return {name: lab.contacts(name) for name in (LANDING,)}


@pytest.fixture(scope="module")
def diagnoses(lab, lab_settings, contacts_before):
    """The steps of every case of the lab, by its host name."""

    def steps(name):
        return list(diagnose(name, lab_settings, ORIGINS.get(name, (None,))[0], no_aliases))

    with ThreadPoolExecutor(16) as pool:
        return dict(zip(lab.cases, pool.map(steps, lab.cases), strict=True))


@pytest.fixture
def of(diagnoses):
    """The steps of one kind, or the one of them, at a server of the lab."""

    def of(label, kind, *, every=False):
        found = [step for step in diagnoses[f"{label}.lab.example"] if isinstance(step, kind)]
        return found if every else found[0]

    return of


def fields(step, *, staff):
    return dict(diagnosis.tell(step, staff=staff).facts)


def test_every_diagnosis_ends_with_the_verdict_of_the_padlock(lab, diagnoses):
    found = {name: steps[-1].finding.reason for name, steps in diagnoses.items()}
    assert found == {name: case.reason for name, case in lab.cases.items()}


def test_what_to_do_is_right_at_every_server(lab, diagnoses):
    for name, case in lab.cases.items():
        told = [fields(diagnoses[name][-1], staff=staff) for staff in (False, True)]
        verdict = diagnoses[name][-1]
        if not (
            case.reason is Reason.OK
            and (verdict.odd or verdict.second_is_bad or verdict.finding.notes)
        ):
            for_customer, for_staff = (
                BROKEN.get(name.removesuffix(".lab.example")) or TO_DO[case.reason]
            )
            if Note.OTHER_PATH_WORKS in case.notes:
                for_customer = "remove"
                for_staff = "Remove"
            assert for_customer in told[0]["What to do"], name
            assert for_staff in told[1]["What to do"], name


def test_a_green_that_needs_something_never_says_that_there_is_nothing_to_do(diagnoses):
    for label in ("browsers-ed25519", "must-staple", "two-expired", "two-faced"):
        steps = diagnoses[f"{label}.lab.example"]
        told = [diagnosis.tell(steps[-1], staff=staff) for staff in (False, True)]
        assert "Nothing to do" not in f"{told}", label
    refused = diagnoses["browsers-ed25519.lab.example"]
    assert diagnosis.tell(refused[-1], staff=False).heading == "Valid, but browsers may refuse it"
    assert "Note: Browsers may refuse this certificate: Chrome" in transcript.support_text(
        refused, staff=False
    )


def _lookup_failing(error):
    def lookup(hostname):
        raise error

    return lookup


def test_what_to_do_is_right_without_a_server(lab_settings):
    without = replace(lab_settings, connect_to=())
    ways = {
        Reason.DNS_NOT_FOUND: replace(
            without, lookup=_lookup_failing(socket.gaierror(socket.EAI_NONAME, "unknown"))
        ),
        Reason.DNS_FAILED: replace(
            without, lookup=_lookup_failing(socket.gaierror(socket.EAI_AGAIN, "later"))
        ),
        Reason.MONITOR_ERROR: replace(without, lookup=_lookup_failing(RuntimeError("ours"))),
    }
    for reason, settings in ways.items():
        verdict = list(diagnose("shop.example", settings, None, no_aliases))[-1]
        assert verdict.finding.reason is reason
        assert TO_DO[reason][1] in fields(verdict, staff=True)["What to do"]
    verdict = list(diagnose("no name", lab_settings))[-1]
    assert TO_DO[verdict.finding.reason][0] in fields(verdict, staff=False)["What to do"]


def test_every_reason_has_its_row():
    assert set(TO_DO) == set(Reason)


def test_the_number_is_the_one_that_curl_ends_with_at_every_server(lab, diagnoses, curl):  # noqa: F811
    asked = [(case, address) for case in lab.cases.values() for address in case.askable]
    with ThreadPoolExecutor(16) as pool:
        real = dict(zip(asked, pool.map(lambda one: _curl(curl, lab, *one), asked), strict=True))
    ours = {(step.finding.hostname, step.endpoint): step.curl for step in _addresses(diagnoses)}
    assert {
        (case.hostname, Endpoint(*address)): number for (case, address), number in real.items()
    } == ours


def _addresses(diagnoses):
    return [
        step for steps in diagnoses.values() for step in steps if isinstance(step, AddressAsked)
    ]


def test_the_transcript_ends_with_that_number_and_openssls(lab, diagnoses):
    for name, case in lab.cases.items():
        text = transcript.transcript(diagnoses[name])
        if not case.curl:
            assert text == "", name
            continue
        verdict = diagnoses[name][-1]
        assert f"\ncurl: ({verdict.curl}) " in text, name
        if curl_errors.only_stapled(verdict.finding):
            assert "--cert-status: (91) certificate revoked" in text, name
        elif verdict.finding.problems:
            code = next(problem.code for problem in verdict.finding.problems if not problem.stapled)
            assert f"OpenSSL verify error {code}" in text, name


def test_of_two_addresses_the_bad_one_is_pointed_out(lab, of):
    good, bad = (Endpoint(*address) for address in lab.cases["two-faced.lab.example"].addresses)
    compared = of("two-faced", AddressesCompared)
    verdict = of("two-faced", Verdict)
    assert (compared.leading, [one.endpoint for one in compared.odd]) == (good, [bad])
    assert verdict.odd[0].finding.reason is Reason.EXPIRED
    told = diagnosis.tell(verdict, staff=True)
    assert told.heading == "Valid, not at every address"
    assert "Renew" in dict(told.facts)[f"What to do at {bad.address} port {bad.port}"]


def test_each_address_is_asked_by_itself(of):
    first, second = sorted(of("two-faced", AddressAsked, every=True), key=lambda step: step.curl)
    assert first.fingerprint != second.fingerprint
    assert (first.finding.tls_version, first.cipher, first.alpn) == (
        "TLSv1.3",
        "TLS_AES_256_GCM_SHA384",
        "http/1.1",
    )


def test_a_dead_address_beside_a_living_one_is_odd(of):
    assert [one.finding.reason for one in of("dead-first", Verdict).odd] == [Reason.REFUSED]


def test_an_address_without_a_route_from_here_is_not_odd(lab, lab_settings, monkeypatch):
    real = connection._socket_towards

    def no_ipv6(endpoint):
        if ":" in endpoint.address:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")
        return real(endpoint)

    monkeypatch.setattr(connection, "_socket_towards", no_ipv6)
    name = "ok.lab.example"
    host, port = lab.cases["ok.lab.example"].addresses[0]
    both = (ConnectTo(name, "::1", port), ConnectTo(name, host, port))
    steps = list(diagnose(name, replace(lab_settings, connect_to=both), None, no_aliases))
    assert (steps[-1].finding.reason, steps[-1].odd) == (Reason.OK, ())
    assert Reason.UNREACHABLE in {
        step.finding.reason for step in steps if isinstance(step, AddressAsked)
    }


@pytest.mark.parametrize("label", WEAK)
def test_weaknesses_are_notes(of, label):
    assert {remark.weakness for remark in of(label, Verdict).remarks} == WEAK[label]


def test_every_weakness_has_a_server():
    assert set().union(*WEAK.values()) == set(Weakness)


def test_a_lifetime_is_told_with_its_limit(of):
    remark = of("long-lived", Verdict).remarks[0]
    assert remark.days == 331  # and a second, which counts as a day
    assert (
        f"is valid for 331 days. Public CAs were limited to {remark.limit} "
        in chain_faults.weakness_text(remark)
    )


def test_what_is_missing_is_named_and_never_fetched(of):
    missing = of("incomplete-chain", ChainSeen).chain.missing
    assert (missing.name, missing.addresses) == ("Padlock Lab CA 1, Padlock Lab", (CA_1_AT,))
    assert CA_1_AT in fields(of("incomplete-chain", Verdict), staff=True)["What to do"]


def test_the_chain_as_served_stands_beside_the_chain_as_verified(of):
    chain = of("extra-certificates", ChainSeen).chain
    assert [place.part for place in chain.served] == [
        Part.NEEDED,
        Part.NEEDLESS,
        Part.NEEDLESS,
        Part.NEEDED,
    ]
    assert [place.sent for place in chain.verified] == [True, True, False]
    expired = of("chain-expired", ChainSeen).chain
    assert [problem.code for place in expired.verified for problem in place.problems] == [10]


def test_the_certificate_of_a_server_that_left_is_shown_with_how_it_left(of):
    assert of("resets-expired", ChainSeen).chain.served[0].link.certificate.issuer
    said = fields(of("resets-expired", AddressAsked), staff=True)["OpenSSL"]
    assert "certificate has expired" in said
    assert "reset by peer" in said


def test_names_are_told_with_and_without_www(of):
    names = of("ok", NamesCovered)
    assert (names.covered, names.sibling, names.sibling_covered) == (
        True,
        "www.ok.lab.example",
        False,
    )
    assert not of("wrong-hostname", NamesCovered).covered


SECOND = {
    "fine": ("RSA", Reason.OK, "it is valid."),
    "expired": ("RSA", Reason.EXPIRED, "it expired {days} days ago."),
    "expired-1-2": ("RSA", Reason.EXPIRED, "it expired {days} days ago."),
    "names": ("RSA", Reason.WRONG_HOSTNAME, "it is for a different name."),
    "issuers": ("RSA", Reason.UNTRUSTED_ISSUER, "its issuer is not trusted."),
    "chains": ("RSA", Reason.INCOMPLETE_CHAIN, "its certificate chain is incomplete."),
    "mirrored": ("ECDSA", Reason.EXPIRED, "it expired {days} days ago."),
}


@pytest.mark.parametrize("label", SECOND)
def test_a_second_certificate_is_judged_and_told(of, label):
    signing, reason, what = SECOND[label]
    second = of(f"two-{label}", SecondCertificate)
    verdict = of(f"two-{label}", Verdict)
    # Days are counted by the calendar, and the laboratory may be older than midnight.
    days = (second.finding.checked_at.date() - second.finding.certificate.not_after.date()).days
    what = what.format(days=days)
    assert (second.signing, second.finding.reason) == (signing, reason)
    assert (verdict.second, verdict.finding.reason) == (second, Reason.OK)
    for staff in (False, True):
        told = diagnosis.tell(second, staff=staff)
        sentence = certificates.second_text(second)
        assert (
            sentence
            == told.text
            == f"Visitors whose browser prefers {signing} get a different certificate: {what}"
        )
        told = diagnosis.tell(verdict, staff=staff)
        assert (sentence in told.notes) == (
            f"What to do about the {signing} certificate" in dict(told.facts)
        )
        assert (
            (sentence in told.notes)
            == (told.heading == "Valid, not in every browser")
            == (reason is not Reason.OK)
        )


def test_the_text_for_the_provider_names_a_bad_second_certificate(diagnoses):
    text = transcript.support_text(diagnoses["two-expired.lab.example"], staff=True)
    assert re.search(r"get a different certificate: it expired (9|10) days ago\.", text)
    assert "Renew the certificate" in text
    assert transcript.support_text(diagnoses["two-fine.lab.example"], staff=True) == ""


def test_a_server_with_one_certificate_has_no_second_and_says_nothing_of_it(lab, diagnoses):
    with_second = {
        name
        for name, steps in diagnoses.items()
        if any(isinstance(s, SecondCertificate) for s in steps)
    }
    assert with_second == {f"two-{label}.lab.example" for label in SECOND}
    assert {
        steps[-1].second is None for name, steps in diagnoses.items() if name not in with_second
    } == {True}


def test_a_second_certificate_takes_one_handshake_more(lab, lab_settings):
    for label, more in (("two-expired", 1), ("ok", 1), ("refused", 0), ("alert", 0)):
        name = f"{label}.lab.example"
        before = lab.contacts(name)
        seen = list(diagnose(name, lab_settings, None, no_aliases))
        https = sum(isinstance(step, HttpAnswer) and step.secure for step in seen)
        looks = sum(step.connected for step in seen if isinstance(step, AddressAsked))
        assert lab.contacts(name) - before == looks + https + more, label


def test_the_command_for_a_second_certificate_shows_it(of):
    second = of("two-expired", SecondCertificate)
    ran = subprocess.run(
        shlex.split(certificates.second_command(second)), input=b"", capture_output=True, timeout=20
    )
    pem = ran.stdout[
        ran.stdout.index(b"-----BEGIN") : ran.stdout.index(b"-----END CERTIFICATE-----") + 25
    ]
    shown = sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).hexdigest()
    assert shown == second.finding.certificate.fingerprint


def test_a_diagnosis_with_a_second_certificate_passes_through_redis(of):
    second = of("two-expired", SecondCertificate)
    verdict = of("two-expired", Verdict)
    for step in (second, verdict):
        assert load_step(json.loads(json.dumps(dump_step(step)))) == step


def test_http_is_asked_and_never_followed(lab, of, contacts_before):
    redirect = of("redirect", HttpAnswer).answer
    assert (redirect.status, redirect.location.startswith("http://127.0.0.1")) == (301, True)
    assert lab.contacts(LANDING) == contacts_before[LANDING]
    kept, plain = of("well-kept", HttpAnswer, every=True)
    assert "max-age=31536000" in kept.answer.hsts
    assert (plain.secure, plain.answer.to_https) == (False, True)
    assert not of("http-500", HttpAnswer, every=True)[1].answer.to_https


def test_the_website_is_read_where_browsers_get_in_and_curl_does_not(of):
    assert of("no-secure-renegotiation", HttpAnswer).answer.status == 200


def test_a_website_for_visitors_with_a_certificate_is_not_told_as_broken(of):
    answer = of("client-certificate-1-3", HttpAnswer).answer
    assert answer.failure is Failure.TLS
    assert "closed before an answer came" in website.HTTP_FAILURES[answer.failure]


@pytest.mark.parametrize("name", ORIGINS)
def test_where_a_name_leads_is_told_from_its_server(of, name):
    asked = of(name.removesuffix(".lab.example"), OriginAsked)
    assert (asked.server, asked.origin) == ORIGINS[name]
    assert asked.finding.reason is Reason.OK
    verdict = of(name.removesuffix(".lab.example"), Verdict)
    assert verdict.origin is asked.origin
    said = website.ORIGINS[asked.origin]
    assert fields(verdict, staff=False).get(said.label) == (
        None if asked.origin is Origin.HERE else said.customer
    )


@pytest.mark.parametrize(
    "server", ["10.0.0.1", "64:ff9b::a00:1", "203.0.114.7", "::ffff:203.0.114.7"]
)
def test_a_server_that_may_not_be_asked_is_not(lab_settings, guard, server):
    settings = replace(lab_settings, denied_networks=(ip_network("203.0.114.0/24"),))
    asked = [
        s
        for s in diagnose("moved-away.lab.example", settings, server)
        if isinstance(s, OriginAsked)
    ]
    assert asked[0].finding.reason is Reason.BLOCKED
    assert guard.attempts == []


def test_a_blocked_name_gets_no_connection_at_all(of, guard):
    dns = of("all-private", DnsAnswer)
    assert (dns.reason, dns.askable) == (Reason.BLOCKED, ())
    assert [stray.address for stray in dns.stray] == ["10.0.0.1", "fe80::1", "64:ff9b::a9fe:a9fe"]
    assert (
        of("all-private", AddressAsked, every=True)
        == of("all-private", HttpAnswer, every=True)
        == []
    )
    assert guard.attempts == []


@pytest.mark.parametrize("label", ["half-private", "half-link-local", "half-nat64"])
def test_an_address_that_must_not_be_asked_is_a_remark_beside_a_good_one(of, guard, label):
    (stray,) = of(label, DnsAnswer).stray
    verdict = of(label, Verdict)
    assert [step.endpoint.address for step in of(label, AddressAsked, every=True)] == ["127.0.0.1"]
    assert (verdict.finding.reason, verdict.finding.stray, verdict.odd) == (Reason.OK, (stray,), ())
    for step in (of(label, DnsAnswer), verdict):
        assert any(stray.address in note for note in diagnosis.tell(step, staff=True).notes)
    assert guard.attempts == []


@pytest.mark.parametrize(
    "label", ["half-private", "half-link-local", "half-nat64", "all-private", "private"]
)
def test_clients_never_read_an_address_that_must_not_be_asked(lab, diagnoses, label):
    name = f"{label}.lab.example"
    read = [str(diagnosis.tell(step, staff=False)) for step in diagnoses[name]]
    read.append(transcript.support_text(diagnoses[name], staff=False))
    for address, _ in set(lab.cases[name].addresses) - set(lab.cases[name].askable):
        assert not any(address in text for text in read)


def test_a_long_list_of_addresses_that_must_not_be_asked_is_hidden_from_clients_too(
    lab_settings, lab
):
    private = [f"10.0.0.{n}" for n in range(1, 40)]
    settings = replace(lab_settings, connect_to=(), lookup=lambda name: ["127.0.0.1", *private])
    dns = list(diagnose("shop.example", settings, None, no_aliases))[1]
    assert len(dns.stray) == len(diagnosis.tell(dns, staff=True).notes) == 8
    assert "10.0.0." not in str(diagnosis.tell(dns, staff=False))


def test_plain_http_goes_by_the_same_gate(lab_settings, guard):
    there = (ConnectTo("ok.lab.example:80", "64:ff9b::a9fe:a9fe", 80),)
    settings = replace(lab_settings, connect_to=there + lab_settings.connect_to)
    answers = [
        step
        for step in diagnose("ok.lab.example", settings, None, no_aliases)
        if isinstance(step, HttpAnswer)
    ]
    assert [answer.secure for answer in answers] == [True]
    assert guard.attempts == []


def test_the_support_text_has_all_that_a_provider_needs(diagnoses):
    for staff in (True, False):
        text = transcript.support_text(diagnoses["expired.lab.example"], staff=staff)
        for part in (
            "Site: expired.lab.example",
            "Certificate expired",
            "X509_V_ERR 10",
            "SHA-256",
        ):
            assert part in text
        # A setting says where this name is asked: the command would tell a client.
        assert ("curl --max-time 10 -v" in text) == staff
    assert transcript.support_text(diagnoses["ok.lab.example"], staff=True) == ""


def test_the_aliases_are_told_where_dns_was_asked(lab_settings):
    settings = replace(
        lab_settings, connect_to=(), lookup=lambda name: ["127.0.0.1"], allowed_networks=()
    )
    dns = list(
        diagnose("shop.example", settings, None, lambda name, seconds: ("edge.cdn.example",))
    )[1]
    assert (dns.aliases, dns.addresses, dns.askable) == (("edge.cdn.example",), ("127.0.0.1",), ())


@pytest.mark.parametrize(
    "jargon", ["SAN", "TLS", "leaf", "X509", "handshake", "SNI", "curl", "OpenSSL", "PADLOCK"]
)
def test_customers_read_no_jargon(diagnoses, jargon):
    told = [diagnosis.tell(step, staff=False) for steps in diagnoses.values() for step in steps]
    read = {
        text
        for one in told
        for text in (one.heading, one.text, *one.notes, *(label for label, _ in one.facts))
    }
    cures = {value for one in told for label, value in one.facts if label.startswith("What to do")}
    assert [text for text in read | cures if re.search(rf"\b{jargon}", text)] == []
