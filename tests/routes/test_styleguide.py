"""The page with one of everything."""

from webapp.words import states


def test_every_padlock_is_on_the_styleguide(visit):
    page = visit().get("/styleguide")
    icons = {use["href"].rpartition("#")[2] for use in page.main.find_all("use")}
    assert {look.icon for look in (*states.LOOKS.values(), states.never_asked_look())} <= icons
    assert page.select_one(".padlock-cell .badge").text == "12 days"
    assert page.select("[data-checking]")


def test_it_shows_a_field_with_its_mistake(visit):
    wrong = visit().get("/styleguide").find("input", attrs={"aria-invalid": "true"})
    assert wrong["aria-describedby"] == "wrong-help"


def test_nothing_on_it_asks_a_server_before_it_is_clicked(visit):
    page = visit("alice").get("/styleguide")
    assert page.main.select("table [hx-get]:not(a)") == []


def test_there_is_none_where_the_site_serves_its_users(app, visit):
    app.testing = False
    assert visit().client.get("/styleguide").status_code == 404
    app.debug = True
    assert visit().client.get("/styleguide").status_code == 200
