"""Every PADLOCK_* setting: its parser and its default. words/settings.py has their help."""

from __future__ import annotations

from webapp.config import mail, refresh
from webapp.config.branding import logo, site_name
from webapp.config.broker import broker_url
from webapp.config.database import database_url
from webapp.config.network import connect_to, listen_address, network, ports, site_origin
from webapp.config.parsers import each_of, existing_file, one_of, seconds, switch, whole_number
from webapp.config.secret import secret
from webapp.config.setting import Setting

# What gunicorn reads before there is a site.
LISTEN = Setting("PADLOCK_LISTEN", listen_address, "127.0.0.1:8000")
THREADS = Setting("PADLOCK_THREADS", whole_number(2, 256), "16")
WORKERS = Setting("PADLOCK_WORKERS", whole_number(1, 64), "1")
BROKER = Setting("PADLOCK_BROKER_URL", broker_url, "", secret=True)
LOG_FORMAT = Setting("PADLOCK_LOG_FORMAT", one_of("auto", "plain", "json"), "auto")
LOG_LEVEL = Setting("PADLOCK_LOG_LEVEL", one_of("debug", "info", "warning", "error"), "info")

SETTINGS = (
    LISTEN,
    THREADS,
    Setting("PADLOCK_DATABASE_URL", database_url, "", secret=True),
    Setting("PADLOCK_SECRET_KEY", secret, "", secret=True),
    Setting("PADLOCK_PROBE_TIMEOUT", seconds(0.1, 300), "10"),
    Setting("PADLOCK_PROBE_CONCURRENCY", whole_number(1, 1024), "256"),
    Setting("PADLOCK_CA_BUNDLE", existing_file, ""),
    Setting("PADLOCK_ALLOWED_NETWORKS", each_of(network), ""),
    Setting("PADLOCK_DENIED_NETWORKS", each_of(network), ""),
    Setting("PADLOCK_PORTS", ports, "443, 8443, 2083, 2087, 2096, 8006, 10000"),
    Setting("PADLOCK_CONNECT_TO", each_of(connect_to), ""),
    Setting("PADLOCK_SOURCES_TIMEOUT", seconds(0.1, 300), "30"),
    Setting("PADLOCK_FRESH_SECONDS", seconds(0, 86400), "300"),
    Setting("PADLOCK_TRUSTED_HOSTS", each_of(str), ""),
    Setting("PADLOCK_TRUSTED_PROXIES", whole_number(0, 9), "0"),
    Setting("PADLOCK_SITE_URL", mail.site_url, ""),
    Setting("PADLOCK_SMTP_URL", mail.mail_server, "", secret=True),
    Setting("PADLOCK_MAIL_FROM", mail.mail_address, ""),
    Setting("PADLOCK_MAIL_RETRY_HOURS", whole_number(1, 168), "24"),
    Setting("PADLOCK_ALERTS", switch, "on"),
    Setting("PADLOCK_SITE_NAME", site_name, "Padlock", changeable=True),
    Setting("PADLOCK_LOGO", logo, "", changeable=True),
    Setting("PADLOCK_COOKIE_SECURE", switch, "off"),
    Setting("PADLOCK_API_PER_MINUTE", whole_number(1, 1_000_000), "3000"),
    Setting("PADLOCK_ADMIN_IDLE_HOURS", whole_number(0, 720), "12"),
    Setting("PADLOCK_SECURITY_LOG_DAYS", whole_number(1, 3650), "90"),
    Setting("PADLOCK_EMBED_SITES", each_of(site_origin), ""),
    Setting("PADLOCK_METRICS_NETWORKS", each_of(network), ""),
    Setting("PADLOCK_HISTORY_DAYS", whole_number(30, 3650), "400"),
    LOG_FORMAT,
    LOG_LEVEL,
    Setting("PADLOCK_SCHEDULER", switch, "on"),
    Setting("PADLOCK_REFRESH_AT", refresh.time_of_day, "03:00", changeable=True),
    Setting("PADLOCK_TIMEZONE", refresh.time_zone, "", changeable=True),
    Setting("PADLOCK_REFRESH_BATCH", whole_number(2, 1000), "100"),
    Setting("PADLOCK_REFRESH_DAILY_LIMIT", refresh.daily_limit, "0", changeable=True),
    Setting("PADLOCK_PER_ADDRESS", whole_number(1, 64), "4"),
    Setting("PADLOCK_PER_ADDRESS_PAUSE", seconds(0, 60), "0.1", changeable=True),
    Setting("PADLOCK_CONTROL_NAMES", each_of(refresh.control_name), ""),
    Setting("PADLOCK_REFRESH_ADAPTIVE", switch, "off"),
    BROKER,
    Setting("PADLOCK_BROKER_CA", existing_file, ""),
    WORKERS,
)
# What needs no restart: it can be changed on the settings page
CHANGEABLE = tuple(setting for setting in SETTINGS if setting.changeable)
