import re
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

import webapp
from webapp.config import branding, loading, table
from webapp.config.setting import BadSetting
from webapp.probe import DEFAULT_PORTS
from webapp.words import settings as words

BAD = {
    "PADLOCK_PROBE_TIMEOUT": ["soon", "0", "-1", "nan", "inf", "1e9"],
    "PADLOCK_PROBE_CONCURRENCY": ["0", "many", "1.5", "٣", "9" * 5000],
    "PADLOCK_CA_BUNDLE": ["/no/such/file", "/"],
    "PADLOCK_ALLOWED_NETWORKS": ["10.0.0.0/99", "example.com"],
    "PADLOCK_PORTS": ["0", "65536", "abc", "443;8443", "443 8443", "443,-1", "8443.5"],
    "PADLOCK_DENIED_NETWORKS": ["203.0.113.0/33", "example.com"],
    "PADLOCK_CONNECT_TO": [
        "example.com",
        "example.com=1.2.3.4",
        "=1.2.3.4:443",
        "a=b:443",
        "a=1.2.3.4:0",
        "a=[::1]:x",
    ],
    "PADLOCK_SECRET_KEY": ["short"],
    "PADLOCK_COOKIE_SECURE": ["maybe"],
    "PADLOCK_LISTEN": ["8000", "127.0.0.1:http", "my host:80", "127.0.0.1:0000000000000099999"],
    "PADLOCK_LOG_FORMAT": ["xml"],
    "PADLOCK_LOG_LEVEL": ["loud"],
    "PADLOCK_TRUSTED_PROXIES": ["000000000000999", "-1"],
    "PADLOCK_SITE_URL": [
        "padlock.example.com",
        "ftp://x",
        "https://",
        "https://u:p@x",
        "https://x/?a",
        "http://[::1",
    ],
    "PADLOCK_SMTP_URL": [
        "localhost",
        "http://x",
        "smtp://",
        "smtp://x:port",
        "smtp://x:0",
        "smtp://x/path",
        "smtps://[x",
    ],
    "PADLOCK_MAIL_FROM": ["padlock", "a@b c", "a@b@c", "Padlock <a@b>"],
    "PADLOCK_SITE_NAME": ["n" * 41, "two\nlines"],
    "PADLOCK_LOGO": [
        *("/no/such/logo.svg", "/", "~no one/x.svg", "x" * 5000, "/proc/self/mem"),
        *("data:;base64,PHN2", "data:;base64,%"),
    ],
    "PADLOCK_SCHEDULER": ["perhaps"],
    "PADLOCK_REFRESH_AT": ["3", "24:00", "03:60", "3:00", "03:00:00", "٠٣:٠٠"],
    "PADLOCK_TIMEZONE": ["Nowhere/Land", "../etc/passwd", "Europe", "/etc/localtime"],
    "PADLOCK_REFRESH_BATCH": ["1", "0", "1001"],
    "PADLOCK_REFRESH_DAILY_LIMIT": ["1", "-1", "all", "1e3", "٣"],
    "PADLOCK_PER_ADDRESS": ["0", "65"],
    "PADLOCK_PER_ADDRESS_PAUSE": ["-1", "nan"],
    "PADLOCK_REFRESH_ADAPTIVE": ["sometimes"],
    "PADLOCK_CONTROL_NAMES": ["localhost", "https://example.com", "a b.example", "a..example"],
    "PADLOCK_BROKER_URL": [
        "redis",
        "amqp://x",
        "redis://",
        "redis://host:6379/db",
        "redis://a b",
        "rediss://h?ssl_cert_reqs=none",
    ],
    "PADLOCK_BROKER_CA": ["/no/such/file", "/"],
    "PADLOCK_WORKERS": ["0", "65", "two"],
    "PADLOCK_DATABASE_URL": [
        "nonsense",
        "sqlite:////no/such/folder/file",
        "mysql://u:hunter2@x/y",
        "postgresql://u:p@x",
        "postgres://u@x:port/y",
    ],
}


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts]
)
def test_a_bad_value_is_refused_by_name(name, text, tmp_path):
    with pytest.raises(
        BadSetting,
        match=f"^{name} cannot be .*it must|^{name} cannot be .*not an IP|no such f|no folder",
    ):
        loading.load({name: text}, tmp_path)


