"""A CSV at an address is read as the documented import is."""

import pytest
from sqlalchemy import select, text

from tests.sources.conftest import clients, counts, domains, services
from tests.sources.panels import PLANTED, Answer, Panel, page
from webapp.extensions import db
from webapp.sources.models import Source

HEADINGS = "kind,client,client_name,reference,product,domain,status,next_due,expires,Password"


class Csv(Panel):
    """One file."""

    def __init__(self):
        super().__init__()
        self.credentials = {}
        self.lines = [
            "client,C-1,Alice & Co,,,,,,,",
            f"service,C-1,,S-1,Hosting,alice.example,Active,2027-01-31,,{PLANTED}",
            "domain,C-1,,,,alice.example,Active,,2027-01-31,",
            "domain,C-2,Bob,,,bob.example,Expired,,31.01.2027,",
        ]

    def answer(self, asked):
        return Answer(
            "\n".join([HEADINGS, *self.lines]).encode(), headers={"Content-Type": "text/csv"}
        )


@pytest.fixture
def panel():
    with Csv().running() as panel:
        yield panel


@pytest.fixture
def source(panel, add):
    return add(panel, "csv", path="/export.csv?key=hidden-key")


def test_rows_come_in_change_and_go(panel, source, run):
    found = run(source)
    assert (found.stopped, found.problems) == (None, [])
    assert counts(found) == {"client added": 2, "service added": 1, "domain added": 2}
    assert counts(run(source)) == {}
    assert (services(source)["S-1"].product, len(domains(source))) == ("Hosting", 2)
    assert clients(source)["C-1"].reference == "C-1"
    panel.lines[1] = panel.lines[1].replace("alice.example", "new.example")
    del panel.lines[3]
    assert counts(run(source, gone_percent=50)) == {"service changed": 1, "domain gone": 1}
    assert panel.asked[0].fields == {"key": "hidden-key"}


def test_a_bad_line_is_told_and_its_item_stays(panel, source, run):
    run(source)
    panel.lines[1] = panel.lines[1].replace("Active", "Sleeping")
    panel.lines.append("service,C-9,,S-9,Hosting,x.example,Active,,,")
    panel.lines.append("invoice,C-1,,,,,,,,")
    found = run(source)
    assert counts(found) == {}
    assert [(one.row, one.field) for one in found.problems] == [
        ("line 3", "status"),
        ("line 6", "client"),
        ("line 7", "kind"),
    ]
    assert services(source)["S-1"].status == "Active"


def test_what_is_no_table_stops_the_run(panel, source, run):
    for answer, words in (
        (page(), "web page"),
        (page(403), "status 403"),
        (Answer(b"a,b\n1,2\n"), "columns are missing"),
        (Answer(b"PK\x03\x04 a workbook"), "not a CSV file"),
        (Answer(b"kind,client,product\n", cut=True), "in the middle"),
    ):
        panel.trap = lambda asked, answer=answer: answer
        assert words in run(source).stopped
    assert clients(source) == {}


def test_neither_the_key_nor_a_password_is_stored(panel, source, run):
    run(source)
    everything = str(db.session.execute(text("SELECT * FROM source")).all())
    everything += str(db.session.execute(text("SELECT * FROM service")).all())
    assert "hidden-key" not in everything
    assert PLANTED not in everything
    assert db.session.scalar(select(Source.url)).endswith("/export.csv")
