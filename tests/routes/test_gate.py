"""What every request passes, whoever sends it."""

import io

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.middleware.proxy_fix import ProxyFix

from tests.browser import looked_at
from webapp.customers import lists
from webapp.customers.models import Domain, Service, User
from webapp.extensions import db
from webapp.routes.gate import HEADERS


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sign-in", 200),
        ("/", 302),
        ("/services", 302),
        ("/nope", 404),
        ("/sign-out", 405),
        ("/static/site.css", 200),
    ],
)
def test_every_answer_carries_the_headers(visit, path, status):
    answer = visit().client.get(path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


def test_what_may_be_looked_at_may_be_asked_for_by_its_headers(visit):
    answers = {
        visit("sam").client.head(path).status_code
        for path in ("/admin/services", "/admin/clients/1")
    }
    assert answers == {200}
    ada = visit("ada")
    ada.post("/admin/users/1/view-as")
    assert ada.client.head("/profile").status_code == 200


def test_a_redirect_of_the_router_says_nothing_of_the_host(visit):
    answer = visit("ada").client.get("/admin//services?q=a%20b", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (308, "/admin/services?q=a%20b")


@pytest.mark.parametrize(
    "path", ["/sign-in", "/services", "/nope", "/services/1", "/probe/service/1"]
)
def test_no_page_is_kept_by_a_cache(visit, path):
    answer = visit("alice").client.get(path)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert {"Cookie", "HX-Request"} <= set(answer.headers["Vary"].split(", "))


def test_vendored_files_are_kept_and_ours_are_asked_for(visit):
    browser = visit()
    assert (
        "immutable"
        in browser.client.get("/static/vendor/htmx-4.0.1/htmx.min.js").headers["Cache-Control"]
    )
    ours = browser.client.get("/static/site.css")
    assert ours.headers["Cache-Control"] == "no-cache"
    again = browser.client.get("/static/site.css", headers={"If-None-Match": ours.headers["ETag"]})
    assert again.status_code == 304
    assert "immutable" not in browser.client.get("/static/vendor/nope.js").headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/services?q=a%00b",
        "/services?%00=a",
        "/services?q=%ed%a0%80",
        "/services?q=%ff",
        "/services?page=1&page=%00",
        "/domains?sort=%c3%28",
        "/sign-in?next=%00",
    ],
)
def test_what_is_no_text_is_refused(visit, path):
    assert "reload the page" in visit("alice").get(path, 400).main.text


@pytest.mark.parametrize("field", ["email", "password", "anything"])
@pytest.mark.parametrize("text", [b"a\0b", b"\xed\xa0\x80", b"\xff"])
def test_a_field_that_is_no_text_is_refused(visit, field, text):
    form = {
        "email": b"alice@example.com",
        "password": b"x",
        field: text,
        "csrf_token": visit().token().encode(),
    }
    body = b"&".join(name.encode() + b"=" + value for name, value in form.items())
    answer = visit().client.post(
        "/sign-in", data=body, content_type="application/x-www-form-urlencoded"
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    ["/%2e%2e/", "//", "/../../etc/passwd", "/static/../config.py", "/static/%2e%2e/config.py"],
)
def test_odd_paths_are_missing(visit, path):
    assert visit("alice").client.get(path).status_code in (404, 308)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE"])
@pytest.mark.parametrize("path", ["/sign-in", "/services", "/services/1", "/probe/service/1"])
def test_other_methods_are_refused(visit, path, method):
    answer = visit("alice").client.open(path, method=method)
    assert (answer.status_code, "Allow" in answer.headers) == (405, True)


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/xml", "text/plain", "image/png"]
)
def test_other_contents_are_refused(visit, content_type):
    assert visit().client.post("/sign-in", data=b"{}", content_type=content_type).status_code == 415


def test_a_body_of_100_megabytes_is_refused_unread(visit):
    class Unread(io.RawIOBase):
        def read(self, size=-1):
            raise AssertionError("it was read")

    body = {"CONTENT_LENGTH": str(100 * 1024 * 1024), "wsgi.input": Unread()}
    stream = {"content_type": "application/x-www-form-urlencoded", "environ_overrides": body}
    assert visit().client.post("/sign-in", **stream).status_code == 413


def test_a_thousand_parts_are_too_many(visit):
    parts = {f"f{number}": "x" for number in range(1000)}
    assert (
        visit().client.post("/sign-in", data=parts, content_type="multipart/form-data").status_code
        == 413
    )


