"""What the lists and the details pages show, to whom, and what they make of hostile text."""

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event

from webapp.customers import catalog
from webapp.customers.models import Client, Domain, DomainStatus, Service, ServiceStatus
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.probe import Reason

HOSTILE = [
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "'\"><img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "' hx-get='/sign-out' hx-trigger='load",
    "{{7*7}}",
    "{% include 'base.html' %}",
    "</title></textarea></script><h1>hi",
]


@pytest.fixture
def change(app):
    """Changes a host name's stored facts: `change("alice.example", reason=Reason.OK, …)`."""

    def change(name, **facts):
        with app.app_context(), writing():
            row = db.session.scalar(db.select(Target).filter_by(hostname=name))
            facts = {"checked_at": datetime.now(UTC), "state": facts["reason"].state} | facts
            for fact, value in facts.items():
                setattr(row, fact, value)

    return change


@pytest.fixture
def add(app):
    """Adds a service of Alice's and answers with its id."""

    def add(product="Hosting", domain="", status=ServiceStatus.ACTIVE):
        with app.app_context():
            with writing():
                alice = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
                service = catalog.add_service(alice, product, domain, status)
            return service.id

    return add


def days(count):
    return datetime.now(UTC) + timedelta(days=count)


@pytest.mark.parametrize(("name", "path"), [("alice", "/services"), ("alice", "/domains")])
def test_a_client_sees_their_own(visit, name, path):
    table = visit(name).get(path).table.text
    assert "alice.example" in table
    assert "bob.example" not in table
    assert "2 Jan 2027" in table


@pytest.mark.parametrize("path", ["/admin/services", "/admin/domains"])
def test_an_admin_sees_all_with_their_clients(visit, path):
    table = visit("ada").get(path).table.text
    assert all(
        text in table for text in ("alice.example", "bob.example", "Alice’s Bakery", "Bob & Sons")
    )


@pytest.mark.parametrize("path", ["/services", "/domains"])
def test_a_strangers_page_looks_like_a_missing_one(visit, path):
    bob = visit("bob")
    strange = bob.get(f"{path}/1", 404)
    missing = bob.get(f"{path}/99999", 404)
    assert strange.select_one(".empty") == missing.select_one(".empty") is not None
    assert "alice" not in strange.text.lower()


def test_the_details_say_what_is_known(visit, change):
    facts = {
        "issuer": "R11, Let's Encrypt",
        "subject": "alice.example",
        "names": ["alice.example"],
        "key": "RSA 2048",
    }
    change(
        "alice.example",
        reason=Reason.OK,
        fingerprint="ab" * 32,
        not_before=days(-30),
        not_after=days(40),
        **facts,
    )
    text = visit("alice").get("/services/1?tab=domain").main.text
    for words in (
        "Valid",
        "R11, Let's Encrypt",
        "Names covered",
        "40 days",
        "Checked just now",
        "Check now",
    ):
        assert words in text
    assert "RSA 2048" not in text
    assert "curl" not in text


def test_the_details_tell_staff_more(visit, change):
    problem = {"code": 10, "depth": 0, "text": "certificate has expired", "reason": "expired"}
    change(
        "alice.example",
        reason=Reason.EXPIRED,
        problems=[problem],
        address="192.0.2.7",
        address_port=443,
        tls_version="TLSv1.3",
    )
    text = visit("ada").get("/admin/services/1").main.text
    for words in (
        "192.0.2.7",
        "TLSv1.3",
        "X509_V_ERR 10",
        "curl error 60",
        "curl --max-time 10 -v https://alice.example",
    ):
        assert words in text
    assert "192.0.2.7" not in visit("alice").get("/services/1?tab=domain").text


def test_no_certificate_no_facts(visit, change):
    change("alice.example", reason=Reason.REFUSED)
    text = visit("alice").get("/services/1?tab=domain").main.text
    assert "HTTPS is off" in text
    assert "Issued by" not in text


