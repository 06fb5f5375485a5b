import re

from webapp.accounts.models import Token
from webapp.extensions import db

SECRET = re.compile(r"padlock_[\w-]{43}")


def services_with(app, secret):
    headers = {"Authorization": f"Bearer {secret}"}
    answer = app.test_client().get("/api/v1/services", headers=headers)
    return answer.json["total"] if answer.status_code == 200 else answer.status_code


def test_a_user_makes_a_token_sees_it_once_and_revokes_it(app, visit):
    alice = visit("alice")
    form = {"name": "Panel", "scope": "read", "ends_on": "2099-01-01"}
    made = alice.post("/profile/tokens/new", form)
    (secret,) = SECRET.findall(made.text)
    assert services_with(app, secret) == 1
    profile = alice.get("/profile").text
    assert "Panel" in profile
    assert "Expires on 1 Jan 2099" in profile
    assert secret not in profile
    assert "from 127.0.0.1" in profile
    assert visit("bob").post("/profile/tokens/1/revoke", {}).status_code == 404
    alice.post("/profile/tokens/1/revoke", {})
    assert "Token “Panel” revoked." in alice.get("/profile").text
    assert services_with(app, secret) == 401


def test_an_administrator_makes_tokens_for_others_and_revokes_them(app, visit):
    ada = visit("ada")
    secrets = []
    for owner in ("bob@example.com", "Bob & Sons"):
        form = {"owner": owner, "name": "Panel", "scope": "write"}
        secrets += SECRET.findall(ada.post("/admin/tokens/new", form).text)
    assert [services_with(app, secret) for secret in secrets] == [1, 1]
    listed = ada.get("/admin/tokens").text
    assert "bob@example.com" in listed
    assert "Bob & Sons" in listed
    for number in (1, 2):
        ada.post(f"/admin/tokens/{number}/revoke", {})
    assert [services_with(app, secret) for secret in secrets] == [401, 401]


def test_the_page_of_a_client_lists_the_tokens_of_the_client_and_its_users(visit):
    ada, page = visit("ada"), "/admin/clients/2/links"
    link = ada.get(page).select_one("a[href^='/admin/tokens/new']")["href"]
    owner = ada.get(link).find(id="owner")["value"]
    ada.post(link, {"owner": owner, "name": "Panel of Bob", "scope": "write"})
    visit("bob").post("/profile/tokens/new", {"name": "Own panel", "scope": "read"})
    visit("alice").post("/profile/tokens/new", {"name": "Panel of Alice", "scope": "read"})
    own, of_client = (tag.parent.parent for tag in ada.get(page).select(".sign-ins strong"))
    assert "Panel of Bob Read and change Bob & Sons" in " ".join(of_client.text.split())
    assert "by ada@example.com · Never used" in " ".join(of_client.text.split())
    assert "Own panel Read bob@example.com" in " ".join(own.text.split())
    answer = ada.post(of_client.form["action"])
    assert answer.location == page
    assert [tag.text for tag in ada.get(page).select(".sign-ins strong")] == ["Own panel"]


def test_what_cannot_be_a_token_is_said_beside_its_field(app, visit):
    alice, ada = visit("alice"), visit("ada")
    for form, told in (
        ({"name": "", "scope": "read"}, "Enter a name, such as the program"),
        ({"name": "x", "scope": "metrics"}, "Only administrators"),
        ({"name": "x", "scope": "read", "ends_on": "2001-01-01"}, "Enter a day in the future"),
    ):
        answer = alice.post("/profile/tokens/new", form)
        assert answer.status_code == 422
        assert told in answer.text
    nobody = {"owner": "Nobody Ltd", "name": "x", "scope": "read"}
    assert "No client has this name" in ada.post("/admin/tokens/new", nobody).text
    with app.app_context():
        assert not db.session.query(Token).count()


def test_the_api_is_described_for_people(visit):
    page = visit().get("/help/api").text
    assert "PUT /api/v1/services/by-reference/{reference}" in page
    assert "next_cursor" in page
