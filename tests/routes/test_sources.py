"""Administrators add a source, read what is wrong with it, preview it, agree, and remove it."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from tests.browser import looked_at
from tests.monitor.processes import wait_for
from tests.sources.conftest import whmcs  # noqa: F401 - a fixture
from tests.sources.panels import SECRET
from webapp.customers.models import Activity, Service
from webapp.extensions import db, writing
from webapp.sources.models import Mode, Source, SourceRun

PAGE = "/admin/sources"


def form_of(panel, **entered):
    usual = {"name": "Billing", "kind": "whmcs", "url": f"{panel.url}/billing"}
    return usual | {"gone_percent": "20", "property_key": "domain"} | panel.credentials | entered


@pytest.fixture
def ada(app, visit, tmp_path):
    app.instance_path = str(tmp_path / "instance")
    return visit("ada")


@pytest.fixture
def press(ada):
    """Presses a button of the source, and waits for the end of what it starts. The page then."""

    def press(what, **form):
        assert ada.post(f"{PAGE}/1/{what}", form).status_code == 303
        wait_for(lambda: "hx-get" not in str(ada.get(f"{PAGE}/1/progress")))
        return ada.get(f"{PAGE}/1")

    return press


def test_a_source_is_mended_previewed_synced_and_removed(app, ada, press, whmcs):  # noqa: F811
    assert "No sources yet" in ada.get(PAGE).text
    whmcs.services[1]["status"] = "Nonsense"
    page = looked_at(ada.post(f"{PAGE}/new", form_of(whmcs, secret="wrong"), follow_redirects=True))
    assert "Billing was saved" in page.text
    assert "does not accept the credentials" in press("test").text
    page = ada.get(f"{PAGE}/1/edit")
    assert [page.select_one(f"#{name}").get("value") for name in ("secret", "access_key")] == [
        None,
        None,
    ]
    kept = form_of(whmcs, identifier="", secret="", gone_percent="50")
    ada.post(f"{PAGE}/1/edit", kept)
    assert "does not accept the credentials" in press("test").text, "they are as they were"
    ada.post(f"{PAGE}/1/edit", form_of(whmcs))
    assert "The connection works." in press("test").text
    page = press("preview")
    assert page.select_one("#preview-heading")
    assert "service 12" in page.select_one("#problems").text
    assert '"service 12","status","error",' in ada.client.get(f"{PAGE}/1/problems.csv").text
    page = press("sync")
    assert "2 clients, 1 service, 2 domains new" in page.text
    assert "Synced every hour" in page.text
    assert "Complete" in ada.get(PAGE).text
    with app.app_context():
        service = db.session.scalar(select(Service.id).where(Service.source_key == "11"))
    path = f"/admin/services/{service}"
    assert "From Billing" in ada.get(path).text
    assert "The next sync overwrites what you change here in: client, product" in (
        ada.get(f"{path}/edit").text
    )
    assert "the next sync adds it again" in ada.get(f"{path}/delete").text
    assert "2 clients, 1 service and 2 domains" in ada.get(f"{PAGE}/1/remove").text
    ada.post(f"{PAGE}/1/pause")
    assert "Paused" in ada.get(PAGE).text
    ada.post(f"{PAGE}/1/resume")
    assert (
        "Billing was removed" in looked_at(ada.post(f"{PAGE}/1/remove", follow_redirects=True)).text
    )
    with app.app_context():
        done = select(Activity.action).where(Activity.kind == "source").order_by(Activity.id)
        assert list(db.session.scalars(done)) == [
            *("created", "changed", "changed", "synced", "disabled", "enabled", "deleted")
        ]


def test_too_much_that_is_gone_is_asked_about(app, ada, press, whmcs):  # noqa: F811
    ada.post(f"{PAGE}/new", form_of(whmcs))
    press("preview")
    press("sync")
    del whmcs.services[0], whmcs.domains[0]
    page = press("sync")
    question = page.select_one("section[aria-labelledby=agree-heading]")
    assert "1 of 2 services and 1 of 2 domains are gone" in question.text
    agreed = question.select_one("[name=agreed_run]")["value"]
    assert "1 service, 1 domain gone" in press("sync", agreed_run=agreed).text
    with app.app_context():
        gone = db.session.scalar(select(Service).where(Service.source_key == "11"))
        assert gone.status == "Cancelled"


@pytest.mark.parametrize(
    ("entered", "told"),
    [
        ({"secret": ""}, "Enter this too. The panel needs it."),
        ({"url": "ftp://x"}, "Enter the full address"),
        ({"url": "https://x.example/#a", "kind": "csv"}, "without “#”"),
        ({"secret": "ü" * 1000}, "The credentials are too long."),
        ({"url": "http://203.0.113.7"}, "must begin with https://"),
        ({"gone_percent": "200"}, "from 0 to 100"),
        ({"kind": ""}, "Choose the billing system."),
        ({"kind": "paymenter", "property_key": "", "token": "x"}, "Enter the key of the property"),
    ],
)
def test_what_cannot_be_is_told_and_what_was_typed_is_kept(ada, whmcs, entered, told):  # noqa: F811
    response = ada.post(f"{PAGE}/new", form_of(whmcs, **entered))
    page = looked_at(response)
    assert response.status_code == 422
    assert told in page.text
    assert page.select_one("#name")["value"] == "Billing"
    assert page.select_one("#identifier")["value"] == "our-identifier"
    assert SECRET not in str(page)


def test_credentials_go_to_no_other_server(app, ada, whmcs):  # noqa: F811
    ada.post(f"{PAGE}/new", form_of(whmcs))
    elsewhere = form_of(whmcs, url="https://127.0.0.1:1", identifier="", secret="")
    response = ada.post(f"{PAGE}/1/edit", elsewhere)
    assert response.status_code == 422
    assert "Enter its credentials." in response.text
    ada.post(f"{PAGE}/new", {"name": "file", "kind": "csv", "gone_percent": "20"} | url("?key=k"))
    before = stored(app, 2)
    ada.post(f"{PAGE}/2/edit", {"name": "file", "gone_percent": "20"} | url())
    assert stored(app, 2) == before, "the same address"
    ada.post(f"{PAGE}/2/edit", {"name": "file", "gone_percent": "20"} | url(port=2))
    assert stored(app, 2) != before


def url(query="", port=1):
    return {"url": f"https://127.0.0.1:{port}/all.csv{query}"}


def stored(app, source_id):
    with app.app_context():
        return db.session.get(Source, source_id).credentials


def test_the_page_shows_200_problems_and_a_file_has_all(app, ada, whmcs):  # noqa: F811
    ada.post(f"{PAGE}/new", form_of(whmcs))
    problem = {"row": "service 7", "field": "status", "words": "<b>", "serious": False}
    with app.app_context(), writing():
        db.session.add(
            SourceRun(
                **{"source_id": 1, "mode": Mode.SYNC, "who": "", "fault": "", "counts": {}},
                **{"started_at": datetime.now(UTC), "ended_at": datetime.now(UTC)},
                **{"problem_count": 201, "problems": [problem] * 201},
            )
        )
    page = ada.get(f"{PAGE}/1")
    assert len(page.select("#problems tbody tr")) == 200
    assert "200 of 201 shown" in page.text
    assert ada.client.get(f"{PAGE}/1/problems.csv").text.count("service 7") == 201