def test_unknown_still_says_what_was_seen(visit, change):
    facts = {"fingerprint": "ab" * 32, "issuer": "R11", "not_after": days(40)}
    change(
        "alice.example",
        reason=Reason.TIMEOUT,
        last_valid_at=datetime.now(UTC) - timedelta(hours=3),
        **facts,
    )
    text = visit("alice").get("/services/1?tab=domain").main.text
    assert "Last seen valid 3 hours ago." in text
    assert "The last certificate seen" in text


def test_little_time_left_is_a_badge_beside_a_green_padlock(visit, change):
    change("alice.example", reason=Reason.OK, not_after=days(12))
    cell = visit("alice").get("/services").select_one(".padlock-cell")
    assert cell["data-state"] == "valid"
    assert cell.select_one(".badge").text == "12 days"
    change("alice.example", reason=Reason.OK, not_after=days(31))
    assert visit("alice").get("/services").select_one(".padlock-cell .badge") is None


def test_a_certificate_that_ended_since_is_expired_without_asking(visit, change):
    change("alice.example", reason=Reason.OK, not_after=datetime.now(UTC) - timedelta(seconds=1))
    cell = visit("alice").get("/services").select_one(".padlock-cell")
    assert (cell["data-state"], "Certificate expired" in cell.text) == ("invalid", True)


def test_every_padlock_has_a_shape_and_words(visit, change, add):
    for reason, icon in (
        (Reason.OK, "lock-check"),
        (Reason.EXPIRED, "lock-x"),
        (Reason.TIMEOUT, "lock-question"),
    ):
        change("alice.example", reason=reason, not_after=days(40))
        link = visit("alice").get("/services").select_one(".padlock-cell a")
        assert link.use["href"].endswith(f"#{icon}")
        assert link["aria-label"].startswith(("Valid: ", "Invalid: ", "Unknown: "))
        assert len(link["title"]) > 30
    add(domain="old.example", status=ServiceStatus.TERMINATED)
    inactive = visit("alice").get("/services?q=old.example").select_one(".padlock-cell a")
    assert inactive.use["href"].endswith("#lock-minus")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_certificates_stay_text(visit, change, text):
    facts = {
        "issuer": text,
        "subject": text,
        "names": [text] * 12,
        "key": text,
        "serial": text,
        "detail": text,
    }
    change("alice.example", reason=Reason.OK, fingerprint="ab" * 32, not_after=days(40), **facts)
    page = visit("ada").get("/admin/services/1")
    assert text in [dd.text for dd in page.find_all("dd")]
    assert not page.main.find_all(["script", "img", "title"])
    assert page.main.select("[hx-trigger]:not(#tags)") == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(visit, add, text):
    number = add(product=text, domain=text)
    alice = visit("alice")
    row = alice.get("/services?sort=-domain").table
    assert text in row.text
    assert not row.find_all(["script", "img", "title"])
    assert alice.get(f"/services/{number}").h1.text == text
    assert text in alice.get("/services", query_string={"q": text + "x"}).main.text


def test_characters_that_nobody_sees_are_left_out(visit, add):
    add(product="Ho\u202est\u200bing\x1b[31m", domain="moc.knab\u202e\u2066")
    table = visit("alice").get("/services").table.text
    assert "Hosting[31m" in table
    assert not set(table) & set("\u202e\u200b\u2066\x1b")


@pytest.mark.sqlite("PostgreSQL holds no more characters than a column is made for")
def test_names_of_ten_thousand_characters_do_no_harm(visit, add, app):
    number = add()
    with app.app_context(), writing():
        db.session.execute(db.update(Service).values(product="P" * 10_000, domain="d" * 10_000))
    alice = visit("alice")
    alice.get("/services")
    alice.get(f"/services/{number}")


def test_an_empty_list_says_what_will_be_there(visit, app):
    with app.app_context(), writing():
        db.session.execute(db.delete(Service))
    assert "No services yet" in visit("alice").get("/services").main.text
    assert "Nothing matches “x”" in visit("alice").get("/services?q=x").main.text


