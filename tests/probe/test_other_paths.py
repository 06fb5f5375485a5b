"""Dead ends beside a path that works: what is said of them, beside what curl and a real Chromium
do."""

from __future__ import annotations

import dataclasses
import time
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from tests.chromium_verdict import OK, verdicts
from webapp.demo.chains import names_only
from webapp.demo.der import der
from webapp.demo.pki import days, extension, issue, issue_ca, name
from webapp.probe import Reason, check, trust_store
from webapp.probe.address import ConnectTo, Endpoint
from webapp.probe.chain import MOST_SERVED, Part, Weakness
from webapp.probe.der import SEQUENCE
from webapp.probe.diagnosis import diagnose
from webapp.probe.fields import take_apart
from webapp.probe.notes import Note
from webapp.probe.other_paths import MOST_CPU_SECONDS, other_path
from webapp.probe.steps import ChainSeen, Verdict
from webapp.words import diagnosis, diagnosis_verdict, transcript
from webapp.words import verdicts as verdict_words

EXTRAS = {Weakness.EXTRA, Weakness.EXTRA_EXPIRED}
DEAD_ENDS = ("unknown", "root-sent", "expired", "names", "no-ca", "above")


@pytest.fixture
def path_over(lab):
    return partial(trust_store.path_over, trust_store.trust(lab.ca_bundle))


@pytest.fixture
def at(lab, lab_settings):
    """The finding, the chain and the verdict of a diagnosis of a server that sends these
    certificates."""

    def at(hostname, leaf, *others, settings=lab_settings):
        host, port = lab.serve(hostname, leaf, *others)
        there = dataclasses.replace(settings, connect_to=(ConnectTo(hostname, host, port),))
        steps = list(diagnose(hostname, there, None, lambda *_: ()))
        return steps[-1], next(step.chain for step in steps if isinstance(step, ChainSeen))

    return at


def sent(label, issuer, *chain):
    """A leaf for this name with these certificates behind it, in DER."""
    return [each.der for each in (issue(f"{label}.lab.example", issuer=issuer), *chain)]


def test_browsers_open_what_is_said_to_be_trusted_by_browsers_only(lab, lab_settings):
    hosts = [f"dead-end-{label}.lab.example" for label in DEAD_ENDS]
    found = {host: check(host, lab_settings) for host in hosts}
    assert {verdict_words.title(one.state, one.reason, one) for one in found.values()} == {
        "Trusted by browsers only"
    }
    where = {host: lab.cases[host].addresses[0] for host in hosts}
    assert verdicts(hosts, where, [lab.root.pem]) == dict.fromkeys(hosts, OK)


@pytest.mark.parametrize("label", DEAD_ENDS)
def test_a_dead_end_is_named_and_the_path_that_works_is_kept(lab_settings, label):
    steps = list(diagnose(f"dead-end-{label}.lab.example", lab_settings, None, lambda *_: ()))
    chain = next(step.chain for step in steps if isinstance(step, ChainSeen))
    dead = {place.link.certificate.fingerprint for place in chain.dead_ends}
    told = transcript.support_text(steps, staff=False)
    assert dead
    assert all(fingerprint in told for fingerprint in dead)
    assert dead.isdisjoint(place.link.certificate.fingerprint for place in chain.other_path)
    assert not {remark.weakness for remark in steps[-1].remarks} & EXTRAS


def test_the_good_issuer_is_never_called_needless(at, lab):
    good = issue_ca("Issuing CA 2", issuer=lab.root)
    bad = issue_ca(good.name, issuer=issue_ca("Nobody's fourth Root"), key=good.key)
    leaf = issue("both-ways.lab.example", issuer=good)
    verdict, chain = at("both-ways.lab.example", leaf, bad, good)
    assert [place.part for place in chain.served] == [Part.NEEDED, Part.DEAD_END, Part.NEEDED]
    assert chain.missing is None
    assert verdict.finding.notes == {Note.OTHER_PATH_WORKS}
    mended, _ = at("left-out.lab.example", issue("left-out.lab.example", issuer=good), good)
    turned, _ = at("turned.lab.example", issue("turned.lab.example", issuer=good), good, bad)
    assert (mended.finding.reason, turned.finding.reason) == (Reason.OK, Reason.OK)