@pytest.mark.parametrize("field", ["email", "password", "csrf_token", "nonsense"])
def test_a_file_where_a_form_wants_a_text_is_no_form(visit, field):
    browser = visit()
    fields = {"email": "a@b.example", "password": "x", "csrf_token": browser.token()}
    fields[field] = (io.BytesIO(b"x"), "x.txt")
    assert (
        browser.client.post("/sign-in", data=fields, content_type="multipart/form-data").status_code
        == 400
    )


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a" * 5000, "[", "x:y:z", ".."])
@pytest.mark.parametrize("path", ["/sign-in", "/nowhere", "/static/favicon.svg"])
def test_a_host_that_is_none_is_a_broken_request(visit, host, path):
    answer = visit().client.get(path, headers={"Host": host})
    assert answer.status_code < 500


@pytest.mark.parametrize("host", ["9" * 200, "a" * 64])
def test_a_form_to_a_host_that_is_none_is_a_broken_request_whatever_else_is_wrong(visit, host):
    client = visit("alice").client  # her form has no token
    answer = client.post("/home", data={"a": "b"}, headers={"Host": host})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")


@pytest.mark.parametrize("said", [{"X-Forwarded-Proto": "http://["}, {"X-Forwarded-Host": "xn--"}])
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_a_proxy_says_of_the_address_may_be_nonsense(visit, app, said, method):
    app.wsgi_app = ProxyFix(app.wsgi_app, x_proto=1, x_host=1)
    for path in ("/home", "/sign-in", "/nowhere", "/static/site.css"):
        answer = getattr(visit().client, method)(path, headers=said)
        assert answer.status_code < 500


def test_a_file_name_that_is_too_long_is_missing(visit):
    assert visit().client.get("/static/" + "a" * 300).status_code == 404


def test_only_trusted_hosts_are_answered(visit, app):
    app.config["TRUSTED_HOSTS"] = ["padlock.example"]
    assert visit().client.get("/sign-in", base_url="http://padlock.example").status_code == 200
    evil = visit().client.get("/sign-in", base_url="http://evil.example")
    assert (evil.status_code, b"evil.example" in evil.data) == (400, False)


def test_no_address_is_made_from_the_host_header(visit):
    answer = visit().client.get("/services", base_url="http://evil.example")
    assert answer.headers["Location"] == "/sign-in?next=/services"
    assert (
        b"evil.example" not in visit().client.get("/sign-in", base_url="http://evil.example").data
    )


def test_our_own_fault_shows_nothing_of_itself(visit, app, monkeypatch, caplog):
    def fail(*args):
        raise RuntimeError("/home/secret 10.1.2.3")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    monkeypatch.setattr(lists, "list_services", fail)
    page = visit("alice").get("/services", 500)
    assert "Something went wrong" in page.text
    assert not any(
        words in page.text for words in ("secret", "10.1.2.3", "Traceback", "RuntimeError")
    )
    assert "10.1.2.3" in caplog.text


def test_a_database_that_does_not_answer_is_said(visit, app, monkeypatch):
    alice = visit("alice")

    def gone(*args, **kwargs):
        raise OperationalError("SELECT secret", {}, Exception("database is locked"))

    monkeypatch.setattr(db.session, "scalar", gone)
    page = alice.get("/services", 503)
    assert "Temporarily unavailable" in page.text
    assert "secret" not in page.text


@pytest.fixture
def goes(app):
    """Says that another request deletes these rows when this one rolls back for that many times."""

    def goes(times, *statements):
        left = [times]

        def rolled_back(session):
            left[0] -= 1
            if left[0] == 0:
                with app.app_context(), db.engine.begin() as another:
                    for statement in statements:
                        another.execute(statement)

        db.event.listen(db.session, "after_rollback", rolled_back)
        listening.append(rolled_back)

    listening = []
    yield goes
    for listener in listening:
        db.event.remove(db.session, "after_rollback", listener)


def test_what_another_request_deletes_in_between_is_not_found(visit, goes):
    ada = visit("ada")
    form = {"product": "Shop", "status": "Active", "version": "77", "csrf_token": ada.token()}
    # After it was said that somebody else has changed it
    goes(2, db.delete(Service).where(Service.id == 1))
    answer = ada.client.post("/admin/services/1/edit", data=form)
    assert (answer.status_code, looked_at(answer).h1.text) == (404, "Page not found")


def test_a_cell_whose_client_is_deleted_while_it_waits_is_not_found(visit, goes):
    alice = visit("alice")
    goes(1, *(db.delete(model).where(model.client_id == 1) for model in (Service, Domain, User)))
    alice.get("/probe/service/1", 404)