def test_lists_keep_what_was_asked_when_sorting_and_paging(visit, app):
    with app.app_context(), writing():
        alice = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
        for number in range(30):
            catalog.add_domain(
                alice, f"d{number:02}.example", DomainStatus.ACTIVE, date(2020, 1, 1)
            )
    page = visit("alice").get("/domains?q=example&sort=-expires")
    links = {link["href"] for link in page.main.find_all("a", href=True)}
    assert "/domains?q=example&sort=expires" in links
    following = page.find(id="page-next")["href"]
    assert following.startswith("/domains?q=example&sort=-expires&page=")
    assert page.find("th", attrs={"aria-sort": "descending"}).text.strip() == "Registered until"


@pytest.mark.parametrize(
    "query", ["sort=1;DROP", "sort=password_hash", "page=-1", "page=NaN", "page=999999999999"]
)
@pytest.mark.parametrize(
    "odd", ["", "&q=a&q=b&sort=domain&sort=x&page=1&page=2", "&per_page=1000000000&limit=9"]
)
def test_odd_questions_get_a_list(visit, query, odd):
    assert len(visit("alice").get(f"/services?{query}{odd}").tbody.find_all("tr")) <= 25


@pytest.mark.parametrize(
    "path",
    ["-1", "0", "007", "1e9", "9223372036854775808", "99999999999999999999", "١", "x", "1.0"],
)
def test_odd_ids_are_missing(visit, path):
    visit("alice").get(f"/services/{path}", 404)


def test_a_name_shared_by_two_clients_leaks_no_owner(visit, add):
    add(domain="bob.example")
    text = visit("alice").get("/services?q=bob.example").text + visit("bob").get("/services").text
    assert "Sons" not in text.replace("Bob & Sons", "", 1)
    assert "Bakery" not in visit("bob").get("/services").text


@pytest.mark.parametrize(
    "query",
    ["ssl=nonsense", "status=1;DROP", "client=-1", "client=9223372036854775808", "size=1e9"],
)
@pytest.mark.parametrize("path", ["/services", "/domains"])
def test_odd_filters_get_the_whole_list(visit, path, query):
    assert len(visit("alice").get(f"{path}?{query}").tbody.find_all("tr")) == 1
    assert visit("ada").get(f"/admin{path}?{query}").select(".chip") == []


@pytest.mark.parametrize("name", ["q", "status", "ssl", "client", "sort", "size", "page"])
def test_broken_text_in_any_word_is_refused_and_many_are_one(visit, name):
    alice = visit("alice")
    assert alice.client.get(f"/services?{name}=%00").status_code == 400
    assert alice.client.get(f"/services?{name}=%ff").status_code == 400
    alice.get(f"/services?{name}=&{name}=%25_'&{name}[]=1")


def test_filters_can_be_taken_back_one_by_one_or_all(visit, change):
    change("alice.example", reason=Reason.EXPIRED)
    page = visit("ada").get(
        "/admin/services?status=Active&ssl=invalid&client=1&q=alice&sort=-due&page=9"
    )
    chips = {chip["id"]: chip["href"] for chip in page.select(".list-chips a")}
    assert chips["chip-ssl"] == "/admin/services?q=alice&status=Active&client=1&sort=-due"
    assert chips["chip-client"] == "/admin/services?q=alice&status=Active&ssl=invalid&sort=-due"
    assert chips["chips-clear"] == "/admin/services?sort=-due"
    assert len(page.tbody.find_all("tr")) == 1


def test_the_filter_form_keeps_what_was_chosen(visit):
    page = visit("ada").get("/admin/domains?status=Active&client=1&size=50&sort=-expires")
    form = page.find(id="filters")
    assert (
        form.find("select", attrs={"name": "status"}).find("option", selected=True)["value"]
        == "Active"
    )
    hidden = {field["name"]: field["value"] for field in form.find_all("input", type="hidden")}
    assert hidden == {"size": "50"}
    order = page.find("select", attrs={"name": "sort", "form": "filters"})
    assert order.find("option", selected=True)["value"] == "-expires"
    assert order.find("option", selected=True).text == "Registered until, descending"
    assert form.find("input", attrs={"name": "client"})["value"] == "#1"


def test_nothing_found_leads_back_to_the_whole_list(visit):
    page = visit("alice").get("/services?status=Suspended&sort=-due")
    assert "Nothing matches these filters" in page.main.text
    assert page.find("input", attrs={"name": "sort"})["value"] == "-due"
    assert page.find(id="show-all")["href"] == "/services?sort=-due"


