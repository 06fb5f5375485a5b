"""Every PADLOCK_* setting: its type, its default, its check and one line of help.

Settings come from the environment and are read once, at the start. A bad value raises `BadSetting` with one sentence
that says which setting, what it was and what it takes.
"""

from __future__ import annotations

import difflib
import logging
import math
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, TypeVar

import certifi
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from webapp import config_mail, config_refresh

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_LOGO = 256 * 1024  # bytes


class BadSetting(ValueError):
    """A setting holds something it cannot take; the text is one sentence for the person who set it."""


@dataclass(frozen=True)
class Setting:
    name: str
    parse: Callable[[str], Any]
    default: str
    help: str
    secret: bool = False

    def read(self, environ: Mapping[str, str]) -> Any:
        text = environ.get(self.name, "").strip() or self.default
        try:
            return self.parse(text)
        except ValueError as error:
            shown = "the value it has" if self.secret else repr(text)
            raise BadSetting(f"{self.name} cannot be {shown}: {error}.") from None


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def _port(text: str) -> bool:
    return _digits(text) and 0 < int(text) < 65536


def _whole(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (_digits(text) and least <= int(text) <= most):
            raise ValueError(f"it takes a whole number from {least} to {most}")
        return int(text)

    return parse


def _seconds(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"it takes seconds from {least:g} to {most:g}")
        return value

    return parse


def _switch(text: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError("it takes on or off")
    return words[text.lower()]


def _file(text: str) -> Path | None:
    if not text:
        return None
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ValueError("there is no such file")
    return path


@dataclass(frozen=True)
class Logo:
    """The provider's logo: its bytes, and their type by what they are rather than by what the file is called."""

    data: bytes = field(repr=False)
    type: str


def _logo(text: str) -> Logo | None:
    path = _file(text)
    if path is None:
        return None
    data = path.read_bytes()
    if len(data) > MOST_LOGO:
        raise ValueError(f"it takes a file of {MOST_LOGO // 1024} KiB at most")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return Logo(data, "image/png")
    if re.match(rb"(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)", data) and b"<svg" in data:
        return Logo(data, "image/svg+xml")
    raise ValueError("it takes an SVG or PNG file")


def _site_name(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise ValueError("it takes at most 40 characters, on one line")
    return text


def _each(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    return lambda text: tuple(parse(part.strip()) for part in text.split(",") if part.strip())


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise ValueError("it takes networks such as 10.0.0.0/8 or fd00::/8, with commas between several") from None


def _connect_to(text: str) -> tuple[str, str, int]:
    pattern, _, where = text.partition("=")
    address, _, port = where.rpartition(":")
    if not (pattern.strip() and _port(port)):
        raise ValueError("it takes pattern=address:port, with commas between several")
    try:
        literal = str(ip_address(address.strip().removeprefix("[").removesuffix("]")))
    except ValueError:
        raise ValueError(f"{address!r} is not an IP address") from None
    return pattern.strip().lower().removesuffix("."), literal, int(port)


def database(text: str) -> str:
    """The URL as SQLAlchemy takes it; what it holds is in no message, for there is a password in it."""
    try:
        url = make_url(text or "sqlite://")
    except (ArgumentError, ValueError):
        url = make_url("unreadable://")
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg") and url.database:
        # A server that has vanished is given up within seconds, whatever the system's own patience.
        patience = {"connect_timeout": "5", "tcp_user_timeout": "10000", "keepalives_idle": "30"}
        url = url.set(drivername="postgresql+psycopg", query={**patience, **url.query})
        return url.render_as_string(hide_password=False)
    if url.drivername != "sqlite":
        raise ValueError("it takes postgresql://user:password@host/database, or sqlite:////path/to/file")
    if url.database and not Path(url.database).absolute().parent.is_dir():
        raise ValueError(f"there is no folder {Path(url.database).parent}")
    return text


def _secret(text: str) -> str:
    if text and len(text) < 32:
        raise ValueError("it takes at least 32 characters, or nothing")
    return text


def _kept_secret(path: Path) -> str:
    """The secret in this file; made with owner-only rights where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        return _secret_in(path)
    except FileNotFoundError:
        # Two processes may start at once: each writes a file of its own, and the link that comes first is the secret.
        fresh.touch(0o600)
        fresh.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            log.info("another process made %s first", path)
        finally:
            fresh.unlink()
        return _secret_in(path)


def _secret_in(path: Path) -> str:
    text = path.read_text().strip()
    if len(text) < 32:
        raise BadSetting(f"{path} holds no secret of at least 32 characters: delete the file, and a new one is made.")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"it takes one of {', '.join(words)}")
        return text.lower()

    return parse


def _listen(text: str) -> str:
    address, _, port = text.rpartition(":")
    if not (re.fullmatch(r"[0-9A-Za-z.-]+|\[[0-9A-Fa-f:]+\]", address) and _port(port)):
        raise ValueError("it takes address:port, such as 127.0.0.1:8000")
    return text


def _broker(text: str) -> str:
    if text and not re.fullmatch(r"rediss?://[^\s/?#]+(/[0-9]{1,3})?/?", text):
        raise ValueError("it takes redis[s]://host:6379/0, with :password@ before the host where it has one")
    return text


# What gunicorn reads before there is a site.
LISTEN = Setting("PADLOCK_LISTEN", _listen, "127.0.0.1:8000", "Where the site listens.")
THREADS = Setting("PADLOCK_THREADS", _whole(2, 256), "16", "How many requests are served at once.")
WORKERS = Setting(
    "PADLOCK_WORKERS", _whole(1, 64), "1", "How many web processes serve the site; several need a broker."
)
BROKER = Setting(
    "PADLOCK_BROKER_URL",
    _broker,
    "",
    "redis://host:6379/0, or rediss:// with TLS, for several machines; empty: none.",
    True,
)
LOG_FORMAT = Setting(
    "PADLOCK_LOG_FORMAT", _one_of("auto", "plain", "json"), "auto", "Logs: plain, json; auto: plain on a terminal."
)
LOG_LEVEL = Setting(
    "PADLOCK_LOG_LEVEL", _one_of("debug", "info", "warning", "error"), "info", "From which weight on lines are logged."
)

SETTINGS = (
    LISTEN,
    THREADS,
    Setting(
        "PADLOCK_DATABASE_URL",
        database,
        "",
        "postgresql://user:password@host/database, or sqlite:////file; empty: an SQLite file in instance/.",
        True,
    ),
    Setting("PADLOCK_SECRET_KEY", _secret, "", "Signs cookies and links; empty: kept in instance/.", True),
    Setting("PADLOCK_PROBE_TIMEOUT", _seconds(0.1, 300), "10", "Seconds a check may take, all in all."),
    Setting("PADLOCK_PROBE_CONCURRENCY", _whole(1, 1024), "256", "How many checks run at once."),
    Setting("PADLOCK_CA_BUNDLE", _file, "", "A PEM file with the only roots (and CRLs) to trust; empty: certifi's."),
    Setting("PADLOCK_ALLOWED_NETWORKS", _each(_network), "", "Networks that may be asked besides public ones."),
    Setting("PADLOCK_DENIED_NETWORKS", _each(_network), "", "Networks that are never asked, allowed or not."),
    Setting("PADLOCK_CONNECT_TO", _each(_connect_to), "", "pattern=address:port, …: ask there, not where DNS says."),
    Setting("PADLOCK_FRESH_SECONDS", _seconds(0, 86400), "300", "Seconds for which a result is shown without asking."),
    Setting("PADLOCK_TRUSTED_HOSTS", _each(str), "", "Host names this site answers to; empty: any."),
    Setting("PADLOCK_TRUSTED_PROXIES", _whole(0, 9), "0", "How many reverse proxies stand before the site."),
    Setting("PADLOCK_SITE_URL", config_mail.site, "", "Where people reach this site; what links in mails begin with."),
    Setting(
        "PADLOCK_SMTP_URL",
        config_mail.mail_server,
        "",
        "smtp[s]://user:password@host:port, for mails; empty: none.",
        True,
    ),
    Setting(
        "PADLOCK_MAIL_FROM", config_mail.mail_address, "", "Who mails come from; empty: padlock@ the host of the site."
    ),
    Setting("PADLOCK_SITE_NAME", _site_name, "Padlock", "What the site is called: in the bar, in titles, at sign-in."),
    Setting("PADLOCK_LOGO", _logo, "", "An SVG or PNG file that stands beside the name; empty: a padlock."),
    Setting("PADLOCK_COOKIE_SECURE", _switch, "off", "On where the site is reached by https:// only."),
    Setting(
        "PADLOCK_ADMIN_IDLE_HOURS",
        _whole(0, 720),
        "12",
        "Hours without use after which an administrator has to sign in again; 0: never.",
    ),
    Setting("PADLOCK_SECURITY_LOG_DAYS", _whole(1, 3650), "90", "Days for which security events are kept."),
    LOG_FORMAT,
    LOG_LEVEL,
    Setting(
        "PADLOCK_COUNT_SECONDS", _seconds(0, 3600), "30", "Seconds for which totals and places of long lists are kept."
    ),
    Setting("PADLOCK_SCHEDULER", _switch, "on", "Off where another process of this site does the daily refresh."),
    Setting("PADLOCK_REFRESH_AT", config_refresh.time_of_day, "03:00", "When the daily refresh begins."),
    Setting("PADLOCK_TIMEZONE", config_refresh.zone, "", "The zone of that time, by name; empty: the machine's own."),
    Setting("PADLOCK_REFRESH_BATCH", _whole(2, 1000), "100", "How many names a refresh takes up at a time."),
    Setting("PADLOCK_REFRESH_DAILY_LIMIT", config_refresh.daily_limit, "100", "Names refreshed a day; 0: all of them."),
    Setting("PADLOCK_PER_ADDRESS", _whole(1, 64), "4", "Connections that a refresh has to one address at once."),
    Setting("PADLOCK_PER_ADDRESS_PAUSE", _seconds(0, 60), "0.1", "Seconds between one of them and the next."),
    Setting(
        "PADLOCK_CONTROL_NAMES",
        _each(config_refresh.control_name),
        "",
        "Names that always answer, asked when most others fail; empty: those of the site that answered last.",
    ),
    Setting(
        "PADLOCK_REFRESH_ADAPTIVE", _switch, "off", "On: names are refreshed as often as their state calls for it."
    ),
    BROKER,
    Setting(
        "PADLOCK_BROKER_CA",
        _file,
        "",
        "A PEM file with roots to trust for rediss://, besides the system's; empty: certifi's.",
    ),
    WORKERS,
)


def web_processes(environ: Mapping[str, str]) -> int:
    """How many processes serve the site. Several without a broker would each count sign-in attempts for themselves."""
    workers: int = WORKERS.read(environ)
    if workers > 1 and not BROKER.read(environ):
        raise BadSetting(f"PADLOCK_WORKERS={workers} needs PADLOCK_BROKER_URL: what they share is kept there.")
    return workers


def answers(listen: str) -> bool:
    """Whether somebody listens at this address:port already."""
    address, _, port = listen.rpartition(":")
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
        return sock.connect_ex((address.strip("[]"), int(port))) == 0


def load(environ: Mapping[str, str], instance: Path) -> dict[str, Any]:
    """All settings by name, checked, with what has to be made (the secret, the database's place) made in `instance`.

    A PADLOCK_* name that is no setting is most often a typing error: it is logged with the nearest name.
    """
    known = {setting.name for setting in SETTINGS}
    for name in sorted(environ.keys() - known):
        if name.startswith("PADLOCK_"):
            near = difflib.get_close_matches(name, known, 1, 0.85)
            log.warning("%s is not a setting of Padlock%s", name, f"; did you mean {near[0]}?" if near else "")
    values = {setting.name: setting.read(environ) for setting in SETTINGS}
    web_processes(environ)
    values["PADLOCK_SECRET_KEY"] = values["PADLOCK_SECRET_KEY"] or _kept_secret(instance / "secret_key")
    if not values["PADLOCK_DATABASE_URL"]:
        file = instance / "padlock.sqlite3"
        file.touch(0o600)  # password hashes and customers are in it: nobody else on this machine reads them
        values["PADLOCK_DATABASE_URL"] = f"sqlite:///{file}"
    return values


def _engine(settings: Mapping[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {"hide_parameters": True}  # what is in the database is in no log
    if settings["PADLOCK_DATABASE_URL"].startswith("postgresql"):
        # A page that asks several times sees the data of one moment, as with SQLite.
        options["isolation_level"] = "REPEATABLE READ"
        # A plan for any client, made once, serves none: some have one service, some a thousand.
        options["connect_args"] = {"prepare_threshold": None}
        options["pool_pre_ping"] = True  # a server that was away meanwhile is noticed before it is asked
        # Every thread that serves may hold a connection; so may the refresh, an import and what records an answer.
        options |= {"pool_size": settings["PADLOCK_THREADS"], "max_overflow": 8}
    return options


def broker_tls(settings: Mapping[str, Any]) -> dict[str, Any]:
    """How the broker's certificate is verified, as redis-py, and Celery's transport through it, are told; the latter
    would take any if it were not. Nothing for redis://."""
    if not settings["PADLOCK_BROKER_URL"].startswith("rediss://"):
        return {}
    roots = settings["PADLOCK_BROKER_CA"] or certifi.where()
    return {"ssl_cert_reqs": "required", "ssl_check_hostname": True, "ssl_ca_certs": str(roots)}


def for_flask(settings: Mapping[str, Any]) -> dict[str, Any]:
    """What Flask and its extensions are told, from Padlock's own settings and otherwise fixed."""
    broker = settings["PADLOCK_BROKER_URL"]
    return {
        "SECRET_KEY": settings["PADLOCK_SECRET_KEY"],
        "SQLALCHEMY_DATABASE_URI": settings["PADLOCK_DATABASE_URL"],
        "SQLALCHEMY_ENGINE_OPTIONS": _engine(settings),
        # A browser takes a cookie with this prefix only from the host itself, over HTTPS: no neighbour can plant one.
        "SESSION_COOKIE_NAME": "__Host-padlock" if settings["PADLOCK_COOKIE_SECURE"] else "padlock",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings["PADLOCK_COOKIE_SECURE"],
        "TRUSTED_HOSTS": list(settings["PADLOCK_TRUSTED_HOSTS"]) or None,
        "MAX_CONTENT_LENGTH": 64 * 1024,  # bytes; an import may have more
        "MAX_FORM_PARTS": 100,
        "WTF_CSRF_TIME_LIMIT": None,  # a token lasts as long as its session: a page left open for a day still works
        "RATELIMIT_STORAGE_URI": broker or "memory://",
        "RATELIMIT_STORAGE_OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1, "wrap_exceptions": True}
        | broker_tls(settings)
        if broker
        else {},
        "RATELIMIT_KEY_PREFIX": "padlock",
        "RATELIMIT_IN_MEMORY_FALLBACK_ENABLED": True,  # without its broker each process counts for itself
    }