def test_a_secret_is_never_shown_in_the_refusal(tmp_path):
    with pytest.raises(BadSetting) as refused:
        loading.load({"PADLOCK_SECRET_KEY": "hunter2"}, tmp_path)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["smtp://u:hunter2@x/path", "hunter2://x", "smtp://u:hunter2@x:port"]
)
def test_the_password_of_the_mail_server_is_never_shown(url, tmp_path):
    with pytest.raises(BadSetting) as refused:
        loading.load({"PADLOCK_SMTP_URL": url}, tmp_path)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "scheme"),
    [
        ("smtp://mail.example", "mail.example", 25, "smtp"),
        ("smtps://mail.example", "mail.example", 465, "smtps"),
        ("smtp+starttls://[::1]", "::1", 587, "smtp+starttls"),
        ("smtp://127.0.0.1:2525/", "127.0.0.1", 2525, "smtp"),
    ],
)
def test_a_mail_server_is_read_from_its_url(url, host, port, scheme, tmp_path):
    server = loading.load({"PADLOCK_SMTP_URL": url}, tmp_path)["PADLOCK_SMTP_URL"]
    assert (server.host, server.port, server.scheme, server.user) == (host, port, scheme, "")


def test_the_password_of_the_mail_server_may_hold_anything(tmp_path):
    server = loading.load({"PADLOCK_SMTP_URL": "smtp://a%40b:p%3A%2F%40@x"}, tmp_path)[
        "PADLOCK_SMTP_URL"
    ]
    assert (server.user, server.password) == ("a@b", "p:/@")
    assert "p:/@" not in repr(server)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_postgresql_is_named_by_any_of_its_schemes(scheme, tmp_path):
    told = loading.load(
        {"PADLOCK_DATABASE_URL": f"{scheme}://u:p%40@x:6432/y?sslmode=require"}, tmp_path
    )
    assert told["PADLOCK_DATABASE_URL"] == (
        "postgresql+psycopg://u:p%40@x:6432/y"
        "?connect_timeout=5&keepalives_idle=30&sslmode=require&tcp_user_timeout=10000"
    )


def test_the_password_of_the_database_is_never_shown(tmp_path):
    for url in (
        "mysql://u:hunter2@x/y",
        "postgresql://u:hunter2@x:port/y",
        "postgresql://u:hunter2@x",
    ):
        with pytest.raises(BadSetting) as refused:
            loading.load({"PADLOCK_DATABASE_URL": url}, tmp_path)
        assert "hunter2" not in str(refused.value)


def test_every_setting_has_a_default_that_works(tmp_path):
    values = loading.load({}, tmp_path)
    assert values.keys() == {setting.name for setting in table.SETTINGS}
    assert values["PADLOCK_PROBE_TIMEOUT"] == 10
    assert values["PADLOCK_PROBE_CONCURRENCY"] == 256


def without_help(settings):
    """The names of those that `flask settings` would list without a sentence."""
    helps = {one.name: words.HELP.get(one.name, "") for one in settings}
    return [name for name, text in helps.items() if not re.fullmatch(r"\S+ .*\S\.", text)]


def test_every_setting_has_its_help():
    assert without_help(table.SETTINGS) == []
    assert without_help([replace(table.LISTEN, name="PADLOCK_NEW")]) == ["PADLOCK_NEW"]
    assert list(words.HELP) == [setting.name for setting in table.SETTINGS]


def test_what_can_be_changed_on_the_page_has_its_label_and_says_what_it_takes():
    changeable = [setting.name for setting in table.CHANGEABLE]
    assert list(words.LABELS) == list(words.REFUSALS) == changeable
    for setting in table.CHANGEABLE:
        if setting.name != "PADLOCK_LOGO":  # its parser says which of several things is wrong
            with pytest.raises(ValueError, match="it must") as refused:
                setting.parse("soon\n")
            said = str(refused.value)
            assert words.REFUSALS[setting.name] == f"{said[0].upper()}{said[1:]}."


