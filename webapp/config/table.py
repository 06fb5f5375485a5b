"""Every PADLOCK_* setting: its type, its default, its check and one line of help."""

from __future__ import annotations

from webapp.config import mail, refresh
from webapp.config.branding import logo, site_name
from webapp.config.broker import broker_url
from webapp.config.database import database_url
from webapp.config.network import connect_to, listen_address, network, ports
from webapp.config.parsers import each_of, existing_file, one_of, seconds, switch, whole_number
from webapp.config.secret import secret
from webapp.config.setting import Setting

# What gunicorn reads before there is a site.
LISTEN = Setting("PADLOCK_LISTEN", listen_address, "127.0.0.1:8000", "Where the site listens.")
THREADS = Setting(
    "PADLOCK_THREADS", whole_number(2, 256), "16", "How many requests are served at once."
)
WORKERS = Setting(
    "PADLOCK_WORKERS",
    whole_number(1, 64),
    "1",
    "How many web processes serve the site; several need a broker.",
)
BROKER = Setting(
    "PADLOCK_BROKER_URL",
    broker_url,
    "",
    "redis://host:6379/0, or rediss:// with TLS, for several machines; empty: none.",
    secret=True,
)
LOG_FORMAT = Setting(
    "PADLOCK_LOG_FORMAT",
    one_of("auto", "plain", "json"),
    "auto",
    "Logs: plain, json; auto: plain on a terminal.",
)
LOG_LEVEL = Setting(
    "PADLOCK_LOG_LEVEL",
    one_of("debug", "info", "warning", "error"),
    "info",
    "From which weight on lines are logged.",
)

SETTINGS = (
    LISTEN,
    THREADS,
    Setting(
        "PADLOCK_DATABASE_URL",
        database_url,
        "",
        "postgresql://user:password@host/database, or sqlite:////file; empty: an SQLite file in"
        " instance/.",
        secret=True,
    ),
    Setting(
        "PADLOCK_SECRET_KEY",
        secret,
        "",
        "Signs cookies and links; empty: kept in instance/.",
        secret=True,
    ),
    Setting(
        "PADLOCK_PROBE_TIMEOUT", seconds(0.1, 300), "10", "Seconds a check may take, all in all."
    ),
    Setting(
        "PADLOCK_PROBE_CONCURRENCY", whole_number(1, 1024), "256", "How many checks run at once."
    ),
    Setting(
        "PADLOCK_CA_BUNDLE",
        existing_file,
        "",
        "A PEM file with the only roots (and CRLs) to trust; empty: certifi's.",
    ),
    Setting(
        "PADLOCK_ALLOWED_NETWORKS",
        each_of(network),
        "",
        "Networks that may be asked besides public ones.",
    ),
    Setting(
        "PADLOCK_DENIED_NETWORKS",
        each_of(network),
        "",
        "Networks that are never asked, allowed or not.",
    ),
    Setting(
        "PADLOCK_PORTS",
        ports,
        "443, 8443, 2083, 2087, 2096, 8006, 10000",
        "Ports that a name may be checked at; 443 is always one.",
    ),
    Setting(
        "PADLOCK_CONNECT_TO",
        each_of(connect_to),
        "",
        "pattern=address:port, …: ask there, not where DNS says.",
    ),
    Setting(
        "PADLOCK_FRESH_SECONDS",
        seconds(0, 86400),
        "300",
        "Seconds for which a result is shown without asking.",
    ),
    Setting(
        "PADLOCK_TRUSTED_HOSTS", each_of(str), "", "Host names this site answers to; empty: any."
    ),
    Setting(
        "PADLOCK_TRUSTED_PROXIES",
        whole_number(0, 9),
        "0",
        "How many reverse proxies stand before the site.",
    ),
    Setting(
        "PADLOCK_SITE_URL",
        mail.site_url,
        "",
        "Where people reach this site; what links in mails begin with.",
    ),
    Setting(
        "PADLOCK_SMTP_URL",
        mail.mail_server,
        "",
        "smtp[s]://user:password@host:port, for mails; empty: none.",
        secret=True,
    ),
    Setting(
        "PADLOCK_MAIL_FROM",
        mail.mail_address,
        "",
        "Who mails come from; empty: padlock@ the host of the site.",
    ),
    Setting(
        "PADLOCK_MAIL_RETRY_HOURS",
        whole_number(1, 168),
        "24",
        "Hours for which a mail is tried before it is given up.",
    ),
    Setting(
        "PADLOCK_SITE_NAME",
        site_name,
        "Padlock",
        "What the site is called: in the bar, in titles, at sign-in.",
        label="Name of the site",
    ),
    Setting(
        "PADLOCK_LOGO",
        logo,
        "",
        "An SVG or PNG file that stands beside the name; empty: a padlock.",
        label="Logo",
    ),
    Setting(
        "PADLOCK_EXPIRING_DAYS",
        whole_number(1, 365),
        "14",
        "Days before it expires from which a certificate counts as expiring soon.",
        label="Expiring soon (days)",
    ),
    Setting(
        "PADLOCK_COOKIE_SECURE", switch, "off", "On where the site is reached by https:// only."
    ),
    Setting(
        "PADLOCK_ADMIN_IDLE_HOURS",
        whole_number(0, 720),
        "12",
        "Hours without use after which an administrator has to sign in again; 0: never.",
    ),
    Setting(
        "PADLOCK_SECURITY_LOG_DAYS",
        whole_number(1, 3650),
        "90",
        "Days for which security events are kept.",
    ),
    LOG_FORMAT,
    LOG_LEVEL,
    Setting(
        "PADLOCK_SCHEDULER",
        switch,
        "on",
        "Off where another process of this site does the daily refresh.",
    ),
    Setting(
        "PADLOCK_REFRESH_AT",
        refresh.time_of_day,
        "03:00",
        "When the daily refresh begins.",
        label="Daily refresh at",
    ),
    Setting(
        "PADLOCK_TIMEZONE",
        refresh.time_zone,
        "",
        "The zone of that time, by name; empty: the machine's own.",
        label="Time zone",
    ),
    Setting(
        "PADLOCK_REFRESH_BATCH",
        whole_number(2, 1000),
        "100",
        "How many names a refresh takes up at a time.",
    ),
    Setting(
        "PADLOCK_REFRESH_DAILY_LIMIT",
        refresh.daily_limit,
        "0",
        "Names refreshed a day; 0: all of them.",
        label="Daily limit (names)",
    ),
    Setting(
        "PADLOCK_PER_ADDRESS",
        whole_number(1, 64),
        "4",
        "Connections that a refresh has to one address at once.",
    ),
    Setting(
        "PADLOCK_PER_ADDRESS_PAUSE",
        seconds(0, 60),
        "0.1",
        "Seconds between one connection of a refresh to an address and the next.",
        label="Pause (seconds)",
    ),
    Setting(
        "PADLOCK_CONTROL_NAMES",
        each_of(refresh.control_name),
        "",
        "Names that always answer, asked when most others fail; empty: those of the site that"
        " answered last.",
    ),
    Setting(
        "PADLOCK_REFRESH_ADAPTIVE",
        switch,
        "off",
        "On: names are refreshed as often as their state calls for it.",
    ),
    BROKER,
    Setting(
        "PADLOCK_BROKER_CA",
        existing_file,
        "",
        "A PEM file with roots to trust for rediss://, besides the system's; empty: certifi's.",
    ),
    WORKERS,
)
# What needs no restart: it can be changed on the settings page
CHANGEABLE = tuple(setting for setting in SETTINGS if setting.label)
