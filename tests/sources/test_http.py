"""Where sources connect to, and how long and how much they are listened to."""

import ssl
import time
from ipaddress import ip_address, ip_network

import pytest
from cryptography import x509

from tests.sources.conftest import clients
from tests.sources.panels import Answer, Whmcs
from webapp.demo import pki
from webapp.sources import registry


def redirect(url):
    return Answer(status=302, headers={"Location": url})


def test_no_redirect_to_another_host_is_followed(whmcs, add, run):
    source = add(whmcs)
    with Whmcs().running() as other:
        for url, host in (
            ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
            (f"{other.url}/billing/includes/api.php", f"127.0.0.1:{other.port}"),
            ("//elsewhere.example/", "elsewhere.example"),
            ("file:///etc/passwd", "?"),
        ):
            whmcs.trap = lambda asked, url=url: redirect(url)
            found = run(source)
            assert f"redirects to {host}." in found.stopped
        assert other.calls == 0
    whmcs.trap = lambda asked: (
        None if asked.path.startswith("/billing") else redirect("/billing/includes/api.php")
    )
    assert run(add(whmcs, path="/old", name="moved")).stopped is None
    whmcs.trap = lambda asked: redirect("/billing/includes/api.php")
    assert "again and again" in run(source).stopped


def test_addresses_that_may_not_be_asked_are_refused(add, run, instance):
    class At:
        credentials = {"identifier": "x", "secret": "y"}  # noqa: RUF012

    for number, host in enumerate(("169.254.169.254", "10.0.0.1", "[fd00::1]")):
        At.url = f"https://{host}"
        found = run(add(At, name=f"source {number}"))
        assert "may not connect to" in found.stopped
    instance.config["PADLOCK_CONNECT_TO"] = (("inner.example", "169.254.169.254", 443),)
    At.url = "https://inner.example"
    assert "169.254.169.254" in run(add(At, name="by name")).stopped


def test_http_is_for_this_machine_and_allowed_networks_only(add, instance):
    class At:
        credentials = {"identifier": "x", "secret": "y"}  # noqa: RUF012

    instance.config["PADLOCK_ALLOWED_NETWORKS"] = ()
    for host in ("example.com", "192.0.2.1", "127.0.0.1.example.com"):
        At.url = f"http://{host}"
        with pytest.raises(registry.BadValue, match="https://"):
            add(At)
    for url in (
        *("ftp://127.0.0.1", "127.0.0.1", "http://", "https://a b", "https://x:99999"),
        *("https://me:secret@example.com", "https://example.com/?key=1", "https://example.com/#x"),
    ):
        At.url = url
        with pytest.raises(registry.BadValue):
            add(At, path="")
    instance.config["PADLOCK_ALLOWED_NETWORKS"] = (ip_network("192.0.2.0/24"),)
    At.url = "http://inner.example"
    for address, allowed in (("192.0.2.7", True), ("198.51.100.7", False)):
        instance.config["PADLOCK_CONNECT_TO"] = (("inner.example:80", address, 80),)
        if allowed:
            add(At, name="inner")
        else:
            with pytest.raises(registry.BadValue, match="https://"):
                add(At, name="elsewhere")
    At.url = "http://192.0.2.1"
    add(At)
    for number, host in enumerate(("localhost", "[::1]", "127.0.0.2")):
        At.url = f"http://{host}:8080"
        add(At, name=f"source {number}")


def test_credentials_that_no_header_can_hold_are_refused(whmcs, add):
    for kind, name, value in (
        ("paymenter", "token", "key\n"),
        ("fossbilling", "api_key", "schlüssel"),
        ("whmcs", "secret", "a\r\nb"),
    ):
        with pytest.raises(registry.BadValue, match="line break"):
            add(whmcs, kind, credentials={name: value})


def test_a_whole_answer_has_a_deadline_and_a_size(whmcs, add, run, instance):
    instance.config["PADLOCK_SOURCES_TIMEOUT"] = 0.5
    source = add(whmcs)
    whmcs.trap = lambda asked: Answer(pieces=(b"{",) * 30)
    started = time.monotonic()
    assert "within 1 second" in run(source).stopped
    assert time.monotonic() - started < 2
    instance.config["PADLOCK_SOURCES_TIMEOUT"] = 10.0
    whmcs.trap = lambda asked: Answer(b" " * (33 * 2**20))
    assert "larger than 32 MB" in run(source).stopped
    assert clients(source) == {}


def test_a_server_that_is_silent_or_away_is_told(whmcs, add, run, instance):
    instance.config["PADLOCK_SOURCES_TIMEOUT"] = 0.5
    source = add(whmcs)
    whmcs.url = "http://127.0.0.1:1"
    assert "can't be reached: Connection refused" in run(add(whmcs, name="away")).stopped
    assert source


@pytest.fixture
def authority(instance, tmp_path):
    """An authority that the site trusts; what it makes is served by a context."""
    root = pki.issue_ca("Sources Root")
    bundle = tmp_path / "roots.pem"
    bundle.write_text(root.pem)
    instance.config["PADLOCK_CA_BUNDLE"] = bundle

    def context(**facts):
        names = [x509.DNSName("panel.lab.example"), x509.IPAddress(ip_address("127.0.0.1"))]
        san = x509.SubjectAlternativeName(names).public_bytes()
        made = {"issuer": root, "san": san} | facts
        leaf = pki.issue("panel.lab.example", **made)
        file = tmp_path / "leaf.pem"
        file.write_text(leaf.pem + leaf.key_pem)
        found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        found.load_cert_chain(file)
        return found

    return context


def test_a_fault_of_tls_is_told_with_its_diagnosis_and_nothing_is_sent(
    authority, add, run, instance
):
    cases = {
        "Certificate expired": {"not_after": pki.days(-1), "not_before": pki.days(-60)},
        "Self-signed certificate": {"issuer": None},
        "Certificate for another name": {"names": "x.example"},
    }
    for number, (title, facts) in enumerate(cases.items()):
        names = facts.pop("names", None)
        if names:
            facts["san"] = x509.SubjectAlternativeName([x509.DNSName(names)]).public_bytes()
        with Whmcs().cast().running(authority(**facts)) as panel:
            by_address = add(panel, name=f"address {number}")
            instance.config["PADLOCK_CONNECT_TO"] = (
                (f"panel.lab.example:{panel.port}", "127.0.0.1", panel.port),
            )
            panel.url = f"https://panel.lab.example:{panel.port}"
            for source in (by_address, add(panel, name=f"name {number}")):
                assert title in run(source).stopped
            assert panel.calls == 0


def test_a_panel_with_a_good_certificate_is_read(authority, add, run):
    with Whmcs().cast().running(authority()) as panel:
        assert run(add(panel)).stopped is None
