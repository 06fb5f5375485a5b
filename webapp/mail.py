"""Mail, sent through the SMTP server of the settings by one thread in the background.

No request waits for it: its duration must not tell whether there was anything to send.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from threading import BoundedSemaphore
from urllib.parse import urlsplit

from flask import Flask

from webapp.config.mail import MailServer
from webapp.site import site_of

SMTP_STEP_SECONDS = 10  # that each step of handing over a mail may take
MOST_WAITING = 200  # mails; what comes when so many wait is dropped, and logged

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    site_of(app).mail = ThreadPoolExecutor(1, "mail"), BoundedSemaphore(MOST_WAITING)


def ready(app: Flask) -> bool:
    """Whether mails with links can be sent: that takes a server, and the address of this site."""
    return bool(app.config["PADLOCK_SMTP_URL"] and app.config["PADLOCK_SITE_URL"])


def link(app: Flask, path: str) -> str:
    """A path of this site as an address for people.

    The Host header of a request is never trusted with it.
    """
    return (app.config["PADLOCK_SITE_URL"] or f"http://{app.config['PADLOCK_LISTEN']}") + path


def in_background(app: Flask, work: Callable[[], None]) -> None:
    """Does this later, inside the site but outside of any request."""
    thread, places = site_of(app).mail
    if not places.acquire(blocking=False):
        log.error("%d mails wait already: one more is dropped.", MOST_WAITING)
        return

    def run() -> None:
        with app.app_context():
            work()

    def done(future: Future[None]) -> None:
        places.release()
        if error := future.exception():
            log.error("Work in the background failed.", exc_info=error)

    thread.submit(run).add_done_callback(done)


def send(app: Flask, to: str, subject: str, text: str) -> bool:
    """Hands a mail to the server; False, with a line in the log, where that fails.

    Neither the text nor the settings are in that line: both hold secrets.
    """
    server: MailServer = app.config["PADLOCK_SMTP_URL"]
    host = urlsplit(app.config["PADLOCK_SITE_URL"]).hostname or "localhost"
    try:
        message = _message(
            app.config["PADLOCK_MAIL_FROM"] or f"padlock@{host}", to, subject, text, host
        )
        with _connected(server, host) as smtp:
            if server.user:
                smtp.login(server.user, server.password)
            smtp.send_message(message)
    except (OSError, ValueError) as error:  # SMTP's own errors are OSErrors
        code = getattr(error, "smtp_code", "")
        log.error(  # noqa: TRY400
            "Mail could not be handed to %s port %d: %s %s",
            server.host,
            server.port,
            type(error).__name__,
            code,
        )
        return False
    return True


def _message(sender: str, to: str, subject: str, text: str, host: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = formatdate(usegmt=True)
    message["Message-ID"] = make_msgid(domain=host)
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