def test_no_setting_is_read_past_the_table():
    paths = Path(webapp.__file__).parent.rglob("*.py")
    # A migration may know one of before
    texts = [path.read_text() for path in paths if "migrations" not in path.parts]
    named = {name for text in texts for name in re.findall(r"\bPADLOCK_[A-Z_]+", text)}
    assert named - {setting.name for setting in table.SETTINGS} == set()


def test_several_web_processes_need_a_broker(tmp_path):
    with pytest.raises(BadSetting, match=r"^PADLOCK_WORKERS=2 needs PADLOCK_BROKER_URL"):
        loading.load({"PADLOCK_WORKERS": "2"}, tmp_path)
    values = loading.load(
        {"PADLOCK_WORKERS": "2", "PADLOCK_BROKER_URL": "redis://:secret@127.0.0.1:6379/1"}, tmp_path
    )
    assert loading.for_flask(values)["RATELIMIT_STORAGE_URI"] == "redis://:secret@127.0.0.1:6379/1"


def test_an_empty_value_is_the_default(tmp_path):
    assert loading.load({"PADLOCK_FRESH_SECONDS": " "}, tmp_path)["PADLOCK_FRESH_SECONDS"] == 300


def test_lists_are_parted_by_commas(tmp_path):
    environ = {
        "PADLOCK_ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8,",
        "PADLOCK_DENIED_NETWORKS": "203.0.113.9/24, 2001:db8::/32",
        "PADLOCK_CONNECT_TO": "Shop.Example.=[::1]:8443, *.example.com=192.0.2.1:443",
    }
    values = loading.load(environ, tmp_path)
    assert values["PADLOCK_ALLOWED_NETWORKS"] == (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))
    assert values["PADLOCK_DENIED_NETWORKS"] == (
        ip_network("203.0.113.0/24"),
        ip_network("2001:db8::/32"),
    )
    assert values["PADLOCK_CONNECT_TO"] == (
        ("shop.example", "::1", 8443),
        ("*.example.com", "192.0.2.1", 443),
    )


def test_ports_are_those_that_are_named_and_always_443(tmp_path):
    def ports(**environ):
        return loading.load(environ, tmp_path)["PADLOCK_PORTS"]

    assert ports() == DEFAULT_PORTS
    assert ports(PADLOCK_PORTS="8443, 2083,8443") == (443, 8443, 2083)


def test_the_secret_is_made_once_and_for_its_owner_only(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        loaded = list(pool.map(lambda _: loading.load({}, tmp_path / "instance"), range(8)))
    assert len({values["PADLOCK_SECRET_KEY"] for values in loaded}) == 1
    file = tmp_path / "instance" / "secret_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in file.parent.iterdir()) == ["padlock.sqlite3", "secret_key"]


def test_the_database_is_for_its_owner_only(tmp_path):
    loading.load({}, tmp_path)
    assert stat.S_IMODE((tmp_path / "padlock.sqlite3").stat().st_mode) == 0o600


def test_an_empty_secret_file_stops_the_start(tmp_path):
    (tmp_path / "secret_key").write_text("")
    with pytest.raises(BadSetting, match="delete the file"):
        loading.load({}, tmp_path)


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"<?xml version='1.0'?>\n<svg/>", "image/svg+xml"),
        (b" <svg/>", "image/svg+xml"),
    ],
)
def test_a_logo_is_known_by_what_it_is(tmp_path, data, kind):
    file = tmp_path / "logo.bin"
    file.write_bytes(data)
    assert loading.load({"PADLOCK_LOGO": str(file)}, tmp_path)["PADLOCK_LOGO"] == branding.Logo(
        data, kind
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><svg/></html>",
        b"GIF89a",
        b"\xff\xd8\xff",
        PNG + b"\0" * branding.MAX_LOGO_BYTES,
    ],
)
def test_a_bad_logo_stops_the_start(tmp_path, data):
    file = tmp_path / "logo.svg"
    file.write_bytes(data)
    with pytest.raises(BadSetting, match=r"^PADLOCK_LOGO cannot be .*it must"):
        loading.load({"PADLOCK_LOGO": str(file)}, tmp_path)