def test_a_leaf_that_has_expired_comes_before_a_dead_end_that_browsers_avoid(at, lab):
    good = issue_ca("Issuing CA 3", issuer=lab.root)
    bad = issue_ca(good.name, issuer=issue_ca("Nobody's fifth Root"), key=good.key)
    leaf = issue("old-leaf.lab.example", issuer=good, not_before=days(-99), not_after=days(-9.5))
    verdict, _ = at("old-leaf.lab.example", leaf, bad, good)
    assert verdict.finding.reason is Reason.EXPIRED
    assert Note.OTHER_PATH_WORKS in verdict.finding.notes
    assert (
        verdict_words.title(verdict.finding.state, Reason.EXPIRED, verdict.finding)
        == "Certificate expired"
    )


def test_two_dead_ends_are_both_named(at, lab):
    good = issue_ca("Issuing CA 4", issuer=lab.root)
    elsewhere = issue_ca(
        good.name, issuer=lab.root, key=good.key, extensions=[names_only("elsewhere.example")]
    )
    bad = [issue_ca(good.name, issuer=issue_ca("Nobody's Root 7"), key=good.key), elsewhere]
    _, chain = at("two-bad.lab.example", issue("two-bad.lab.example", issuer=good), *bad, good)
    assert [place.part for place in chain.served[1:3]] == [Part.DEAD_END] * 2


def test_without_a_path_that_works_no_certificate_is_called_needless(at, lab):
    upper = issue_ca("Upper CA 3", issuer=lab.root)
    lower = issue_ca("Lower CA 4", issuer=upper)
    verdict, chain = at("no-lower.lab.example", issue("no-lower.lab.example", issuer=lower), upper)
    assert chain.served[1].part is Part.UNPLACED
    assert not {remark.weakness for remark in verdict.remarks} & EXTRAS


def test_a_cross_sign_to_a_second_trusted_root_is_not_needless(at, lab, lab_settings, tmp_path):
    older = issue_ca("Older Root")
    cross = issue_ca(lab.root.name, issuer=older, key=lab.root.key)
    roots = tmp_path / "two-roots.pem"
    roots.write_text(lab.root.pem + older.pem)
    settings = dataclasses.replace(lab_settings, ca_bundle=roots)
    leaf = issue("crossed.lab.example", issuer=lab.intermediate)
    verdict, chain = at("crossed.lab.example", leaf, lab.intermediate, cross, settings=settings)
    assert (verdict.finding.reason, verdict.remarks) == (Reason.OK, ())
    assert chain.served[2].part is Part.OTHER_WAY


_FOR_CLIENTS = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]).public_bytes()


@pytest.mark.parametrize(
    "flaw",
    [
        {"key": rsa.generate_private_key(65537, 1024)},  # noqa: S505 - weak on purpose
        {"extensions": [extension(ExtensionOID.EXTENDED_KEY_USAGE, _FOR_CLIENTS)]},
        {"extensions": [names_only("elsewhere.example")]},
        {"not_after": days(-3)},
    ],
)
def test_a_path_that_browsers_refuse_as_well_is_none_that_works(lab, path_over, flaw):
    second = issue_ca("Issuing CA 5", issuer=lab.root, **flaw)
    first = issue_ca(second.name, issuer=issue_ca("Nobody's Root 6"), key=second.key)
    assert other_path(sent("refused-too", second, first, second), path_over) == ()


@pytest.mark.parametrize("count", [3, 30])
def test_the_good_one_is_found_behind_many_dead_ends(lab, path_over, count):
    good = issue_ca("Issuing CA 6", issuer=lab.root)
    bad = [
        issue_ca(good.name, issuer=issue_ca(f"Nobody's Root {n}"), key=good.key)
        for n in range(count)
    ]
    found = other_path(sent("many", good, *bad, good), path_over)
    assert found[1:] == (good.der, lab.root.der)


