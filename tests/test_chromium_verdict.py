"""The eyes of a real Chromium, tried on certificates of which everybody knows what to think."""

from tests.chromium_verdict import BAD_NAME, OK, verdicts


def test_chromium_trusts_these_roots_and_no_other(lab):
    hosts = ("ok", "wrong-hostname", "self-signed", "refused", "nowhere")
    where = {
        f"{host}.lab.example": lab.cases[f"{host}.lab.example"].addresses[0] for host in hosts[:-1]
    }
    said = verdicts([f"{host}.lab.example" for host in hosts], where, [lab.root.pem])
    assert dict(zip(hosts, said.values(), strict=True)) == {
        "ok": OK,
        "wrong-hostname": BAD_NAME,
        "self-signed": "net::ERR_CERT_AUTHORITY_INVALID",
        "refused": "net::ERR_CONNECTION_REFUSED",
        "nowhere": "net::ERR_NAME_NOT_RESOLVED",
    }
    assert verdicts(["ok.lab.example"], where, []) == {
        "ok.lab.example": "net::ERR_CERT_AUTHORITY_INVALID"
    }
