"""Junk in every form, parameter and header: an answer in words, never a failure of ours."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import webapp
from tests.routes.test_forms import fields
from tests.test_site import paths_of

TEMPLATES = Path(webapp.__file__).parent / "templates"
# Fields of forms are most often written by a macro: their names stand in the form only.
FORMS = {unbound.kwargs.get("name", attribute) for _, attribute, unbound in fields()}
FIELDS = sorted(
    FORMS
    | {
        name
        for file in TEMPLATES.rglob("*.html")
        for name in re.findall(r'name="([a-z_]+)"', file.read_text())
    }
    - {"csrf_token", "viewport", "color-scheme"}
    | {
        "q",
        "sort",
        "page",
        "per_page",
        "status",
        "ssl",
        "client",
        "next",
        "version",
        "client_id",
        "is_admin",
        "role",
    }
)
NASTY = (
    *(
        "",
        "\0",
        "9" * 400,
        "-1",
        "1e9",
        "١",
        "NaN",
        "a" * 5000,
        "{{7*7}}",
        "<script>",
        "' OR 1=1 --",
        "%",
        "\\",
        "//x",
    ),
    *(
        "\ud800",
        "2026-02-30",
        "0000-00-00",
        "../../etc/passwd",
        "\r\nSet-Cookie: a=b",
        "=1+1",
        "🙈" * 300,
    ),
)
# And what needs no look
ENDS_THE_SIGN_IN = {"static", "auth.sign_out", "profile.sign_out_everywhere", "users.view_as"}
JUNK = st.text(max_size=40) | st.sampled_from(NASTY)
FORM = st.dictionaries(st.sampled_from(FIELDS), JUNK, max_size=8)
ONCE = settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])


def addresses(app, method):
    for rule in app.url_map.iter_rules():
        if method in rule.methods and rule.endpoint not in ENDS_THE_SIGN_IN:
            yield from paths_of(rule.rule)


def test_the_junk_reaches_the_fields_of_every_form():
    assert {
        "product",
        "next_due_on",
        "registered_on",
        "current",
        "email",
        "to",
        "seen",
        "client",
    } <= set(FIELDS)


@pytest.mark.parametrize("who", [None, "alice", "ada"])
@given(form=FORM)
@ONCE
def test_no_form_makes_the_site_fail(visit, app, who, form):
    browser = visit(who)
    fields = {name: text.encode("utf-8", "surrogatepass") for name, text in form.items()}
    # One for all of them: to fetch it takes as long as to be answered
    fields["csrf_token"] = browser.token()
    answers = {
        path: browser.client.post(path, data=fields).status_code for path in addresses(app, "POST")
    }
    assert {path: status for path, status in answers.items() if status >= 500} == {}


@pytest.mark.parametrize("who", [None, "alice", "ada"])
@given(query=FORM)
@ONCE
def test_no_parameter_makes_the_site_fail(visit, app, who, query):
    browser = visit(who)
    query = {name: text.encode("utf-8", "surrogatepass") for name, text in query.items()}
    # Which says 503 here: no scheduler ticks in these tests
    asked = set(addresses(app, "GET")) - {"/readyz"}
    answers = {path: browser.client.get(path, query_string=query).status_code for path in asked}
    assert {path: status for path, status in answers.items() if status >= 500} == {}


@given(
    value=JUNK.map(
        lambda text: re.sub(r"[\r\n]", "", text).encode("latin-1", "replace").decode("latin-1")
    )
)
@ONCE
def test_no_header_makes_the_site_fail(visit, value):
    browser = visit("alice")
    names = (
        "HX-Current-URL",
        "HX-Request",
        "Accept-Language",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "Referer",
        "Range",
    )
    answers = {
        name: browser.client.get("/services", headers={name: value}).status_code for name in names
    }
    assert {name: status for name, status in answers.items() if status >= 500} == {}
