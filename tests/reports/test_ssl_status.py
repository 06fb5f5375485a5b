"""The report, page after page and as a file, is a plain Python sort of both kinds together."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from tests.customers.shelf import NOW, ada, all_pages, shelf, way  # noqa: F401 - two are fixtures
from tests.customers.test_index import rank
from webapp.customers import index_check, tags
from webapp.customers.models import Client, Domain, Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.listing import plan
from webapp.monitor.models import Target, standing
from webapp.probe import Reason
from webapp.reports import export, ssl_status, tally
from webapp.reports.query import REASONS, SORTS, ReportQuery
from webapp.site import this_site
from webapp.words import states

TICK = timedelta(microseconds=1)


def stands(item):
    return standing(item.target, active=item.active, now=NOW)


def reason(item):
    if not item.active:
        return None
    return list(REASONS).index(stands(item).reason or "never-asked")


def urgent(item):
    place = rank(item, stands(item), NOW)
    return (
        place,
        item.target.not_after.timestamp() if place == 1 else 0,
        item.target_id if place == 1 else 0,
    )


def fact(name):
    def value(item):
        found = getattr(item.target, name) if item.target else None
        return (
            (found.lower() if isinstance(found, str) else found, item.target_id) if found else None
        )

    return value


VALUES = {
    "ssl": urgent,
    "reason": reason,
    "domain": lambda item: item.entered.lower(),
    "client": lambda item: (item.client.name.lower(), item.client_id),
    "item": lambda item: "domain" if item.kind == "domain" else item.product.lower(),
    "status": lambda item: item.status.value,
    "issuer": fact("issuer"),
    "expires": fact("not_after"),
    "left": fact("not_after"),
    "checked": fact("checked_at"),
    "changed": fact("changed_at"),
}


def in_plain_order(sort, backwards):
    items = [item for model in (Service, Domain) for item in db.session.scalars(db.select(model))]
    items = [(VALUES[sort](item), item.id, item.kind) for item in items]
    filled = sorted(item for item in items if item[0] is not None)
    empty = sorted(item[1:] for item in items if item[0] is None)
    filled, empty = ([*filled[::-1]], empty[::-1]) if backwards else (filled, empty)
    return [(kind, number) for _, number, kind in filled] + [
        (kind, number) for number, kind in empty
    ]


def test_the_pages_are_a_plain_sort_both_ways(shelf, way):  # noqa: F811
    for sort, backwards in product(SORTS, (False, True)):
        asked = ReportQuery(sort=f"-{sort}" if backwards else sort, size="50")
        pages = all_pages(
            lambda at, asked=asked: ssl_status.report(ada(), replace(asked, page=at), NOW)
        )
        assert [(row.kind, row.id) for row in pages] == in_plain_order(sort, backwards), asked


def test_the_rows_of_a_reason_come_in_their_order_with_their_numbers(shelf, way):  # noqa: F811
    in_order = in_plain_order("ssl", backwards=False)
    reasons = {
        (kind, number): reason(db.session.get(Service if kind == "service" else Domain, number))
        for kind, number in in_order
    }
    for word in ("ok", "never-asked", "expired", "timeout"):
        place = list(REASONS).index(word)
        wanted = [one for one in in_order if reasons[one] == place]
        asked = ReportQuery(reason=word, sort="ssl")
        pages = all_pages(
            lambda at, asked=asked: ssl_status.report(ada(), replace(asked, page=at), NOW)
        )
        assert [(row.kind, row.id) for row in pages] == wanted, word
        report = ssl_status.report(ada(), asked, NOW)
        expiring = report.totals["expiring"]  # among the valid ones
        assert sum(report.totals.values()) - expiring == len(wanted) > 0
        assert (sum(week.ending for week in report.weeks) > 0) == (word == "ok")


def test_the_totals_and_the_file_are_the_verdicts(shelf):  # noqa: F811
    report = ssl_status.report(ada(), ReportQuery(), NOW)
    rows = list(export.rows(ada(), ReportQuery(), NOW))
    looks = {state.value: look for state, look in states.LOOKS.items()}
    for state, look in (looks | {"never-asked": states.never_asked_look()}).items():
        assert report.totals[state] == sum(row[0] == look.label for row in rows) > 0
    for kind, total in report.totals.items():
        assert ssl_status.report(ada(), ReportQuery(ssl=kind), NOW).total == total
    for word in REASONS:
        found = ssl_status.report(ada(), ReportQuery(reason=word), NOW).total
        assert found == sum(
            row[9] == (states.never_asked() if word == "never-asked" else REASONS[word])
            for row in rows
        )


def test_the_weeks_are_what_their_filters_find(shelf):  # noqa: F811
    report = ssl_status.report(ada(), ReportQuery(search="n1", client="5"), NOW)
    assert sum(week.ending for week in report.weeks) > 0
    for week in report.weeks:
        question = ReportQuery(
            search="n1", client="5", ssl="valid", expires=week.monday.isoformat()
        )
        assert ssl_status.report(ada(), question, NOW).total == week.ending


def test_what_ends_as_a_week_begins_belongs_to_that_week(in_app):
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    with writing():
        client = db.session.scalar(db.select(Client))
        ends = (NOW, NOW + TICK, monday - TICK, monday, monday + TICK)
        for number, end in enumerate(ends):
            row = Target(hostname=f"n{number}.example", reason=Reason.OK, not_after=end)
            service = {"product": "Hosting", "domain": row.hostname, "status": ServiceStatus.ACTIVE}
            db.session.add(Service(client=client, target=row, **service))
    index_check.rebuild(NOW)
    assert [week.ending for week in ssl_status.report(ada(), ReportQuery(), NOW).weeks[:3]] == [
        2,
        2,
        0,
    ]
    for start, ending in (("2026-11-23", 2), ("2026-11-30", 2)):
        assert (
            ssl_status.report(ada(), ReportQuery(ssl="valid", expires=start), NOW).total == ending
        )


def test_numbers_of_many_rows_are_counted_again_after_a_minute(in_app, monkeypatch):
    monkeypatch.setattr(tally, "MOST_COUNTED", 1)

    def totals(at, **question):
        return ssl_status.report(ada(), ReportQuery(**question), at).totals

    now = datetime.now(UTC)
    before = totals(now)
    with writing():
        db.session.add(Domain(client_id=1, name="another.example", status="Active"))
    assert totals(now + timedelta(seconds=59)) == before
    assert sum(totals(now + timedelta(seconds=60)).values()) == sum(before.values()) + 1
    assert totals(now, search="example") == {}  # a search is not counted further


def test_of_a_tag_with_too_many_items_no_numbers_are_shown(in_app, monkeypatch):
    monkeypatch.setattr(tally, "MOST_COUNTED", 0)
    with writing():
        tags.give(db.session.get(Domain, 1), ["shop"])

    def totals():
        return ssl_status.report(ada(), ReportQuery(tag="shop"), datetime.now(UTC)).totals

    assert sum(totals().values()) == 1
    this_site().counted_rows.clear()
    monkeypatch.setattr(plan, "MOST_CANDIDATES", 0)
    assert totals() == {}


@pytest.mark.parametrize(
    ("filters", "module", "limit"),
    [
        ({"issuer": "R11", "expires": "90"}, plan, "MOST_CANDIDATES"),
        ({"checked": "1"}, tally, "MOST_OF_INDEX"),
    ],
)
def test_of_filters_with_too_many_rows_no_numbers_are_shown(
    shelf,  # noqa: F811
    monkeypatch,
    filters,
    module,
    limit,
):
    monkeypatch.setattr(tally, "MOST_COUNTED", 0)

    def asked():
        this_site().counted_rows.clear()
        return ssl_status.report(ada(), ReportQuery(**filters), NOW)

    rows = asked().total
    monkeypatch.setattr(module, limit, rows)
    assert asked().totals["invalid"]
    monkeypatch.setattr(module, limit, rows - 1)
    assert asked().totals == {}


def test_numbers_along_the_index_are_those_of_rows_looked_into(shelf, monkeypatch):  # noqa: F811
    with writing():
        every = db.session.scalars(db.select(Target).order_by(Target.id)).all()
        for number, row in enumerate(every):
            row.reason = Reason.OK if number % 3 else row.reason
            row.not_after = NOW + timedelta(days=number * 5 - 20) if number % 7 else None
            row.checked_at = NOW - timedelta(days=number % 5)
            row.issuer = "R11" if number % 2 else ""
        for model in (Service, Domain):
            for item in db.session.scalars(db.select(model).where(model.id % 9 > 0)).all():
                tags.give(item, ["shop"])
    index_check.rebuild(NOW)

    clients = db.session.scalars(db.select(Client.id).order_by(Client.id)).all()
    filters = [{"expires": word} for word in ("", "30", "ended", "2026-11-30")]
    filters += [{"tag": "shop", "expires": "30"}, {"reason": "expired"}, {"reason": "ok"}]
    filters += [{"issuer": "R11", "checked": "1"}, {"reason": "ok", "expires": "90"}]
    for asked in (*filters, {"checked": "1"}, {"issuer": "R11"}, {"tag": "shop"}):

        def numbers(asked=asked, **question):
            report = ssl_status.report(ada(), ReportQuery(**asked, **question), NOW)
            return [*report.totals.values()], [week.ending for week in report.weeks]

        this_site().counted_rows.clear()
        looked_into = numbers()
        this_site().counted_rows.clear()
        with monkeypatch.context() as patch:
            patch.setattr(tally, "MOST_COUNTED", 0)
            along = numbers()
        each = [numbers(client=str(id_)) for id_ in clients]
        searches = [numbers(client=str(id_), search="e") for id_ in (1, 2)]
        assert along == looked_into
        assert along == tuple(
            [sum(ones) for ones in zip(*found, strict=True)] for found in zip(*each, strict=True)
        )
        assert searches == each[:2]
        assert sum(along[0]), asked
        assert sum(along[1]) > 10 or asked == {"reason": "expired"}, asked
