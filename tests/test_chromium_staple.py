"""What docs/verdicts.md says of Chromium and OCSP staples, told by a real one."""

from tests.chromium_verdict import OK, verdicts
from webapp.probe.finding import Reason

REVOKED = "net::ERR_CERT_REVOKED"


def test_chromium_refuses_what_its_staple_revokes_and_opens_all_else(lab):
    cases = {name: case for name, case in lab.cases.items() if case.cert_status is not None}
    where = {name: case.addresses[0] for name, case in cases.items()}
    expected = {
        name: REVOKED if case.reason is Reason.REVOKED else OK for name, case in cases.items()
    }
    assert verdicts(where, where, [lab.root.pem]) == expected