def test_links_of_a_list_are_plain_links_that_htmx_makes_smooth(visit):
    for link in visit("alice").get("/services?q=a").main.select("a[hx-get]"):
        assert link["href"] == link["hx-get"]
        assert (link["hx-select"], link["hx-target"]) == ("#list", "#list")
        assert link["id"], "focus finds its way back by it"


@pytest.mark.parametrize("path", ["/services", "/domains"])
def test_the_legend_opens_beside_the_column_and_names_every_look(visit, path):
    page = visit("alice").get(path)
    assert page.select_one("th.head-ssl button")["popovertarget"] == "legend"
    legend = page.find(id="legend", popover=True)
    for words in ("Valid", "Invalid", "Unknown", "Inactive", "12 days", "Not checked yet"):
        assert words in legend.text


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("alice", "/services"),
        ("alice", "/domains"),
        ("ada", "/admin/services"),
        ("ada", "/admin/domains"),
        ("ada", "/admin/clients"),
        ("ada", "/admin/users"),
        ("ada", "/admin/reports/ssl-status"),
    ],
)
def test_a_row_has_one_stop_of_the_tab_key_and_its_words_are_links(visit, who, path):
    rows = visit(who).get(path).select(":is(.list-table, .user-table) tbody tr")
    assert rows
    for row in rows:
        [stop] = row.select("a:not([tabindex='-1'])")
        assert "row-link" in stop["class"]
        words = row.select(".padlock-words:not(noscript *)")
        assert all(one.find_parent("a", class_="padlock") for one in words)
        if padlock := row.select_one("a.padlock"):
            assert stop["aria-describedby"] == padlock["id"]


def test_a_red_row_says_why_where_one_clicks(visit, change):
    change("alice.example", reason=Reason.EXPIRED, not_after=days(-3))
    alice = visit("alice")
    row = alice.get("/services").select_one("tbody tr")
    assert row.select_one("a.padlock")["aria-label"] == "Invalid: certificate expired"
    page = alice.get(row.select_one("a.row-link")["href"])
    assert "Invalid: Certificate expired" in page.select_one("#ssl h2").text
    change("alice.example", reason=Reason.OK, not_after=days(45))
    day = datetime.now(UTC) + timedelta(days=45)
    words = alice.get("/services").select_one("a.padlock .padlock-words").text
    assert words == f"{day.day} {day:%b}, 45 days"


def test_a_service_has_tabs_that_are_links(visit):
    alice = visit("alice")
    tabs = alice.get("/services/1").select(".tab")
    assert [(tab.text, tab["href"]) for tab in tabs] == [
        ("Overview", "/services/1"),
        ("Domain", "/services/1?tab=domain"),
    ]
    assert (
        alice.get("/services/1?tab=nonsense")
        .find("a", attrs={"aria-current": "page"}, class_="tab")
        .text
        == "Overview"
    )
    page = alice.get("/services/1?tab=domain")
    assert page.find("a", attrs={"aria-current": "page"}, class_="tab").text == "Domain"
    assert page.find(id="ssl")


def test_the_time_left_is_a_bar_and_words(visit, change):
    change(
        "alice.example",
        reason=Reason.OK,
        fingerprint="ab" * 32,
        not_before=days(-30),
        not_after=days(30),
    )
    page = visit("alice").get("/domains/1")
    assert "30 days of 60" in page.main.text
    assert page.select_one(".lifetime-gone")["width"] == "50"
    assert page.find("time", attrs={"data-instant": True})["datetime"].endswith("+00:00")


@pytest.mark.parametrize("path", ["/admin/services", "/admin/domains"])
@pytest.mark.parametrize(("search", "count"), [("", 4), ("&q=alice", 9)])
def test_a_page_costs_four_queries_and_a_search_five_more(app, visit, path, search, count):
    """SQLite needs one more, to choose which of several filters leads."""
    ada = visit("ada")
    queries = []
    # Whether the monitor is offline is asked now and then only
    told = ("BEGIN", "refresh_run", "heartbeat")
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: queries.append(args[2]))
        planning = int(db.engine.dialect.name == "sqlite")
    ada.get(f"{path}?client=%231&status=Active&ssl=unknown&sort=ssl{search}")
    asked = [query for query in queries if not any(word in query for word in told)]
    assert len(asked) == count + planning


