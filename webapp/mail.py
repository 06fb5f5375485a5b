"""Mail, handed to the SMTP server of the settings. Only `jobs.outbox` does it: no request waits for
a mail, whose duration must not tell whether there was anything to send.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import urlsplit

from flask import Flask

from webapp import probe
from webapp.config.mail import MailServer

SMTP_STEP_SECONDS = 10  # that each step of handing over a mail may take
MOST_SAID_CHARACTERS = 200  # of the answer of a mail server

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MailFailure:
    """Why a mail could not be handed over: the server's code, or the kind of error. `final`: the
    server refuses this mail, and will again (5yz, RFC 5321, section 4.2.1); `of_recipient`: because
    of the address that it is for, and `said` is its answer."""

    why: str
    final: bool = False
    of_recipient: bool = False
    said: str = ""


def ready(app: Flask) -> bool:
    """Whether mails with links can be sent: that takes a server, and the address of this site."""
    return bool(app.config["PADLOCK_SMTP_URL"] and app.config["PADLOCK_SITE_URL"])


def link(app: Flask, path: str) -> str:
    """A path of this site as an address for people.

    The Host header of a request is never trusted with it.
    """
    return (app.config["PADLOCK_SITE_URL"] or f"http://{app.config['PADLOCK_LISTEN']}") + path


def send(
    app: Flask,
    to: str,
    subject: str,
    text: str,
    message_id: str,
    *,
    html: str = "",
    thread: str = "",
    unsubscribe: str = "",
    reply_to: str = "",
) -> MailFailure | None:
    """Hands a mail to the server; why that failed, with a line in the log, or None.

    `html` is the same as the text; mails with the same `thread` are shown together; `unsubscribe`
    is a link that switches such mails off by one POST (RFC 8058); `reply_to` is the address for
    answers.

    Neither the text nor the settings are in that line: both hold secrets.
    """
    server: MailServer = app.config["PADLOCK_SMTP_URL"]
    host = urlsplit(app.config["PADLOCK_SITE_URL"]).hostname or "localhost"
    sender = app.config["PADLOCK_MAIL_FROM"] or f"padlock@{host}"
    try:
        message = _message(sender, to, subject, text, f"<{message_id}@{host}>")
        if thread:
            message["References"] = f"<{thread}@{host}>"
        if reply_to:
            message["Reply-To"] = reply_to
        if unsubscribe:
            message["List-Unsubscribe"] = f"<{unsubscribe}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        if html:
            message.add_alternative(html, subtype="html")
        smtp = _connected(server, host)
        try:
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message)
            with suppress(OSError):  # the server has the mail, however it says goodbye
                smtp.quit()
        finally:
            smtp.close()
    except (OSError, ValueError) as error:  # SMTP's own errors are OSErrors
        failure = _failure(error)
        log.error(  # noqa: TRY400
            "Mail could not be handed to %s port %d: %s %s",
            server.host,
            server.port,
            type(error).__name__,
            failure.why,
        )
        return failure
    return None


def _failure(error: OSError | ValueError) -> MailFailure:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        ((code, words),) = error.recipients.values()  # each mail has one
        said = probe.clean(f"{code} {words.decode(errors='replace')}", MOST_SAID_CHARACTERS)
        return MailFailure(str(code), code >= 500, of_recipient=True, said=said)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return MailFailure(str(error.smtp_code), error.smtp_code >= 500)
    why = getattr(error, "smtp_code", type(error).__name__)
    return MailFailure(str(why), isinstance(error, ValueError))


def _message(sender: str, to: str, subject: str, text: str, message_id: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def _connected(server: MailServer, host: str) -> smtplib.SMTP:
    # `host` is how we introduce ourselves: without it smtplib asks DNS for a name of this machine.
    if server.scheme == "smtps":
        secure = ssl.create_default_context()
        return smtplib.SMTP_SSL(
            server.host, server.port, host, timeout=SMTP_STEP_SECONDS, context=secure
        )
    smtp = smtplib.SMTP(server.host, server.port, host, timeout=SMTP_STEP_SECONDS)
    if server.scheme == "smtp+starttls":
        try:
            smtp.starttls(context=ssl.create_default_context())
        except OSError:
            smtp.close()
            raise
    return smtp
