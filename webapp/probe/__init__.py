"""Asks TLS servers and says what it found.

Knows nothing of the site around it: settings come as arguments.

`check` answers for one name, `check_many` for an endless stream of them; `diagnosis.diagnose` takes
the long look, and is imported only where it is needed: it brings a DNS client along.
"""

from webapp.probe.address import ConnectTo
from webapp.probe.address_limits import AddressLimits
from webapp.probe.build_info import Roots, roots, versions
from webapp.probe.clean_text import clean
from webapp.probe.engine import Settings, check, check_many, probe
from webapp.probe.faults import Faults
from webapp.probe.finding import BY_SEVERITY, Certificate, Finding, Problem, Reason, State
from webapp.probe.hostname import NotCheckable, Refusal, parse, understand
from webapp.probe.notes import Note
from webapp.probe.protocols import DEFAULT_PORTS, HTTPS_PORT, Protocol, authority
from webapp.probe.unicode_names import to_unicode
from webapp.probe.waiting import Crew

__all__ = [
    "BY_SEVERITY",
    "DEFAULT_PORTS",
    "HTTPS_PORT",
    "AddressLimits",
    "Certificate",
    "ConnectTo",
    "Crew",
    "Faults",
    "Finding",
    "NotCheckable",
    "Note",
    "Problem",
    "Protocol",
    "Reason",
    "Refusal",
    "Roots",
    "Settings",
    "State",
    "authority",
    "check",
    "check_many",
    "clean",
    "parse",
    "probe",
    "roots",
    "to_unicode",
    "understand",
    "versions",
]
