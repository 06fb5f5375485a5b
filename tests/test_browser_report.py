"""The report as an administrator lives it, in a real Chromium on the demo."""

import re
import shutil
import subprocess

import pytest
from playwright.sync_api import expect

from tests.test_browser import chrome, complaints, demo, page, sign_in  # noqa: F401 - most are fixtures

REPORT = "/admin/reports/ssl-status"


@pytest.fixture
def report(page):  # noqa: F811
    sign_in(page, "ada")
    page.goto(REPORT)
    return page


def first_domain(page):  # noqa: F811
    return page.locator("td.cell-main").first


def test_sort_filter_page_and_back(report):
    report.get_by_role("link", name="Domain", exact=True).click()
    expect(report).to_have_url(re.compile("sort=domain$"))
    expect(report.locator("th[aria-sort=ascending]")).to_contain_text("Domain")
    report.get_by_role("link", name="Next page").click()
    expect(report).to_have_url(re.compile("page=."))
    report.get_by_label("SSL", exact=True).select_option("inactive")
    expect(report).to_have_url(re.compile("ssl=inactive"))
    expect(report).not_to_have_url(re.compile("page="))
    expect(report.locator("tbody [data-state]").first).to_have_attribute("data-state", "inactive")
    report.go_back()
    expect(report).to_have_url(re.compile("page=."))
    expect(report.locator("#chip-ssl")).to_have_count(0)


def test_a_total_narrows_the_table(report):
    report.locator("#total-inactive").click()
    expect(report.locator("#chip-ssl")).to_contain_text("Inactive")
    expect(report.locator(".report-table tbody tr").first).to_be_visible()


def test_on_a_phone_one_control_sorts_and_nothing_is_scrolled_away(chrome, demo):  # noqa: F811
    phone = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}
    context = chrome.new_context(base_url=demo, reduced_motion="reduce", **phone)
    page = context.new_page()  # noqa: F811
    sign_in(page, "ada")
    page.goto(f"{REPORT}?ssl=inactive")
    for gone in (".weeks", ".report-table thead"):
        expect(page.locator(gone)).to_be_hidden()
    sort = page.get_by_label("Sort by")
    sort.evaluate("choice => choice.scrollIntoView()")
    place = page.evaluate("scrollY")
    assert place > 300
    sort.select_option(label="Domain, descending")
    expect(page).to_have_url(re.compile(r"\?ssl=inactive&sort=-domain$"))
    expect(page.locator("#sort option:checked")).to_have_text("Domain, descending")
    assert page.evaluate("[scrollY, document.documentElement.scrollWidth]") == [place, 320]
    last = page.locator("tbody tr").last
    name = last.locator(".row-link").inner_text()
    last.locator(".cell-date").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.go_back()
    page.locator("tbody tr").last.locator("a.padlock").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    expect(page.get_by_role("tooltip")).to_have_count(0)
    context.close()


def test_export_and_print_keep_what_is_seen(report):
    report.goto(f"{REPORT}?ssl=inactive&sort=-domain")
    shown = report.locator("td.cell-main").all_inner_texts()
    with report.expect_download() as download:
        report.get_by_role("link", name="Export CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split('","')[1] for line in lines[1:]] == shown
    report.get_by_role("link", name="Print").click()
    expect(report.locator("tbody tr")).to_have_count(len(shown))
    report.emulate_media(media="print")
    expect(report.locator(".top-bar")).to_be_hidden()


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="there is no pdftotext")
def test_on_paper_every_host_name_is_whole(report, tmp_path):
    for path in (f"{REPORT}/print", "/admin/domains?size=50"):
        report.goto(path)
        names = report.locator(".print-host, .list-table .cell-main").all_inner_texts()
        assert len(names) > 30
        for paper, width in (("A4", 842), ("Letter", 792)):
            file = tmp_path / f"{paper}.pdf"
            report.pdf(path=file, format=paper)
            command = ["pdftotext", "-layout", file, "-"]
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            sheets = text.rstrip("\f").split("\f")
            assert [name for name in names if name not in text] == []
            assert all("DOMAIN" in sheet.upper() for sheet in sheets), "the heading row is on each"
            assert "".join(sheets[-1].split()).endswith(f"{len(sheets)}/{len(sheets)}")
            assert f"/MediaBox [0 0 {width}".encode() in file.read_bytes(), "it lies on its side"


def test_a_view_is_saved_opened_and_deleted(report):
    report.goto(f"{REPORT}?ssl=unknown&sort=client")
    report.locator("#views-menu").click()
    report.get_by_label("Save these filters").fill("Unknown by client")
    report.get_by_role("button", name="Save", exact=True).click()
    expect(report.get_by_text("View “Unknown by client” saved.")).to_be_visible()
    report.goto(REPORT)
    report.locator("#views-menu").click()
    report.get_by_role("link", name="Unknown by client").click()
    expect(report).to_have_url(re.compile(r"ssl=unknown&sort=client$"))
    report.locator("#views-menu").click()
    report.get_by_role("button", name="Delete the view").click()
    expect(report.locator("#views-menu")).not_to_contain_text("(1)")


def test_what_is_marked_is_checked_before_ones_eyes(report):
    report.goto(f"{REPORT}?q=tls-1-3.lab&ssl=never-asked")
    if not report.locator(".report-table").count():
        report.goto(f"{REPORT}?q=silent")
    check = report.get_by_role("button", name="Check selected")
    expect(check).to_be_disabled()
    expect(report.get_by_text("Nothing selected")).to_be_visible()
    report.get_by_label("Select all on this page").check()
    marked = report.locator("input[name=item]:checked")
    expect(marked).to_have_count(report.locator("input[name=item]").count())
    expect(report.get_by_text(f"{marked.count()} selected")).to_be_visible()
    check.click()
    expect(
        report.get_by_role("status").filter(has_text=re.compile("being checked|skipped"))
    ).to_be_visible()
    expect(report.locator("[aria-busy=true]")).to_have_count(0)
    # The rest of the row, and the numbers above, have come with its padlock
    expect(report.locator("td[id^=checked]").first).to_have_text("just now")
    expect(report.locator("#total-never-asked")).to_have_count(0)
