"""What each setting does, and what those that can be changed on the page are called and take."""

from __future__ import annotations

from collections.abc import Mapping

from webapp.words.translation import Table, gettext

HELP: Mapping[str, str] = Table(
    {
        "PADLOCK_LISTEN": lambda: gettext("Where the site listens."),
        "PADLOCK_THREADS": lambda: gettext("How many requests are served at once."),
        "PADLOCK_DATABASE_URL": lambda: gettext(
            "postgresql://user:password@host/database, or sqlite:////file. If it is empty, an"
            " SQLite file in instance/ is used."
        ),
        "PADLOCK_SECRET_KEY": lambda: gettext(
            "Signs cookies and links. If it is empty, a key is created and stored in instance/."
        ),
        "PADLOCK_PROBE_TIMEOUT": lambda: gettext("Seconds that a whole check may take."),
        "PADLOCK_PROBE_CONCURRENCY": lambda: gettext("How many checks run at once."),
        "PADLOCK_CA_BUNDLE": lambda: gettext(
            "A PEM file with the only roots (and CRLs) to trust. If it is empty, certifi's are"
            " used."
        ),
        "PADLOCK_ALLOWED_NETWORKS": lambda: gettext(
            "Networks that may be checked, in addition to public ones."
        ),
        "PADLOCK_DENIED_NETWORKS": lambda: gettext(
            "Networks that are never checked, even if they are allowed."
        ),
        "PADLOCK_PORTS": lambda: gettext(
            "Ports on which a name may be checked. 443 is always one of them."
        ),
        "PADLOCK_CONNECT_TO": lambda: gettext(
            "Addresses to use instead of those from DNS, as a list of pattern=address:port."
        ),
        "PADLOCK_SOURCES_TIMEOUT": lambda: gettext(
            "Seconds that a billing system has for each whole answer."
        ),
        "PADLOCK_FRESH_SECONDS": lambda: gettext(
            "Seconds for which a result is shown before it is checked again."
        ),
        "PADLOCK_TRUSTED_HOSTS": lambda: gettext(
            "Host names this site answers to. If it is empty, the site answers to any."
        ),
        "PADLOCK_TRUSTED_PROXIES": lambda: gettext(
            "How many reverse proxies are in front of the site."
        ),
        "PADLOCK_SITE_URL": lambda: gettext(
            "The public address of this site. Links in mails begin with it."
        ),
        "PADLOCK_SMTP_URL": lambda: gettext(
            "smtp[s]://user:password@host:port, to send mail. If it is empty, no mail is sent."
        ),
        "PADLOCK_MAIL_FROM": lambda: gettext(
            "The sender of mails. If it is empty, it is padlock@ followed by the host of the site."
        ),
        "PADLOCK_MAIL_RETRY_HOURS": lambda: gettext("Hours for which sending a mail is retried."),
        "PADLOCK_ALERTS": lambda: gettext(
            "Turn off to send no warnings about certificates by mail."
        ),
        "PADLOCK_SITE_NAME": lambda: gettext(
            "The name of the site in the bar, in titles and on the sign-in page."
        ),
        "PADLOCK_LOGO": lambda: gettext(
            "An SVG or PNG file, shown next to the name. If there is none, a padlock is shown."
        ),
        "PADLOCK_COOKIE_SECURE": lambda: gettext(
            "Turn on if the site is reached by https:// only."
        ),
        "PADLOCK_API_PER_MINUTE": lambda: gettext(
            "Requests that one API token may send in a minute."
        ),
        "PADLOCK_ADMIN_IDLE_HOURS": lambda: gettext(
            "Hours without use after which an administrator has to sign in again. 0 means never."
        ),
        "PADLOCK_SECURITY_LOG_DAYS": lambda: gettext("Days for which security events are kept."),
        "PADLOCK_EMBED_SITES": lambda: gettext(
            "Sites whose pages may show a client’s padlocks in a frame."
        ),
        "PADLOCK_METRICS_NETWORKS": lambda: gettext(
            "Networks whose machines may read /metrics without a token."
        ),
        "PADLOCK_HISTORY_DAYS": lambda: gettext(
            "Days for which the history of certificates is kept."
        ),
        "PADLOCK_LOG_FORMAT": lambda: gettext(
            "How logs are written. auto means plain on a terminal, and json elsewhere."
        ),
        "PADLOCK_LOG_LEVEL": lambda: gettext("The lowest level that is logged."),
        "PADLOCK_SCHEDULER": lambda: gettext(
            "Turn off if another process of this site does the daily refresh."
        ),
        "PADLOCK_REFRESH_AT": lambda: gettext("When the daily refresh starts."),
        "PADLOCK_TIMEZONE": lambda: gettext(
            "The time zone of the daily refresh. If it is empty, the machine's own is used."
        ),
        "PADLOCK_REFRESH_BATCH": lambda: gettext("How many names a refresh checks in one batch."),
        "PADLOCK_REFRESH_DAILY_LIMIT": lambda: gettext(
            "How many names are refreshed a day. 0 means all of them."
        ),
        "PADLOCK_PER_ADDRESS": lambda: gettext(
            "How many connections a refresh opens to one address at once."
        ),
        "PADLOCK_PER_ADDRESS_PAUSE": lambda: gettext(
            "Seconds that a refresh waits between two connections to the same address."
        ),
        "PADLOCK_CONTROL_NAMES": lambda: gettext(
            "Names that always answer, checked when most others fail. If it is empty, names of"
            " this site that answered last are used."
        ),
        "PADLOCK_REFRESH_ADAPTIVE": lambda: gettext(
            "Turn on to refresh each name as often as its state requires."
        ),
        "PADLOCK_BROKER_URL": lambda: gettext(
            "The broker for several processes or machines: redis://host:6379/0, or rediss://"
            " with TLS."
        ),
        "PADLOCK_BROKER_CA": lambda: gettext(
            "A PEM file with roots to trust for rediss://, in addition to the system's. If it"
            " is empty, certifi's are used."
        ),
        "PADLOCK_WORKERS": lambda: gettext(
            "How many web processes serve the site. More than one needs a broker."
        ),
    }
)
# What those are called that can be changed on the settings page
LABELS: Mapping[str, str] = Table(
    {
        "PADLOCK_SITE_NAME": lambda: gettext("Name of the site"),
        "PADLOCK_LOGO": lambda: gettext("Logo"),
        "PADLOCK_REFRESH_AT": lambda: gettext("Daily refresh at"),
        "PADLOCK_TIMEZONE": lambda: gettext("Time zone"),
        "PADLOCK_REFRESH_DAILY_LIMIT": lambda: gettext("Daily limit (names)"),
        "PADLOCK_PER_ADDRESS_PAUSE": lambda: gettext("Pause (seconds)"),
    }
)
# What is said there of a value that one of them cannot take
REFUSALS: Mapping[str, str] = Table(
    {
        "PADLOCK_SITE_NAME": lambda: gettext("It must have at most 40 characters, on one line."),
        "PADLOCK_LOGO": lambda: gettext("It must be an SVG or PNG file of at most 256 KiB."),
        "PADLOCK_REFRESH_AT": lambda: gettext("It must be a time of day such as 03:00."),
        "PADLOCK_TIMEZONE": lambda: gettext(
            "It must be the name of a time zone such as Europe/Berlin, or UTC."
        ),
        "PADLOCK_REFRESH_DAILY_LIMIT": lambda: gettext(
            "It must be 0 for no limit, or a whole number from 2 to 9999999."
        ),
        "PADLOCK_PER_ADDRESS_PAUSE": lambda: gettext(
            "It must be a number of seconds from 0 to 60."
        ),
    }
)
