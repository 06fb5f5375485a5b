"""Who may come in: every address of the API but its description takes a token, and nothing else."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from webapp.accounts import tokens
from webapp.accounts.models import Token
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.site import site_of

OPEN = {"GET /api/v1/openapi.json"}


def operations(app):
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            if rule.rule.startswith("/api/") and f"{method} {rule.rule}" not in OPEN:
                path = re.sub(r"<id:[^>]*>", "1", rule.rule)
                yield method, re.sub(r"<[^>]*>", "x", path)


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_no_operation_answers_without_a_good_token(app, visit):
    client = visit("ada").client  # a cookie is none
    for method, path in operations(app):
        for headers in ({}, bearer("padlock_x"), {"Authorization": "Basic YWRhOng="}):
            answer = client.open(path, method=method, headers=headers)
            assert answer.status_code == 401, (method, path)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
            assert answer.mimetype == "application/problem+json"
            assert "Set-Cookie" not in answer.headers


def test_a_read_token_changes_nothing(app, program):
    call = program("ada", "read")
    for method, path in operations(app):
        if method != "GET":
            call(method, path.removeprefix("/api/v1"), {}, 403)


def test_a_token_in_the_address_is_refused_and_it_is_said_why(app, token_of):
    secret = token_of("ada")
    for name in ("access_token", "q", "q=again&q", "q=%20"):
        answer = app.test_client().get(f"/api/v1/services?{name}={secret}", headers=bearer(secret))
        assert answer.status_code == 400
        assert "Never put a token into an address" in answer.json["detail"]
        assert secret not in answer.text


def test_a_token_stops_with_its_end_its_user_and_itself(app, token_of, now):
    def answers(secret):
        return app.test_client().get("/api/v1/services", headers=bearer(secret)).status_code

    ended, disabled, revoked = token_of("ada"), token_of("sam"), token_of("alice")
    assert [answers(secret) for secret in (ended, disabled, revoked)] == [200, 200, 200]
    with app.app_context():
        with writing():
            of_ada, of_sam, of_alice = db.session.scalars(select(Token).order_by(Token.id))
            assert ended not in vars(of_ada).values()
            of_ada.ends_at = now - timedelta(seconds=1)
            of_sam.user.active = False
            revoked_id = of_alice.id
        tokens.revoke(None, revoked_id, now)
    assert [answers(secret) for secret in (ended, disabled, revoked)] == [401, 401, 401]


def test_it_is_noted_when_and_from_where_a_token_is_used(app, token_of):
    app.test_client().get("/api/v1/services", headers=bearer(token_of("ada")))
    with app.app_context():
        (token,) = db.session.scalars(select(Token))
        assert token.last_used_from == "127.0.0.1"
        assert datetime.now(UTC) - token.last_used_at < timedelta(minutes=1)


def test_a_clients_token_sees_what_its_users_see(app, now):
    with app.app_context():
        ada = db.session.scalar(select(User).filter_by(email="ada@example.com"))
        alice = db.session.scalar(select(User).filter_by(email="alice@example.com"))
        scope = tokens.Scope.READ
        secret = tokens.create_for_client(ada, alice.client_id, "Panel", scope, None, now)
    answer = app.test_client().get("/api/v1/services", headers=bearer(secret))
    assert [item["domain"] for item in answer.json["items"]] == ["alice.example"]


def test_so_many_requests_a_minute_and_no_more(app, program):
    app.config["PADLOCK_API_PER_MINUTE"] = 2
    call = program("ada")
    first = call("GET", "/services")
    assert first.headers["RateLimit-Policy"] == '"minute";q=2;w=60'
    assert re.fullmatch(r'"minute";r=1;t=\d+', first.headers["RateLimit"])
    call("GET", "/services")
    refused = call("GET", "/services", status=429)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    program("sam")("GET", "/services")  # another token has its own


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/services/0", 404),
        ("GET", "/services/99999999999", 404),
        ("POST", "/services", 405),
        ("TRACE", "/services", 405),
        ("GET", "/services?limit=7", 422),
        ("GET", "/services?colour=red", 422),
        ("GET", "/services?limit=25&limit=50", 422),
        ("GET", "/services?cursor=LaLa", 404),
        ("GET", "/services?client=4711", 404),
        ("GET", "/services?q=%00", 400),
        ("GET", "/services?q=%ff", 400),
    ],
)
def test_a_bad_address_has_a_documented_answer(program, method, path, status):
    answer = program("ada", "write")(method, path, status=status)
    if status == 405:
        assert "GET" in answer.headers["Allow"]


def test_json_only(program):
    program("ada")("GET", "/services", status=406, Accept="text/html")
    program("ada")("GET", "/services", Accept="application/*;q=0.5")


BODY = {"client": "Alice’s Bakery", "product": "Hosting"}
RIGHT = json.dumps(BODY).encode()


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (RIGHT, "text/plain", 415),
        (RIGHT, "application/json; charset=latin-1", 415),
        (RIGHT[:-1], "application/json", 400),
        (b"\xff" + RIGHT, "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b'{"client": "x", "client": "y"}', "application/json", 400),
        (b'{"product": NaN}', "application/json", 400),
        (b"9" * 5000, "application/json", 400),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (json.dumps(BODY | {"product": "\0"}).encode(), "application/json", 422),
        (json.dumps(BODY | {"product": 17}).encode(), "application/json", 422),
        (json.dumps(BODY | {"product": "x" * 201}).encode(), "application/json", 422),
        (json.dumps(BODY | {"product": "\ud800"}).encode(), "application/json", 422),
        (json.dumps(BODY | {"colour/~": "red"}).encode(), "application/json", 422),
        (json.dumps(BODY | {"tags": ["x"] * 10_000}).encode(), "application/json", 422),
        (b" " * 1_000_001, "application/json", 413),
    ],
)
def test_a_bad_body_has_a_documented_answer(app, token_of, body, kind, status):
    headers = bearer(token_of("ada", "write")) | {"Content-Type": kind}
    path = "/api/v1/services/by-reference/A-1"
    answer = app.test_client().put(path, data=body, headers=headers)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert app.test_client().get(path, headers=headers).status_code == 404


def test_it_is_said_which_field_is_wrong(program):
    call = program("ada", "write")
    wrong = BODY | {"next_due_on": "soon", "colour/~": "red"}
    errors = call("PUT", "/services/by-reference/A-1", wrong, 422).json["errors"]
    assert {error["pointer"] for error in errors} == {"#/next_due_on", "#/colour~1~0"}


def test_the_description_has_every_operation(app):
    described = app.test_client().get("/api/v1/openapi.json").json
    assert described["openapi"] == "3.1.0"
    found = [
        (method, path)
        for path, of in described["paths"].items()
        for method in of.keys() - {"parameters"}
    ]
    assert len(found) == len(list(operations(app)))
    assert site_of(app).api_document() == described