def test_a_hostile_chain_keeps_the_monitor_busy_for_a_moment_only(path_over):
    """Every certificate names several others as its issuer: more ways than could ever be tried."""
    names = [issue_ca(f"Maze {n}") for n in range(6)]
    maze = [issue_ca(a.name, issuer=b, key=a.key) for a in names for b in names if a is not b]
    chain = sent("maze", names[0], *maze)
    began = time.thread_time()
    assert other_path(chain, path_over) == ()
    assert time.thread_time() - began < 5 * MOST_CPU_SECONDS


def test_what_is_missing_is_told_from_what_was_sent(lab, lab_settings):
    told = {
        "incomplete-chain": Note.ONLY_LEAF_SENT,
        "sent-twice": Note.ONLY_LEAF_SENT,
        "first-missing": Note.ISSUER_NOT_SENT,
        "second-missing": Note.UPPER_ISSUER_NOT_SENT,
        "second-published": Note.UPPER_ISSUER_NOT_SENT,
        "untrusted-root-missing": Note.UPPER_ISSUER_NOT_SENT,
        "issuer-other-key": Note.ISSUER_OTHER_KEY,
        "second-other-key": Note.ISSUER_OTHER_KEY,
    }
    found = {label: check(f"{label}.lab.example", lab_settings) for label in told}
    assert {label: (one.reason, *one.notes) for label, one in found.items()} == {
        label: (Reason.INCOMPLETE_CHAIN, note) for label, note in told.items()
    }


OTHER_SERIAL = der(0xA1, der(0xA4, name(cn="Padlock Lab Root"))) + der(0x82, b"\x05")


@pytest.mark.parametrize(
    "identifier",
    [der(0x80, b"another key"), OTHER_SERIAL, der(0x82, b"\x05")],
    ids=["key", "issuer and serial", "serial"],
)
def test_a_leaf_that_names_another_certificate_of_its_issuer_is_told_as_that(lab, at, identifier):
    """OpenSSL takes no issuer that the leaf's authority key identifier does not fit
    (X509_check_akid)."""
    leaf = issue(
        "renewed.lab.example", issuer=lab.intermediate, authority_id=der(SEQUENCE, identifier)
    )
    found = at("renewed.lab.example", leaf, lab.intermediate)[0].finding
    assert (found.reason, *found.notes) == (Reason.INCOMPLETE_CHAIN, Note.ISSUER_OTHER_IDENTIFIER)
    assert found.curl == 60
    assert "names a different certificate of its issuer" in verdict_words.finding_text(found)


def test_a_leaf_that_names_its_issuers_certificate_by_serial_is_valid(lab, at):
    serial = take_apart(lab.intermediate.der).fields["serial"].body
    identifier = der(0xA1, der(0xA4, lab.root.name)) + der(0x82, serial)
    leaf = issue(
        "named.lab.example", issuer=lab.intermediate, authority_id=der(SEQUENCE, identifier)
    )
    assert at("named.lab.example", leaf, lab.intermediate)[0].finding.reason is Reason.OK


def test_an_issuer_far_down_a_long_list_was_sent_and_the_cut_is_said(lab, at):
    extra = issue_ca("Extra CA")
    others = [issue_ca("Extra CA", key=extra.key) for _ in range(MOST_SERVED)]
    leaf = issue("long.lab.example", issuer=lab.intermediate)
    chain = at("long.lab.example", leaf, *others, lab.intermediate)[1]
    assert [place.sent for place in chain.verified] == [True, True, False]
    assert (len(chain.served), chain.more) == (MOST_SERVED, 2)
    step = ChainSeen(Endpoint("192.0.2.1", 443), chain)
    assert diagnosis.tell(step, staff=True).parts[0].text == "2 more were sent and are not shown."


def test_where_an_intermediate_is_published_is_told(lab, lab_settings):
    verdict = list(diagnose("second-published.lab.example", lab_settings, None, lambda *_: ()))[-1]
    assert isinstance(verdict, Verdict)
    assert (
        "the certificate of Upper CA 2. Download it from http://ca.lab.example/1.der"
        in diagnosis_verdict.what_to_do(verdict)
    )