@pytest.mark.parametrize("text", ["1", "%231", "Alice’s Bakery", "ALICE’S bakery "])
def test_the_list_of_one_client_is_asked_for_in_any_way_a_client_is_named(visit, text):
    page = visit("sam").get(f"/admin/services?client={text}")
    assert len(page.select("tbody tr")) == 1
    assert page.find(id="chip-client").text.split() == [
        "Client:",
        "Alice’s",
        "Bakery",
        "Remove",
        "this",
        "filter",
    ]


def test_a_client_that_nobody_is_called_is_told_beside_the_whole_list(visit):
    page = visit("sam").get("/admin/services?client=Nobody")
    assert len(page.select("tbody tr")) == 2
    assert (
        page.find(id="filter-client")["aria-describedby"]
        == page.select_one(".client-unknown")["id"]
    )


def test_a_client_never_reads_fraud(visit, app):
    with app.app_context(), writing():
        db.session.get(Service, 1).status = ServiceStatus.FRAUD
        db.session.get(Domain, 1).status = DomainStatus.FRAUD
    alice = visit("alice")
    for place in ("services", "domains"):
        for path in ("", "?status=Closed", "?status=Fraud", "/1", "/1/diagnosis"):
            page = alice.get(f"/{place}{path}")
            assert "fraud" not in page.main.text.lower(), path
            assert len(page.select("tbody .cell-main")) == (1 if "1" not in path else 0), path
            # The word itself is none that filters: it would say what "Closed" stands for
            assert bool(page.select(".chip")) is (path == "?status=Closed"), path
        assert "Closed" in alice.get(f"/{place}/1").main.text
        assert "Closed" in alice.get(f"/{place}").select_one("#filter-status").text
        staff = visit("sam").get(f"/admin/{place}?status=Fraud")
        assert [cell.text.strip() for cell in staff.select(".cell-status")] == ["Fraud"]
        assert "Closed" not in staff.select_one("#filter-status").text
    assert "fraud" not in str(alice.get("/home")).lower()


@pytest.mark.parametrize(
    ("place", "referrer", "back", "words"),
    [
        ("services", "", "/admin/services", "Services"),
        ("domains", "/admin/domains?q=a", "/admin/domains?q=a", "Domains"),
        ("services", "/admin/clients/1/services", "/admin/clients/1/services", "Alice’s Bakery"),
        ("services", "/admin/clients/2", "/admin/services", "Services"),
        (
            *("domains", "/admin/reports/ssl-status?ssl=invalid"),
            *("/admin/reports/ssl-status?ssl=invalid", "SSL Status Monitoring"),
        ),
    ],
)
def test_the_way_back_names_where_it_leads(visit, place, referrer, back, words):
    headers = {"Referer": f"http://localhost{referrer}"}
    link = visit("sam").get(f"/admin/{place}/1", headers=headers).select_one(".back a")
    assert (link["href"], link.text.strip()) == (back, f"Back to {words}")


@pytest.mark.parametrize(
    ("referrer", "back"),
    [
        ("http://localhost/services?q=a&page=2", "/services?q=a&page=2"),
        ("http://localhost/domains?q=a", "/services"),
        ("http://localhost//evil.example/services?q=a", "/services"),
        ("http://[", "/services"),
        ("", "/services"),
    ],
)
def test_the_way_back_leads_to_the_list_as_it_was_left(visit, referrer, back):
    page = visit("alice").get("/services/1", headers={"Referer": referrer})
    assert page.select_one(".back a")["href"] == back


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("alice", "/services", {"/domains?q=only.example": "1 in Domains"}),
        ("ada", "/admin/services", {"/admin/domains?q=only.example": "1 in Domains"}),
        ("ada", "/admin/clients", {"/admin/domains?q=only.example": "1 in Domains"}),
        ("bob", "/services", {}),
    ],
)
def test_a_list_without_a_hit_says_where_there_are_hits(visit, app, name, path, told):
    with app.app_context(), writing():
        alice = db.session.scalar(db.select(Client).where(Client.name.startswith("Alice")))
        catalog.add_domain(alice, "only.example", DomainStatus.ACTIVE)
    page = visit(name).get(f"{path}?q=only.example")
    assert {link["href"]: link.text for link in page.select("#elsewhere a")} == told


