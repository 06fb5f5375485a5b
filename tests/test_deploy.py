"""What deploy/ says fits what there is: its settings, commands, files and images.

That it works was tried by hand.
"""

import re
from pathlib import Path

import pytest
import yaml

from webapp.config import loading, table
from webapp.routes import imports

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "deploy").iterdir())
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text()


@pytest.mark.parametrize("file", [*FILES, ROOT / "docs/deploy.md"], ids=lambda file: file.name)
def test_every_setting_that_is_named_exists(file):
    named = set(re.findall(r"PADLOCK_[A-Z_]+", file.read_text()))
    assert named <= {setting.name for setting in table.SETTINGS}


def test_the_settings_of_the_services_are_ones_that_the_site_takes(tmp_path):
    told = {"SECRET_KEY": "s" * 64, "POSTGRES_PASSWORD": "p", "SITE_HOST": "padlock.example.com"}
    filled = {
        name: re.sub(
            r"\$\{(\w+)(:-(\w*))?[^}]*\}", lambda found: told.get(found[1], found[3]), value
        )
        for name, value in COMPOSE["x-padlock"]["environment"].items()
    }
    values = loading.load(filled, tmp_path)
    assert values["PADLOCK_SITE_URL"] == "https://padlock.example.com"
    assert (values["PADLOCK_TRUSTED_PROXIES"], values["PADLOCK_COOKIE_SECURE"]) == (1, True)


def test_every_service_is_one_that_is_known_and_waits_for_what_it_needs():
    services = COMPOSE["services"]
    assert services.keys() == {"web", "worker", "upgrade", "database", "broker"}
    assert {services[name]["image"] for name in services} == {"padlock", "postgres:17", "redis:7"}
    for service in services.values():
        for name, needed in service.get("depends_on", {}).items():
            healthy = needed["condition"] == "service_healthy"
            assert healthy == (
                "healthcheck" in services[name] and "test" in services[name]["healthcheck"]
            )
    assert all(
        port.startswith("127.0.0.1:")
        for service in services.values()
        for port in service.get("ports", ())
    )


def test_nothing_is_secret():
    for file in FILES:
        text = file.read_text()
        assert not re.search(r"[0-9a-f]{32}|PRIVATE KEY-", text), file.name
        for line in re.findall(r"^.*(?:SECRET_KEY|PASSWORD)\b.*[:=].*$", text, re.MULTILINE):
            assert re.search(r"\$\{\w+|=$", line), line


def test_the_image_holds_what_the_site_needs_and_does_not_run_as_root():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    allowed = set(
        re.findall(r"^!(.+)$", (ROOT / "deploy/Dockerfile.dockerignore").read_text(), re.MULTILINE)
    )
    assert sources == allowed
    assert all((ROOT / source).exists() for source in sources)
    stages = re.split(r"^FROM .*$", DOCKERFILE, flags=re.MULTILINE)
    assert re.search(r"^USER padlock$", stages[-1], re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*healthcheck\.py", stages[-1], re.MULTILINE)
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:3.13-slim"}


@pytest.mark.parametrize("file", ["nginx.conf", "Caddyfile"])
def test_a_proxy_lets_through_what_the_site_takes(file):
    text = (ROOT / "deploy" / file).read_text()
    for path, most in (
        ("/admin/import", imports.MOST_UPLOAD_BYTES),
        ("/admin/import/paste/names", imports.MOST_PASTED_BYTES),
    ):
        limit = re.search(rf"(?s)(?:= |path ){path}(?: {{|\n).*?(\d+)[mM]", text)
        assert int(limit[1]) * 2**20 >= most, path
