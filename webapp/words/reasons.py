"""Every reason in words: for the customer, for staff, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.probe.finding import Reason
from webapp.words.translation import Table, gettext


@dataclass(frozen=True, slots=True)
class Wording:
    """One reason in words: `title` in a few of them, `customer` what is wrong, `cure` who can mend
    it and how, `staff` what a technician wants to know, `curl` the error number curl ends with
    (None: nothing is sent)."""

    title: str
    customer: str
    cure: str
    staff: str
    curl: int | None


def _renew() -> str:
    return gettext(
        "Ask your hosting provider for a new certificate. Ask why the old one wasn't renewed"
        " automatically."
    )


def _try_later() -> str:
    return gettext("Check again in a few minutes. If nothing changes, ask your hosting provider.")


WORDS: Mapping[Reason, Wording] = Table(
    {
        Reason.OK: lambda: Wording(
            gettext("Valid certificate"),
            gettext("Visitors reach this site over a secure connection."),
            gettext("Nothing to do."),
            gettext("Chain and host name verified."),
            0,
        ),
        Reason.EXPIRED: lambda: Wording(
            gettext("Certificate expired"),
            gettext("The certificate has expired. Browsers warn visitors away from this site."),
            _renew(),
            gettext(
                "The leaf is past its not_after. Find out why it was not renewed, or why the"
                " server did not load the new one."
            ),
            60,
        ),
        Reason.NOT_YET_VALID: lambda: Wording(
            gettext("Certificate not valid yet"),
            gettext(
                "The certificate is not valid until a later date. Until then browsers warn visitors"
                " away. If your browser shows no warning, our own clock may be wrong."
            ),
            gettext(
                "Ask your hosting provider to restore the previous certificate or issue a new one."
            ),
            gettext(
                "The leaf's not_before is in the future. Compare the issuer's clock with this"
                " monitor's: ours may be wrong."
            ),
            60,
        ),
        Reason.CHAIN_EXPIRED: lambda: Wording(
            gettext("Issuer's certificate not valid now"),
            gettext(
                "An issuer's certificate has expired, or is not valid yet. Browsers refuse the"
                " site."
            ),
            gettext(
                "Ask your hosting provider to install the issuer's current certificates. If there"
                " are none, ask for a new certificate."
            ),
            gettext(
                "An intermediate or root that the path needs is past its not_after, or before its"
                " not_before. Replace the chain file."
            ),
            60,
        ),
        Reason.SELF_SIGNED: lambda: Wording(
            gettext("Self-signed certificate"),
            gettext("The server uses a certificate it signed itself. Browsers do not trust it."),
            gettext(
                "Ask your hosting provider for a certificate from a public certificate authority."
                " Many are free."
            ),
            gettext("The leaf is self-signed, most often the web server's default certificate."),
            60,
        ),
        Reason.UNTRUSTED_ISSUER: lambda: Wording(
            gettext("Issuer not trusted"),
            gettext(
                "The certificate was issued by a certificate authority that browsers do not trust."
            ),
            gettext(
                "Ask your hosting provider for a certificate from a public certificate authority."
            ),
            gettext(
                "The path ends at a root that was sent but is not in the trust store: a private,"
                " distrusted or staging CA."
            ),
            60,
        ),
        Reason.INCOMPLETE_CHAIN: lambda: Wording(
            gettext("Incomplete certificate chain"),
            gettext(
                "The server does not send the full chain up to a trusted certificate authority."
                " Some browsers may find the missing certificate themselves; others refuse the"
                " site."
            ),
            gettext(
                "Ask your hosting provider to install the missing intermediate certificate. If it"
                " is from a private certificate authority, ask for a certificate from a public"
                " one."
            ),
            gettext(
                "The last certificate on the path names an issuer that was not sent and is not in"
                " the trust store: an intermediate is missing, or the issuer is a private root."
            ),
            60,
        ),
        Reason.WRONG_HOSTNAME: lambda: Wording(
            gettext("Certificate for another name"),
            gettext("The server's certificate was issued for a different name."),
            gettext(
                "Ask your hosting provider to issue a certificate for this name. If the name"
                " points to the wrong server, correct its address."
            ),
            gettext(
                "The name is not in the SAN (the CN does not count). Check the virtual host that"
                " answers for this SNI."
            ),
            60,
        ),
        Reason.WRONG_PURPOSE: lambda: Wording(
            gettext("Certificate not meant for websites"),
            gettext("The certificate was issued for a different purpose."),
            gettext("Ask your hosting provider to replace it with a certificate for web servers."),
            gettext(
                "The extended key usage lacks serverAuth, or the key usage forbids what a server"
                " does."
            ),
            60,
        ),
        Reason.WEAK_CRYPTO: lambda: Wording(
            gettext("Outdated cryptography"),
            gettext("The certificate uses cryptography that is too weak to be secure."),
            gettext("Ask your hosting provider to issue a new certificate with a current key."),
            gettext(
                "A key or a digest of the chain, or the key exchange, is below security level 2"
                " (RSA 2048, SHA-256)."
            ),
            60,
        ),
        Reason.REVOKED: lambda: Wording(
            gettext("Certificate revoked"),
            gettext("The issuer has withdrawn this certificate."),
            gettext(
                "Ask your hosting provider for a new certificate with a new key. Ask why this one"
                " was withdrawn."
            ),
            gettext(
                "The issuer revoked the leaf, according to its revocation list or the stapled OCSP"
                " response."
            ),
            60,
        ),
        Reason.CHAIN_INVALID: lambda: Wording(
            gettext("Broken certificate chain"),
            gettext(
                "The certificate or an issuer's certificate breaks a rule. Browsers refuse the"
                " site."
            ),
            gettext("Ask your hosting provider for a new one from a public certificate authority."),
            gettext("OpenSSL refuses the chain: see its error."),
            60,
        ),
        Reason.NO_TLS: lambda: Wording(
            gettext("HTTPS is not set up"),
            gettext("The server answers, but not over a secure connection."),
            gettext("Ask your hosting provider to turn on HTTPS for this site."),
            gettext("The port answers with something other than TLS: see the first bytes."),
            35,
        ),
        Reason.HANDSHAKE_FAILED: lambda: Wording(
            gettext("HTTPS connection fails"),
            gettext(
                "The secure connection fails before it is established. Visitors can't open the"
                " site."
            ),
            gettext("Ask your hosting provider to correct the HTTPS settings for this name."),
            gettext(
                "Alert, reset or end of stream before the handshake was finished, or something that"
                " our side declines, such as TLS 1.1."
            ),
            35,
        ),
        Reason.REFUSED: lambda: Wording(
            gettext("HTTPS is off"),
            gettext("The server does not offer a secure connection at all."),
            gettext("Ask your hosting provider to turn on HTTPS for this site."),
            gettext("Every address refuses the connection to the port."),
            7,
        ),
        Reason.DNS_NOT_FOUND: lambda: Wording(
            gettext("Name not found"),
            gettext("The name does not point to a server."),
            gettext(
                "Check that the domain is registered. Its DNS zone needs an address (A or AAAA) for"
                " this name."
            ),
            gettext("The name does not exist, or has no address."),
            6,
        ),
        Reason.DNS_FAILED: lambda: Wording(
            gettext("Name could not be looked up"),
            gettext("The name servers of this domain gave no usable answer."),
            _try_later(),
            gettext(
                "The resolver failed or did not answer in time. Check the delegation and this"
                " machine's resolver."
            ),
            6,
        ),
        Reason.TIMEOUT: lambda: Wording(
            gettext("No answer"),
            gettext("The server did not answer in time."),
            _try_later(),
            gettext(
                "No verdict within the deadline: a firewall drops packets, or the server is"
                " overloaded or stalls."
            ),
            28,
        ),
        Reason.UNREACHABLE: lambda: Wording(
            gettext("Not reachable"),
            gettext("The server can't be reached at the moment."),
            _try_later(),
            gettext("No route to the host or its network."),
            7,
        ),
        Reason.BLOCKED: lambda: Wording(
            gettext("Points to a private address"),
            gettext(
                "The name points to an address that is not on the public internet. We don't check"
                " it."
            ),
            gettext(
                "If the site is meant to be public, point the name at the server's public address."
            ),
            gettext(
                "None of its addresses may be checked: they are private, loopback, link-local,"
                " reserved or denied. PADLOCK_ALLOWED_NETWORKS allows more networks."
            ),
            None,
        ),
        Reason.NOT_CHECKABLE: lambda: Wording(
            gettext("Not a valid host name"),
            gettext("The domain entered is not a name that can be checked."),
            gettext(
                "Ask your hosting provider to correct the domain. It should look like this:"
                " example.com"
            ),
            gettext("The Domain field is not a host name: nothing was sent."),
            None,
        ),
        Reason.MONITOR_ERROR: lambda: Wording(
            gettext("Error on our side"),
            gettext("The check failed on our side. It says nothing about this site."),
            gettext("Nothing to do on your side. Check again in a few minutes."),
            gettext("The monitor failed: see its log."),
            None,
        ),
    }
)

# What a technician does about each reason.
MENDS: Mapping[Reason, str] = Table(
    {
        Reason.OK: lambda: gettext("Nothing to do."),
        Reason.EXPIRED: lambda: gettext(
            "Renew the certificate (certbot renew, acme.sh --cron, AutoSSL), then reload the web"
            " server. Read the log of the last renewal: a failed challenge or a missing reload is"
            " the usual cause."
        ),
        Reason.NOT_YET_VALID: lambda: gettext(
            "Serve the previous certificate until then, or issue one that is valid now. Check the"
            " clock of the issuing machine."
        ),
        Reason.CHAIN_EXPIRED: lambda: gettext(
            "Replace the chain file with the issuer's current one, then reload the web server."
        ),
        Reason.SELF_SIGNED: lambda: gettext(
            "Find out why the virtual host fell back to its default certificate, and issue one"
            " from a public CA (ACME)."
        ),
        Reason.UNTRUSTED_ISSUER: lambda: gettext(
            "Issue a certificate from a public CA. If it was a staging or test CA, use the"
            " production one."
        ),
        Reason.INCOMPLETE_CHAIN: lambda: gettext(
            "Serve the leaf together with every intermediate (fullchain.pem, not cert.pem), then"
            " reload the web server. If the missing issuer is a private root, issue a certificate"
            " from a public CA."
        ),
        Reason.WRONG_HOSTNAME: lambda: gettext(
            "Issue a certificate with this name in its SAN, and make sure that the virtual host"
            " for this name serves it. If DNS points to the wrong server, correct that instead."
        ),
        Reason.WRONG_PURPOSE: lambda: gettext(
            "Issue a certificate with the extended key usage serverAuth."
        ),
        Reason.WEAK_CRYPTO: lambda: gettext(
            "Issue a new certificate with an RSA key of 2048 bits or more, or EC P-256, signed with"
            " SHA-256."
        ),
        Reason.REVOKED: lambda: gettext(
            "Issue a new certificate with a new key. Ask the CA why: a leaked key must not be used"
            " again."
        ),
        Reason.CHAIN_INVALID: lambda: gettext(
            "Look up OpenSSL's error, and compare the chain as served with the one that the CA"
            " publishes."
        ),
        Reason.NO_TLS: lambda: gettext(
            "Enable TLS on this port (listen 443 ssl; SSLEngine on), or find out which program is"
            " using it."
        ),
        Reason.HANDSHAKE_FAILED: lambda: gettext(
            "Allow TLS 1.2 and 1.3, and make sure that there is a virtual host with a certificate"
            " for this name. Check the web server's error log at the time of the check."
        ),
        Reason.REFUSED: lambda: gettext(
            "Start the web server, make it listen on this port, and open the port in the firewall."
        ),
        Reason.DNS_NOT_FOUND: lambda: gettext(
            "Add an A or AAAA record for the name, and check the registration and the delegation."
        ),
        Reason.DNS_FAILED: lambda: gettext(
            "Ask each name server of the zone directly (dig @server name). Check DNSSEC and the"
            " delegation."
        ),
        Reason.TIMEOUT: lambda: gettext(
            "Check from another network. Look for a firewall that drops packets, and check the web"
            " server's load."
        ),
        Reason.UNREACHABLE: lambda: gettext(
            "Check routing, and whether the address is announced; for IPv6, whether this machine"
            " has it."
        ),
        Reason.BLOCKED: lambda: gettext(
            "Point the name at a public address, or add the network to PADLOCK_ALLOWED_NETWORKS."
        ),
        Reason.NOT_CHECKABLE: lambda: gettext(
            "Enter a host name such as www.example.com in the Domain field."
        ),
        Reason.MONITOR_ERROR: lambda: gettext("Read the monitor's log, then check again."),
    }
)
