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
    "How many web processes serve the site. More than one needs a broker.",
)
BROKER = Setting(
    "PADLOCK_BROKER_URL",
    broker_url,
    "",
    "The broker for several processes or machines: redis://host:6379/0, or rediss:// with TLS.",
    secret=True,
)
LOG_FORMAT = Setting(
    "PADLOCK_LOG_FORMAT",
    one_of("auto", "plain", "json"),
    "auto",
    "How logs are written. auto means plain on a terminal, and json elsewhere.",
)
LOG_LEVEL = Setting(
    "PADLOCK_LOG_LEVEL",
    one_of("debug", "info", "warning", "error"),
    "info",
    "The lowest level that is logged.",
)

SETTINGS = (
    LISTEN,
    THREADS,
    Setting(
        "PADLOCK_DATABASE_URL",
        database_url,
        "",
        "postgresql://user:password@host/database, or sqlite:////file. If it is empty, an SQLite"
        " file in instance/ is used.",
        secret=True,
    ),
    Setting(
        "PADLOCK_SECRET_KEY",
        secret,
        "",
        "Signs cookies and links. If it is empty, a key is created and stored in instance/.",
        secret=True,
    ),
    Setting(
        "PADLOCK_PROBE_TIMEOUT", seconds(0.1, 300), "10", "Seconds that a whole check may take."
    ),
    Setting(
        "PADLOCK_PROBE_CONCURRENCY", whole_number(1, 1024), "256", "How many checks run at once."
    ),
    Setting(
        "PADLOCK_CA_BUNDLE",
        existing_file,
        "",
        "A PEM file with the only roots (and CRLs) to trust. If it is empty, certifi's are used.",
    ),
    Setting(
        "PADLOCK_ALLOWED_NETWORKS",
        each_of(network),
        "",
        "Networks that may be checked, in addition to public ones.",
    ),
    Setting(
        "PADLOCK_DENIED_NETWORKS",
        each_of(network),
        "",
        "Networks that are never checked, even if they are allowed.",
    ),
    Setting(
        "PADLOCK_PORTS",
        ports,
        "443, 8443, 2083, 2087, 2096, 8006, 10000",
        "Ports on which a name may be checked. 443 is always one of them.",
    ),
    Setting(
        "PADLOCK_CONNECT_TO",
        each_of(connect_to),
        "",
        "Addresses to use instead of those from DNS, as a list of pattern=address:port.",
    ),
    Setting(
        "PADLOCK_FRESH_SECONDS",
        seconds(0, 86400),
        "300",
        "Seconds for which a result is shown before it is checked again.",
    ),
    Setting(
        "PADLOCK_TRUSTED_HOSTS",
        each_of(str),
        "",
        "Host names this site answers to. If it is empty, the site answers to any.",
    ),
    Setting(
        "PADLOCK_TRUSTED_PROXIES",
        whole_number(0, 9),
        "0",
        "How many reverse proxies are in front of the site.",
    ),
    Setting(
        "PADLOCK_SITE_URL",
        mail.site_url,
        "",
        "The public address of this site. Links in mails begin with it.",
    ),
    Setting(
        "PADLOCK_SMTP_URL",
        mail.mail_server,
        "",
        "smtp[s]://user:password@host:port, to send mail. If it is empty, no mail is sent.",
        secret=True,
    ),
    Setting(
        "PADLOCK_MAIL_FROM",
        mail.mail_address,
        "",
        "The sender of mails. If it is empty, it is padlock@ followed by the host of the site.",
    ),
    Setting(
        "PADLOCK_MAIL_RETRY_HOURS",
        whole_number(1, 168),
        "24",
        "Hours for which sending a mail is retried.",
    ),
    Setting(
        "PADLOCK_ALERTS",
        switch,
        "on",
        "Turn off to send no warnings about certificates by mail.",
    ),
    Setting(
        "PADLOCK_ALERTS_CLIENTS",
        one_of("off", "urgent", "all"),
        "off",
        "What the users of clients are warned of by mail. urgent means certificates that have"
        " expired or expire very soon.",
    ),
    Setting(
        "PADLOCK_SITE_NAME",
        site_name,
        "Padlock",
        "The name of the site in the bar, in titles and on the sign-in page.",
        label="Name of the site",
    ),
    Setting(
        "PADLOCK_LOGO",
        logo,
        "",
        "An SVG or PNG file, shown next to the name. If there is none, a padlock is shown.",
        label="Logo",
    ),
    Setting(
        "PADLOCK_EXPIRING_DAYS",
        whole_number(1, 365),
        "14",
        "A valid certificate counts as expiring soon when it has this many days left or fewer.",
        label="Expiring soon (days)",
    ),
    Setting(
        "PADLOCK_COOKIE_SECURE", switch, "off", "Turn on if the site is reached by https:// only."
    ),
    Setting(
        "PADLOCK_ADMIN_IDLE_HOURS",
        whole_number(0, 720),
        "12",
        "Hours without use after which an administrator has to sign in again. 0 means never.",
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
        "Turn off if another process of this site does the daily refresh.",
    ),
    Setting(
        "PADLOCK_REFRESH_AT",
        refresh.time_of_day,
        "03:00",
        "When the daily refresh starts.",
        label="Daily refresh at",
    ),
    Setting(
        "PADLOCK_TIMEZONE",
        refresh.time_zone,
        "",
        "The time zone of the daily refresh. If it is empty, the machine's own is used.",
        label="Time zone",
    ),
    Setting(
        "PADLOCK_REFRESH_BATCH",
        whole_number(2, 1000),
        "100",
        "How many names a refresh checks in one batch.",
    ),
    Setting(
        "PADLOCK_REFRESH_DAILY_LIMIT",
        refresh.daily_limit,
        "0",
        "How many names are refreshed a day. 0 means all of them.",
        label="Daily limit (names)",
    ),
    Setting(
        "PADLOCK_PER_ADDRESS",
        whole_number(1, 64),
        "4",
        "How many connections a refresh opens to one address at once.",
    ),
    Setting(
        "PADLOCK_PER_ADDRESS_PAUSE",
        seconds(0, 60),
        "0.1",
        "Seconds that a refresh waits between two connections to the same address.",
        label="Pause (seconds)",
    ),
    Setting(
        "PADLOCK_CONTROL_NAMES",
        each_of(refresh.control_name),
        "",
        "Names that always answer, checked when most others fail. If it is empty, names of this"
        " site that answered last are used.",
    ),
    Setting(
        "PADLOCK_REFRESH_ADAPTIVE",
        switch,
        "off",
        "Turn on to refresh each name as often as its state requires.",
    ),
    BROKER,
    Setting(
        "PADLOCK_BROKER_CA",
        existing_file,
        "",
        "A PEM file with roots to trust for rediss://, in addition to the system's. If it is"
        " empty, certifi's are used.",
    ),
    WORKERS,
)
# What needs no restart: it can be changed on the settings page
CHANGEABLE = tuple(setting for setting in SETTINGS if setting.label)
