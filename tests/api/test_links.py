"""Links without a sign-in, made by administrators' programs."""

from datetime import datetime

ALICE, BOB = "/clients/1/links", "/clients/2/links"


def test_a_link_works_until_it_is_revoked(app, program):
    call = program("ada", "write")
    made = call("POST", ALICE, {"days": 7}, 201).json
    path = made.pop("url").removeprefix("http://127.0.0.1:8000")
    assert path.startswith("/shared/")
    assert "alice.example" in app.test_client().get(path).text
    lasts = datetime.fromisoformat(made["ends_at"]) - datetime.fromisoformat(made["created_at"])
    assert (lasts.days, made["use"], made["created_by"]) == (7, "page", "ada@example.com")
    assert call("GET", ALICE).json["items"] == [made]
    one = f"/{made['id']}"
    call("DELETE", BOB + one, status=404)
    call("DELETE", ALICE + one, status=204)
    assert call("GET", ALICE).json["items"] == []
    assert app.test_client().get(path).status_code == 410


def test_a_badge_is_of_a_name_of_this_client(program):
    call = program("ada", "write")
    badge = call("POST", ALICE, {"use": "badge", "name": "alice.example", "days": None}, 201).json
    assert (badge["name"], badge["ends_at"]) == ("alice.example", None)
    assert badge["url"].endswith(".svg")
    for name in ("bob.example", ""):
        call("POST", ALICE, {"use": "badge", "name": name}, 409)
    call("POST", ALICE, {"days": 0}, 422)
    call("POST", "/clients/4711/links", {}, 404)


def test_links_are_for_administrators(program):
    for name in ("alice", "sam"):
        call = program(name, "write")
        for method, path in (("GET", ALICE), ("POST", ALICE), ("DELETE", f"{ALICE}/1")):
            call(method, path, {} if method == "POST" else None, 403)
