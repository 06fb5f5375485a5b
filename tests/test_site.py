"""The site as a whole: who may come where, and that its parts fit together."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from flask_migrate import check as migrations_check
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect

import webapp
from webapp.extensions import db, limiter

ROOT = Path(webapp.__file__).parent
NOBODY = "nobody"
ALICE = "alice"
BOB = "bob"
SAM = "sam"
ADA = "ada"

# Every address of the site, and what it answers to whom; number 1 is Alice's. A new address needs
# its row here.
ALL = {NOBODY: 200, ALICE: 200, BOB: 200, SAM: 200, ADA: 200}
SIGNED_IN = {NOBODY: 302, ALICE: 200, BOB: 200, SAM: 403, ADA: 403}
HERS = {NOBODY: 302, ALICE: 200, BOB: 404, SAM: 403, ADA: 403}
ADMINS = {NOBODY: 302, ALICE: 403, BOB: 403, SAM: 200, ADA: 200}
FRAGMENT = {NOBODY: 401, ALICE: 200, BOB: 404, SAM: 200, ADA: 200}
FRAGMENT_POST = {NOBODY: 302, ALICE: 200, BOB: 404, SAM: 200, ADA: 200}
EVERYBODYS = {NOBODY: 302, ALICE: 200, BOB: 200, SAM: 200, ADA: 200}
EVERYBODYS_POST = dict.fromkeys(EVERYBODYS, 422) | {NOBODY: 302}
ADMINS_ONLY = {NOBODY: 302, ALICE: 403, BOB: 403, SAM: 403, ADA: 200}
NO_SOURCE = ADMINS_ONLY | {ADA: 404}
NO_CHANNEL = ADMINS_ONLY | {ADA: 404}
NO_IMPORT = ADMINS_ONLY | {ADA: 404}  # x is no import of anybody's
ANSWERS = {
    "GET /readyz": dict.fromkeys(ALL, 503),  # no scheduler ticks in these tests
    "GET /static/<path:filename>": ALL,
    "GET /": {NOBODY: 302, ALICE: 302, BOB: 302, SAM: 302, ADA: 302},
    "GET /sign-in": {NOBODY: 200, ALICE: 303, BOB: 303, SAM: 303, ADA: 303},
    "POST /sign-in": {NOBODY: 422, ALICE: 303, BOB: 303, SAM: 303, ADA: 303},
    "POST /sign-out": {NOBODY: 302, ALICE: 303, BOB: 303, SAM: 303, ADA: 303},
    "GET /setup/<token>": dict.fromkeys(ALL, 410),
    "POST /setup/<token>": dict.fromkeys(ALL, 410),
    "GET /logo": dict.fromkeys(ALL, 404),
    "GET /styleguide": ALL,
    "GET /help/padlocks": ALL,
    "GET /home": SIGNED_IN | {SAM: 302, ADA: 302},  # theirs is another one
    "GET /services": SIGNED_IN,
    "GET /services/<id:item_id>": HERS,
    "GET /domains": SIGNED_IN,
    "GET /domains/<id:item_id>": HERS,
    "GET /<any(services, domains):place>.csv": SIGNED_IN,
    "GET /admin/<any(services, domains):place>.csv": ADMINS,
    "GET /admin/services": ADMINS,
    "GET /admin/services/<id:item_id>": ADMINS,
    "GET /admin/domains": ADMINS,
    "GET /admin/domains/<id:item_id>": ADMINS,
    "POST /admin/<any(services, domains):place>/<id:item_id>/note": ADMINS | {SAM: 409, ADA: 409},
    "GET /admin/tags": ADMINS | {NOBODY: 401},
    "GET /search": EVERYBODYS,
    "GET /profile": EVERYBODYS,
    "POST /profile": EVERYBODYS_POST,
    "GET /profile/password": EVERYBODYS,
    "POST /profile/password": EVERYBODYS_POST,
    "POST /refused-addresses/try-again": dict.fromkeys(EVERYBODYS, 404)
    | {NOBODY: 302, ALICE: 403, BOB: 403},
    "POST /profile/warnings": dict.fromkeys(EVERYBODYS, 303) | {NOBODY: 302},
    "POST /profile/calendar": EVERYBODYS,
    "POST /profile/calendar/revoke": dict.fromkeys(EVERYBODYS, 303) | {NOBODY: 302},
    "GET /calendar/<token>.ics": dict.fromkeys(ALL, 410),
    "GET /metrics": dict.fromkeys(ALL, 404),
    "GET /shared/<token>": dict.fromkeys(ALL, 410),
    "GET /embed/<token>": dict.fromkeys(ALL, 410),
    "GET /badge/<token>.svg": dict.fromkeys(ALL, 410),
    "GET /admin/clients/<id:client_id>/links": ADMINS_ONLY,
    "POST /admin/clients/<id:client_id>/links": ADMINS_ONLY | {ADA: 422},
    "POST /admin/clients/<id:client_id>/links/<id:link_id>/revoke": ADMINS_ONLY | {ADA: 404},
    "POST /profile/sign-out-everywhere": dict.fromkeys(EVERYBODYS, 303) | {NOBODY: 302},
    "POST /profile/sign-out-elsewhere": dict.fromkeys(EVERYBODYS, 303) | {NOBODY: 302},
    "POST /profile/sign-ins/<id:sign_in_id>/end": dict.fromkeys(EVERYBODYS, 404) | {NOBODY: 302},
    "GET /profile/tokens/new": EVERYBODYS,
    "POST /profile/tokens/new": EVERYBODYS_POST,
    "POST /profile/tokens/<id:token_id>/revoke": dict.fromkeys(EVERYBODYS, 404) | {NOBODY: 302},
    "GET /admin/tokens": ADMINS_ONLY,
    "GET /admin/tokens/new": ADMINS_ONLY,
    "POST /admin/tokens/new": ADMINS_ONLY | {ADA: 422},
    "POST /admin/tokens/<id:token_id>/revoke": ADMINS_ONLY | {ADA: 404},
    "GET /help/api": ALL,
    "GET /forgot-password": ALL,
    "POST /forgot-password": dict.fromkeys(ALL, 422),
    "GET /unsubscribe/<token>": dict.fromkeys(ALL, 410),
    "POST /unsubscribe/<token>": dict.fromkeys(ALL, 400),
    "GET /reset/<token>": dict.fromkeys(ALL, 410),
    "POST /reset/<token>": dict.fromkeys(ALL, 410),
    "GET /admin/users": ADMINS,
    "GET /admin/users/new": ADMINS_ONLY,
    "POST /admin/users/new": ADMINS_ONLY | {ADA: 422},
    "GET /admin/users/<id:user_id>": ADMINS_ONLY,
    "POST /admin/users/<id:user_id>": ADMINS_ONLY | {ADA: 422},
    "POST /admin/users/<id:user_id>/reset-link": ADMINS_ONLY,
    "POST /admin/users/<id:user_id>/<any(enable, disable):what>": ADMINS_ONLY | {ADA: 303},
    "POST /admin/users/<id:user_id>/sign-out": ADMINS_ONLY | {ADA: 303},
    "POST /admin/users/<id:user_id>/view-as": ADMINS_ONLY | {ADA: 303},
    "POST /view-as/end": dict.fromkeys(EVERYBODYS, 303) | {NOBODY: 302},
    "GET /admin/clients": ADMINS,
    "GET /admin/clients.csv": ADMINS,
    "GET /admin/clients/suggestions": ADMINS | {NOBODY: 401},
    "GET /admin/clients/new": ADMINS_ONLY,
    "POST /admin/clients/new": ADMINS_ONLY | {ADA: 422},
    "GET /admin/clients/<id:client_id>": ADMINS,
    "GET /admin/clients/<id:client_id>/services": ADMINS,
    "GET /admin/clients/<id:client_id>/domains": ADMINS,
    "GET /admin/clients/<id:client_id>/edit": ADMINS_ONLY,
    "POST /admin/clients/<id:client_id>/edit": ADMINS_ONLY | {ADA: 422},
    "GET /admin/clients/<id:client_id>/delete": ADMINS_ONLY,
    "POST /admin/clients/<id:client_id>/delete": ADMINS_ONLY | {ADA: 409},
    "GET /admin/<any(services, domains):place>/new": ADMINS_ONLY,
    "POST /admin/<any(services, domains):place>/new": ADMINS_ONLY | {ADA: 422},
    "POST /admin/<any(services, domains):place>/<id:item_id>/www": ADMINS_ONLY | {ADA: 303},
    "GET /admin/<any(services, domains):place>/<id:item_id>/edit": ADMINS_ONLY,
    "POST /admin/<any(services, domains):place>/<id:item_id>/edit": ADMINS_ONLY | {ADA: 422},
    "GET /admin/<any(services, domains):place>/<id:item_id>/move": ADMINS_ONLY,
    "POST /admin/<any(services, domains):place>/<id:item_id>/move": ADMINS_ONLY | {ADA: 404},
    "GET /admin/<any(services, domains):place>/<id:item_id>/move/clients": ADMINS_ONLY
    | {NOBODY: 401},
    "GET /admin/<any(services, domains):place>/<id:item_id>/delete": ADMINS_ONLY,
    "POST /admin/<any(services, domains):place>/<id:item_id>/delete": ADMINS_ONLY | {ADA: 409},
    "GET /admin/refresh": ADMINS,
    "POST /admin/refresh": ADMINS_ONLY | {ADA: 303},
    "GET /admin/refresh/progress": ADMINS | {NOBODY: 401},
    "GET /admin/import": ADMINS_ONLY,
    "POST /admin/import": ADMINS_ONLY | {ADA: 422},
    "GET /admin/import/example.csv": ADMINS_ONLY,
    "POST /admin/import/paste/names": ADMINS_ONLY | {ADA: 422},
    "GET /admin/import/<token>/columns": NO_IMPORT,
    "POST /admin/import/<token>/columns": NO_IMPORT,
    "POST /admin/import/<token>/check": NO_IMPORT,
    "GET /admin/import/<token>/left-out.csv": NO_IMPORT,
    "GET /admin/import/<token>": NO_IMPORT,
    "POST /admin/import/<token>": NO_IMPORT,
    "POST /admin/import/<token>/stop": NO_IMPORT,
    "GET /admin/import/<token>/progress": NO_IMPORT | {NOBODY: 401},
    "GET /admin/import/<token>/problems.csv": NO_IMPORT,
    "GET /<any(services, domains):place>/<id:item_id>/history": HERS,
    "GET /admin/<any(services, domains):place>/<id:item_id>/history": ADMINS,
    "GET /history": SIGNED_IN,
    "GET /admin/clients/<id:client_id>/history": ADMINS,
    "GET /admin/reports/history": ADMINS,
    "GET /<any(services, domains):place>/<id:item_id>/diagnosis": HERS,
    "GET /admin/<any(services, domains):place>/<id:item_id>/diagnosis": ADMINS,
    "GET /probe/<any(service, domain):kind>/<id:item_id>/diagnosis": FRAGMENT,
    "POST /probe/<any(service, domain):kind>/<id:item_id>/diagnosis": FRAGMENT_POST
    | {ALICE: 303, SAM: 303, ADA: 303},
    "GET /admin/activity": ADMINS,
    "GET /admin/activity/security": ADMINS_ONLY,
    "GET /admin/health": ADMINS,
    "GET /admin/health/line": ADMINS | {NOBODY: 401},
    "POST /admin/health/jobs/<id:job_id>/retry": ADMINS_ONLY | {ADA: 303},
    "POST /admin/health/jobs/<id:job_id>/end": ADMINS_ONLY | {ADA: 303},
    "GET /admin/today": ADMINS,
    "POST /admin/today": ADMINS | {SAM: 303, ADA: 303},
    "GET /admin/today/selected/write": ADMINS | {SAM: 303, ADA: 303},
    "POST /admin/today/selected/write": ADMINS | {SAM: 303, ADA: 303},
    "POST /admin/today/selected": ADMINS | {SAM: 303, ADA: 303},
    "GET /admin/today/selected/<any(assign, snooze, note):what>": ADMINS | {SAM: 303, ADA: 303},
    "POST /admin/today/selected/<any(assign, snooze, note):what>": ADMINS | {SAM: 303, ADA: 303},
    "GET /admin/incidents": ADMINS,
    "GET /admin/incidents/<id:incident_id>": ADMINS | {SAM: 404, ADA: 404},  # there is none
    "POST /admin/incidents/<id:incident_id>/acknowledge": ADMINS | {SAM: 404, ADA: 404},
    "GET /admin/warnings": ADMINS,
    "GET /admin/warnings/rule": ADMINS_ONLY,
    "POST /admin/warnings/rule": ADMINS_ONLY | {ADA: 422},
    "POST /admin/<any(services, domains):place>/<id:item_id>/warnings"
    "/<any(mute, unmute, acknowledge):what>": ADMINS | {SAM: 303, ADA: 303},
    "GET /admin/sources": ADMINS_ONLY,
    "GET /admin/sources/new": ADMINS_ONLY,
    "POST /admin/sources/new": ADMINS_ONLY | {ADA: 422},
    "GET /admin/sources/<id:source_id>": NO_SOURCE,
    "GET /admin/sources/<id:source_id>/edit": NO_SOURCE,
    "POST /admin/sources/<id:source_id>/edit": NO_SOURCE,
    "GET /admin/sources/<id:source_id>/progress": NO_SOURCE | {NOBODY: 401},
    "POST /admin/sources/<id:source_id>/<any(sync, preview, test):mode>": NO_SOURCE,
    "POST /admin/sources/<id:source_id>/<any(pause, resume):what>": NO_SOURCE,
    "GET /admin/sources/<id:source_id>/remove": NO_SOURCE,
    "POST /admin/sources/<id:source_id>/remove": NO_SOURCE,
    "GET /admin/sources/<id:source_id>/problems.csv": NO_SOURCE,
    "GET /admin/warnings/channels": ADMINS_ONLY,
    "GET /admin/warnings/channels/new": ADMINS_ONLY,
    "POST /admin/warnings/channels/new": ADMINS_ONLY | {ADA: 422},
    "GET /admin/warnings/channels/<id:channel_id>": NO_CHANNEL,
    "POST /admin/warnings/channels/<id:channel_id>": NO_CHANNEL,
    "GET /admin/warnings/channels/<id:channel_id>/delete": NO_CHANNEL,
    "GET /admin/warnings/channels/<id:channel_id>/state": NO_CHANNEL | {NOBODY: 401},
    "POST /admin/warnings/channels/<id:channel_id>/test": NO_CHANNEL,
    "GET /admin/warnings/channels/new-webhook": ADMINS_ONLY,
    "POST /admin/warnings/channels/new-webhook": ADMINS_ONLY | {ADA: 422},
    "GET /admin/warnings/channels/<id:channel_id>/deliveries": NO_CHANNEL,
    "POST /admin/warnings/channels/<id:channel_id>/deliveries/<id:delivery_id>/again": NO_CHANNEL,
    "POST /admin/warnings/channels/<id:channel_id>/secret": NO_CHANNEL,
    "POST /admin/warnings/channels/<id:channel_id>/<any(pause, resume, delete):what>": NO_CHANNEL,
    "GET /admin/warnings/mails": ADMINS,
    "GET /admin/warnings/mails/<any(staff, clients):audience>": ADMINS_ONLY,
    "POST /admin/warnings/mails/<any(staff, clients):audience>": ADMINS_ONLY | {ADA: 422},
    "POST /admin/warnings/mails/<any(staff, clients):audience>/html": ADMINS_ONLY
    | {NOBODY: 401, ADA: 422},
    "GET /admin/warnings/mails/<any(staff, clients):audience>/restore": ADMINS_ONLY,
    "POST /admin/warnings/mails/<any(staff, clients):audience>/restore": ADMINS_ONLY | {ADA: 303},
    "GET /admin/settings": ADMINS_ONLY,
    "POST /admin/settings": ADMINS_ONLY | {ADA: 303},
    "POST /admin/first-steps/hide": ADMINS_ONLY | {ADA: 303},
    "GET /healthz": ALL,
    "GET /admin/reports/ssl-status": ADMINS,
    "GET /admin/reports/ssl-status/print": ADMINS,
    "GET /admin/reports/ssl-status.csv": ADMINS,
    "GET /admin/reports/readiness": ADMINS,
    "GET /admin/reports/readiness/print": ADMINS,
    "GET /admin/reports/readiness.csv": ADMINS,
    "POST /admin/reports/ssl-status/check": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/selected": ADMINS_ONLY | {ADA: 303},
    "GET /admin/reports/ssl-status/selected/move": ADMINS_ONLY | {ADA: 303},  # nothing is selected
    "POST /admin/reports/ssl-status/selected/move": ADMINS_ONLY | {ADA: 303},
    "GET /admin/reports/ssl-status/selected/status": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/selected/status": ADMINS_ONLY | {ADA: 303},
    "GET /admin/reports/ssl-status/selected/renewer": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/selected/renewer": ADMINS_ONLY | {ADA: 303},
    "GET /admin/reports/ssl-status/selected/tags": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/selected/tags": ADMINS_ONLY | {ADA: 303},
    "GET /admin/reports/ssl-status/selected/delete": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/selected/delete": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/views": ADMINS_ONLY | {ADA: 303},
    "POST /admin/reports/ssl-status/views/<id:view_id>/delete": ADMINS_ONLY | {ADA: 404},
    "GET /probe/<any(service, domain):kind>/<id:item_id>": FRAGMENT,
    "GET /probe/<any(service, domain):kind>/<id:item_id>/row": FRAGMENT,
    "GET /probe/<any(service, domain):kind>/<id:item_id>/details": FRAGMENT,
    "POST /probe/<any(service, domain):kind>/<id:item_id>/details": FRAGMENT_POST,
    "POST /probe/<any(service, domain):kind>/<id:item_id>/check": FRAGMENT_POST
    | {ALICE: 303, SAM: 303, ADA: 303},
}


def addresses(app):
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/api/"):
            continue  # it has tokens, and a test of its own
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            yield f"{method} {rule.rule}"


def test_every_address_has_its_row(app):
    assert set(addresses(app)) ^ set(ANSWERS) == set()


@pytest.mark.parametrize("who", [NOBODY, ALICE, BOB, SAM, ADA])
def test_who_may_come_where(visit, who, monkeypatch):
    monkeypatch.setattr(limiter, "enabled", False)  # they sign in for each address
    answers = {}
    for address in ANSWERS:
        browser = visit(None if who == NOBODY else who)
        method, rule = address.split(" ", 1)
        for kind in ("service", "domain"):
            path = rule.replace("<any(service, domain):kind>", kind).replace("<id:item_id>", "1")
            path = path.replace("<any(services, domains):place>", f"{kind}s").replace(
                "<id:client_id>", "1"
            )
            path = path.replace("<id:user_id>", "1").replace(
                "<any(enable, disable):what>", "enable"
            )
            path = path.replace("<id:view_id>", "1").replace("<id:sign_in_id>", "999999")
            path = path.replace("<id:token_id>", "999999")
            path = (
                path.replace("<id:incident_id>", "1")
                .replace("<id:job_id>", "1")
                .replace("<any(mute, unmute, acknowledge):what>", "unmute")
            )
            path = (
                path.replace("<id:link_id>", "1")
                .replace("<id:channel_id>", "1")
                .replace("<id:delivery_id>", "1")
                .replace("<any(pause, resume, delete):what>", "pause")
            )
            path = path.replace("<id:source_id>", "1")
            path = path.replace("<any(sync, preview, test):mode>", "test")
            path = path.replace("<any(pause, resume):what>", "pause")
            path = path.replace("<any(assign, snooze, note):what>", "assign")
            path = path.replace("<any(staff, clients):audience>", "clients")
            path = path.replace("<path:filename>", "site.css").replace("<token>", "x")
            answer = browser.client.get(path) if method == "GET" else browser.post(path)
            answers[f"{method} {path}"] = (answer.status_code, ANSWERS[address][who])
            if "<any" not in rule:
                break
    assert [(path, *got) for path, got in answers.items() if got[0] != got[1]] == []


def test_no_address_takes_a_form_without_its_token(visit, app):
    ada = visit("ada").client
    before = everything_stored(app)
    answers = {path: ada.post(path, data={"version": 1}).status_code for path in paths(app, "POST")}
    assert set(answers.values()) == {400}, answers
    assert everything_stored(app) == before


def test_nothing_is_changed_by_looking(visit, app):
    sent, opened = ({*paths(app, method)} for method in ("POST", "GET"))
    assert len(sent - opened) >= 8
    for path in sent - opened:
        visit("ada").get(path, 405)


@pytest.mark.parametrize("who", ["nobody", "bob"])
def test_a_header_of_htmx_opens_nothing(visit, app, who):
    plain, htmx = (visit(None if who == NOBODY else who).client for _ in range(2))
    for path in paths(app, "GET"):
        assert (
            htmx.get(path, headers={"HX-Request": "true"}).status_code
            == plain.get(path).status_code
        ), path


def everything_stored(app):
    with app.app_context(), db.engine.connect() as connection:
        return [connection.execute(db.select(table)).all() for table in db.metadata.sorted_tables]


def paths(app, method):
    """The paths that take this method, for number 1, which is Alice's; those of the API have tests
    of their own."""
    found = [rule.rule for rule in app.url_map.iter_rules() if method in rule.methods]
    return [path for rule in found if not rule.startswith("/api/") for path in paths_of(rule)]


def paths_of(rule):
    """The paths of a rule: one for each word that may stand in it."""
    if found := re.search(r"<any\(([^)]*)\)[^>]*>", rule):
        words = found[1].split(", ")
        return [path for word in words for path in paths_of(rule.replace(found[0], word))]
    return [re.sub(r"<[^>]*:?(?:token|filename)>", "x", re.sub(r"<id:[^>]*>", "1", rule))]


def test_the_models_and_the_migrations_agree(in_app):
    migrations_check()


def test_the_migrations_go_down_and_up(in_app):
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()
    migrations_check()


def test_every_icon_is_in_the_sprite(app):
    from webapp.words import states

    sprite = (ROOT / "static/vendor/tabler-icons-3.51.0/sprite.svg").read_text()
    texts = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    used = set(re.findall(r'icon\("([a-z0-9-]+)"', texts)) | set(
        re.findall(r'icon\("([a-z0-9-]+)" if', texts)
    )
    # What is done with the selected rows of the report, and the places in the top bar
    used |= set(re.findall(r'\("[a-z]+", "([a-z-]+)", gettext\("[^"]+"\)\)', texts))
    used |= set(re.findall(r'\("[^"]*", "[^"]*", gettext\("[^"]+"\), "([a-z0-9-]+)"\)', texts))
    used |= set(re.findall(r'"(chevron-[a-z]+|selector)"', texts))
    used |= {look.icon for look in (*states.LOOKS.values(), states.never_asked_look())}
    assert set(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite)) == used


def test_nothing_vendored_points_elsewhere():
    for path in (ROOT / "static").rglob("*.*"):
        text = path.read_text() if path.is_file() else ""
        assert "sourceMappingURL" not in text, path
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", text), path
    for folder in (ROOT / "static/vendor").iterdir():
        assert (folder / "LICENSE").is_file()


def test_templates_say_no_words_of_their_own_about_states_and_reasons():
    from webapp.probe.chain import Remark, Weakness
    from webapp.words import chain_faults, hostnames, notes, reasons, states, website

    texts = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    words = [
        text
        for one in reasons.WORDS.values()
        for text in (one.title, one.customer, one.cure, one.staff)
    ]
    words += [
        text for one in website.ORIGINS.values() for text in (one.label, one.customer, one.staff)
    ]
    words += [look.meaning for look in (*states.LOOKS.values(), states.never_asked_look())]
    for table in (
        reasons.MENDS,
        hostnames.REFUSALS,
        notes.NOTES,
        website.HTTP_FAILURES,
    ):
        words += table.values()
    words += [chain_faults.weakness_text(Remark(weakness, "{")) for weakness in Weakness]
    assert [text for text in words if text.split("{")[0] in texts] == []


def test_what_is_only_served_starts_without_what_no_page_needs(database):
    late = "{'alembic', 'celery', 'charset_normalizer', 'dns', 'email_validator', 'redis',"
    late += " 'requests', 'urllib3'}"
    code = f"import wsgi, sys; print({late} & set(sys.modules), wsgi.app.cli.commands)"
    environ = {"PADLOCK_DATABASE_URL": database, "PADLOCK_SECRET_KEY": "x" * 40}
    environ["PADLOCK_SCHEDULER"] = "off"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT.parent, env=environ, capture_output=True, text=True
    )
    assert (ran.stdout, ran.returncode) == ("set() {}\n", 0)


@pytest.mark.parametrize(
    "command", [["-m", "flask", "routes"], ["-m", "gunicorn", "wsgi:app", "--check-config"]]
)
def test_a_bad_setting_stops_the_start_with_one_sentence(command):
    environ = {"PADLOCK_FRESH_SECONDS": "soon", "PADLOCK_SECRET_KEY": "x" * 40}
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT.parent, env=environ, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip().count("\n") == 0
    assert done.stderr.startswith("PADLOCK_FRESH_SECONDS cannot be 'soon'")