def test_a_client_is_found_from_a_list_of_items_by_its_name(visit, app):
    with app.app_context(), writing():
        catalog.add_client("Zeta Works", datetime.now(UTC))
    found = visit("sam").get("/admin/services?q=zeta").select("#elsewhere a")
    assert [link["href"] for link in found] == ["/admin/clients?q=zeta"]


def test_an_item_is_found_by_its_reference(visit, app, add):
    number = add(domain="by-reference.example")
    with app.app_context(), writing():
        db.session.get(Service, number).reference = "R-4711"
    assert "by-reference.example" in visit("sam").get("/admin/services?q=r-4711").table.text


def exported(browser, path):
    text = browser.client.get(path).data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_list_is_exported_with_its_filters_and_its_order(visit, add, change, app):
    add("Shop", "=shop.example", ServiceStatus.SUSPENDED)
    change("bob.example", reason=Reason.OK, issuer="R11", fingerprint="ab", not_after=days(80))
    with app.app_context(), writing():
        bob = db.session.get(Service, 2)
        bob.note, bob.reference, bob.client.contact_email = "Late", "77", "desk@bob.example"
    sam = visit("sam")
    rows = exported(sam, sam.get("/admin/services?sort=-domain").find(id="export")["href"])
    assert [row["Domain"] for row in rows] == ["bob.example", "alice.example", "'=shop.example"]
    told = ("State", "Issuer", "Client", "Contact e-mail", "Reference", "Note", "Next due")
    facts = ["Valid", "R11", "Bob & Sons", "desk@bob.example", "77", "Late", "2027-01-02"]
    assert [rows[0][name] for name in told] == facts
    for page, names in (
        ("/admin/services?status=Suspended", ["'=shop.example"]),
        ("/admin/services?client=%232&ssl=valid", ["bob.example"]),
        ("/admin/clients/1/domains?q=ALICE", ["alice.example"]),
    ):
        rows = exported(sam, sam.get(page).find(id="export")["href"])
        assert [row["Domain"] for row in rows] == names
    assert sam.get("/admin/domains?q=none").find(id="export") is None


def test_a_client_exports_their_own_in_their_own_words(visit, add, app):
    add("Shop", "shop.example", ServiceStatus.FRAUD)
    with app.app_context(), writing():
        db.session.get(Service, 1).note = db.session.get(Client, 1).note = "Secret"
    alice = visit("alice")
    rows = exported(alice, alice.get("/services?status=Closed").find(id="export")["href"])
    assert [(row["Domain"], row["Status"]) for row in rows] == [("shop.example", "Closed")]
    everything = exported(alice, "/services.csv?client=2") + exported(alice, "/domains.csv")
    assert len(everything) == 3
    assert not {"Note", "Client", "Reference", "Contact e-mail"} & {*rows[0], *everything[-1]}
    assert not [cell for row in everything for cell in row.values() if "Secret" in cell]


def test_clients_are_exported_with_what_they_have(visit, add, change):
    add("Old", "", ServiceStatus.CANCELLED)
    change("alice.example", reason=Reason.OK, not_after=days(3))
    sam = visit("sam")
    for sort in ("services", "-name", "-services", ""):
        rows = exported(sam, sam.get(f"/admin/clients?sort={sort}").find(id="export")["href"])
        names = [row["Name"] for row in rows]
        assert names == sorted(names, reverse=sort in ("services", "-name"))
    told = ("Services", "Domains", "Users", "Expires soon", "Inactive", "Valid", "Invalid")
    assert [rows[0][name] for name in told] == ["2", "1", "1", "2", "1", "0", "0"]
    assert [row["Name"] for row in exported(sam, "/admin/clients.csv?q=sons")] == ["Bob & Sons"]
