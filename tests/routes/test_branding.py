"""The provider's name and logo."""

import pytest

from webapp.config.branding import Logo


@pytest.fixture
def branded(app):
    app.config["PADLOCK_LOGO"] = Logo(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")
    app.jinja_env.globals.update(site_name="Crumb <Host>", has_logo=True)


def test_the_site_is_called_what_its_provider_calls_it(visit, branded):
    page = visit().get("/sign-in")
    assert page.title.text == "Sign in · Crumb <Host>"
    assert page.h1.text == "Sign in to Crumb <Host>"
    assert page.select_one(".brand").text.strip() == "Crumb <Host>"
    assert page.select_one(".brand img")["src"] == "/logo"


def test_error_pages_carry_the_name_too(visit, branded):
    assert visit().get("/nope", 404).title.text == "Page not found · Crumb <Host>"


def test_the_logo_is_served_as_what_it_is(visit, branded):
    answer = visit().client.get("/logo")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "sandbox" in policy
    assert "'self'" not in policy, "an SVG could use the site's own scripts"
    assert (
        visit().client.get("/logo", headers={"If-None-Match": answer.headers["ETag"]}).status_code
        == 304
    )


def test_without_a_logo_there_is_a_padlock(visit):
    assert visit().get("/sign-in").select_one(".brand svg") is not None
    assert visit().client.get("/logo").status_code == 404
