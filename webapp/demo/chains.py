"""The lab's chains: dead ends beside a path that works, missing issuers, and chains that break a
rule."""

from __future__ import annotations

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from webapp.demo.der import der, integer
from webapp.demo.loopback import Lab
from webapp.demo.pki import Identity, days, extension, issue, issue_ca
from webapp.demo.servers import shows
from webapp.probe.finding import Reason
from webapp.probe.notes import Note

CA_1_AT = "http://ca.lab.example/1.der"  # where the missing intermediate is published
_AT = x509.AccessDescription(
    AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(CA_1_AT)
)
PUBLISHED_AT = extension(
    ExtensionOID.AUTHORITY_INFORMATION_ACCESS, x509.AuthorityInformationAccess([_AT]).public_bytes()
)


def add_to(lab: Lab) -> None:
    """Start every server whose chain is the matter."""
    _dead_ends(lab)
    _missing_issuers(lab)
    _broken_rules(lab)


def names_only(*permitted: str, excluded: tuple[str, ...] = ()) -> bytes:
    """The extension of a CA that may issue for some names only (RFC 5280, 4.2.1.10)."""
    bounds = x509.NameConstraints(
        [x509.DNSName(name) for name in permitted] or None,
        [x509.DNSName(name) for name in excluded] or None,
    )
    return extension(ExtensionOID.NAME_CONSTRAINTS, bounds.public_bytes(), critical=True)


def _dead_ends(lab: Lab) -> None:
    """One issuer with two certificates of the same name and key; the first that is sent leads
    nowhere."""
    good = issue_ca("Issuing CA", issuer=lab.root)
    nobody = issue_ca("Nobody's third Root")
    old = issue_ca("Old CA", issuer=lab.root, not_after=days(-200))
    below_nobody = issue_ca(good.name, issuer=nobody, key=good.key)
    below_old = issue_ca(good.name, issuer=old, key=good.key)
    elsewhere = issue_ca(
        good.name, issuer=lab.root, key=good.key, extensions=[names_only("elsewhere.example")]
    )
    no_ca = issue("issuing.lab.example", subject=good.name, key=good.key, issuer=lab.root)

    def add(
        label: str, reason: Reason, about: str, *chain: Identity, issuer: Identity = good
    ) -> None:
        works = [Note.OTHER_PATH_WORKS]
        lab.add(f"dead-end-{label}", reason, about, shows(issuer=issuer, chain=chain), notes=works)

    add(
        "unknown",
        Reason.INCOMPLETE_CHAIN,
        "The issuer by an unknown root, then the good one",
        below_nobody,
        good,
    )
    add(
        "root-sent",
        Reason.UNTRUSTED_ISSUER,
        "The same, its root sent along",
        below_nobody,
        nobody,
        good,
    )
    add(
        "expired",
        Reason.CHAIN_EXPIRED,
        "The issuer by an expired one, then the good one",
        below_old,
        old,
        good,
    )
    add(
        "names",
        Reason.CHAIN_INVALID,
        "The issuer for other names only, then the good one",
        elsewhere,
        good,
    )
    add(
        "no-ca",
        Reason.CHAIN_INVALID,
        "The issuer without the CA flag, then the good one",
        no_ca,
        good,
    )
    upper = issue_ca("Upper CA", issuer=lab.root)
    upper_below_nobody = issue_ca(upper.name, issuer=nobody, key=upper.key)
    lower = issue_ca("Lower CA", issuer=upper)
    about = "The issuer's issuer by an unknown root, then the good one"
    add("above", Reason.INCOMPLETE_CHAIN, about, lower, upper_below_nobody, upper, issuer=lower)


def _missing_issuers(lab: Lab) -> None:
    reason = Reason.INCOMPLETE_CHAIN
    upper = issue_ca("Upper CA 2", issuer=lab.root)
    lower = issue_ca("Lower CA 2", issuer=upper)
    published = issue_ca("Lower CA 3", issuer=upper, extensions=[PUBLISHED_AT])
    namesake = issue_ca(lower.name, issuer=upper)
    alone = [Note.ONLY_LEAF_SENT]
    others = [Note.ISSUER_NOT_SENT]
    higher = [Note.UPPER_ISSUER_NOT_SENT]
    other_key = [Note.ISSUER_OTHER_KEY]

    only_leaf = shows(chain=(), extensions=[PUBLISHED_AT])
    lab.add("incomplete-chain", reason, "Leaf only, no intermediate", only_leaf, notes=alone)
    second = shows(issuer=lower, chain=(lower,))
    lab.add("second-missing", reason, "The second intermediate is missing", second, notes=higher)
    second = shows(issuer=published, chain=(published,))
    lab.add(
        "second-published", reason, "The same, and the first says where it is", second, notes=higher
    )
    first = shows(issuer=lower, chain=(upper,))
    lab.add(
        "first-missing", reason, "The first of two intermediates is missing", first, notes=others
    )
    wrong = shows(issuer=lower, chain=(namesake, upper))
    lab.add(
        "issuer-other-key", reason, "Its issuer's name, with another key", wrong, notes=other_key
    )
    wrong = shows(issuer=lower, chain=(lower, issue_ca(upper.name, issuer=lab.root)))
    lab.add(
        "second-other-key", reason, "The same, one intermediate further up", wrong, notes=other_key
    )

    def twice(lab: Lab, hostname: str) -> tuple[str, int]:
        leaf = issue(hostname, issuer=lab.intermediate)
        return lab.serve(hostname, leaf, leaf)

    lab.add("sent-twice", reason, "The leaf twice, no intermediate", twice, notes=alone)


def _broken_rules(lab: Lab) -> None:
    reason = Reason.CHAIN_INVALID

    def ca(about: str, *extensions: bytes) -> Identity:
        return issue_ca(f"Padlock Lab CA ({about})", issuer=lab.root, extensions=extensions)

    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]).public_bytes()
    clients = ca("for clients", extension(ExtensionOID.EXTENDED_KEY_USAGE, usage))
    lab.add("ca-for-clients", reason, "Its CA may issue for clients only", shows(issuer=clients))
    besides = ca("not for lab.example", names_only(excluded=("lab.example",)))
    lab.add("name-excluded", reason, "Its CA may not issue for this domain", shows(issuer=besides))
    # A subtree of DNS names with a minimum, which RFC 5280 has ruled out: [0] { { [2]
    # "lab.example", [0] 1 } }.
    tree = der(0x30, der(0xA0, der(0x30, der(0x82, b"lab.example"), der(0x80, integer(1)[2:]))))
    minimum = ca("with a minimum", extension(ExtensionOID.NAME_CONSTRAINTS, tree, critical=True))
    lab.add(
        "constraints-odd",
        reason,
        "Name constraints in a form that is ruled out",
        shows(issuer=minimum),
    )
