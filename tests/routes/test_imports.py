"""The import as an administrator lives it: upload, look, import."""

import csv
import io
import os
import stat
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, func, select

from tests.browser import looked_at
from tests.conftest import NOW
from tests.imports.test_importer import CLIENT, DOMAIN, HEAD, SERVICE, WHOLE
from tests.monitor.processes import wait_for
from webapp.accounts import sign_ins
from webapp.customers.models import Activity, Role, Service
from webapp.extensions import db, writing
from webapp.imports import job_files, jobs, run_job, write_rows
from webapp.jobs import queue
from webapp.jobs.models import Job
from webapp.monitor.models import RefreshRun
from webapp.site import site_of


@pytest.fixture(autouse=True)
def folder(app, tmp_path):
    """Uploads of these tests stay with these tests."""
    app.instance_path = str(tmp_path / "instance")
    return Path(app.instance_path) / "imports"


@pytest.fixture
def ada(visit):
    return visit("ada")


def send(browser, content, name="clients.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return browser.post(
        "/admin/import", {"file": (io.BytesIO(data), name)}, content_type="multipart/form-data"
    )


def upload(app, browser, content, name="clients.csv"):
    """The address of the job of this file, when it has been checked."""
    answer = send(browser, content, name)
    assert answer.status_code == 303, answer.text
    settle(app)
    return answer.location


def settle(app):
    """Waits until everything that was started has ended."""
    with app.app_context():
        wait_for(lambda: not list(rows(Job.failed_at.is_(None))))


def rows(*conditions):
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.kind == run_job.KIND, *conditions))


@contextmanager
def waiting(app):
    """What is started meanwhile waits."""
    runner = site_of(app).jobs
    work = runner.works[run_job.KIND]
    runner.works[run_job.KIND] = replace(work, ready=lambda: False)
    yield
    runner.works[run_job.KIND] = work
    runner.wake()


def test_a_file_is_looked_at_and_then_imported(app, ada):
    job = upload(app, ada, WHOLE)
    page = ada.get(job)
    assert page.h1.text == "Review before importing"
    assert [cell.text for cell in page.find("th", string="Services").parent.find_all("td")] == [
        "1",
        "0",
        "0",
    ]
    assert ada.post(job).location == job
    settle(app)
    assert "1 client, 1 service, 1 domain new" in ada.get(job).text
    assert "shop.example.com" in ada.get("/admin/services").text
    with app.app_context():
        assert db.session.scalars(select(Activity.who)).all() == ["ada@example.com"]


def test_the_second_time_there_is_nothing_to_import(app, ada):
    for _ in range(2):
        job = upload(app, ada, WHOLE)
        ada.post(job)
        settle(app)
    again = ada.get(upload(app, ada, WHOLE))
    assert "Nothing to import" in again.text
    assert again.find("button", string="Import now") is None


def test_pressing_import_twice_imports_once(app, ada):
    job = upload(app, ada, WHOLE)
    assert [ada.post(job).status_code for _ in range(3)] == [303, 303, 303]
    settle(app)
    assert ada.get(job).h1.text == "Imported"
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Activity)) == 1


def test_rows_with_problems_do_not_stop_the_others_and_come_back_as_a_file(app, ada):
    job = upload(app, ada, f"{WHOLE}\nclient,,<b>Anna</b>,,,,,,,")
    page = ada.get(job)
    assert "1 row has a problem and is not imported. Import the other 3 rows now." in page.text
    assert [cell.text for cell in page.find(id="problems").tbody.find_all("td")] == [
        "5",
        "client",
        "It is empty.",
    ]
    ada.post(job)  # not said that they may be left out
    assert ada.get(job).h1.text == "Review before importing"
    assert page.find("button", string="Import 3 rows")
    ada.post(job, {"skip": "yes"})
    settle(app)
    assert ada.get(job).h1.text == "Imported"
    rows = list(csv.reader(io.StringIO(ada.client.get(f"{job}/left-out.csv").text)))
    assert (rows[0][-1], rows[1:]) == (
        "problem",
        [["client", "", "<b>Anna</b>", *[""] * 7, "client: It is empty."]],
    )


def test_a_file_without_a_good_row_cannot_be_imported(app, ada):
    job = upload(app, ada, f"{HEAD}\nclient,,<b>Anna</b>,,,,,,,")
    page = ada.get(job)
    assert page.h1.text == "Nothing to import"
    assert page.find("form", action=job) is None


def test_pasted_names_are_looked_at_and_imported_for_a_new_client(app, ada):
    text = "a.example, https://b.example/x\nwww IN A 192.0.2.1\nnot-a-name"
    sent = ada.post(
        "/admin/import/paste/names", {"names": text, "client": "New & Co", "kind": "service"}
    )
    settle(app)
    page = ada.get(sent.location)
    assert "“www” is not imported" in page.find(id="problems").text
    # Clients by their names; no lines, which only a file has
    (_, first, *_) = page.find("h2", id="rows-heading").parent.select("tr")
    assert [cell.text for cell in first.select("td")][:2] == ["service", "New & Co"]
    ada.post(sent.location, {"skip": "yes"})
    settle(app)
    page = ada.get(sent.location)
    assert "Imported: 1 client, 2 services new." in page.text
    assert "Check all 4 now" in page.find("form", action=f"{sent.location}/check").text
    with app.app_context():
        assert {found.product for found in db.session.scalars(select(Service))} >= {"Hosting"}


@pytest.mark.parametrize(
    ("names", "client", "field"),
    [("", "Bob & Sons", "names"), ("a.example", "", "client"), ("a.example", "#999", "client")],
)
def test_what_is_missing_of_pasted_names_is_told_beside_its_field(ada, names, client, field):
    answer = ada.post(
        "/admin/import/paste/names", {"names": names, "client": client, "kind": "domain"}
    )
    page = looked_at(answer)
    assert (answer.status_code, page.find(id=field)["aria-invalid"]) == (422, "true")
    assert page.find(id="names").text.strip() == names


def test_more_names_than_another_form_may_hold_can_be_pasted(app, ada, visit):
    names = "\n".join(f"name-{number}.example" for number in range(10_000))
    form = {"names": names, "client": "Bob & Sons", "kind": "domain"}
    sent = ada.post("/admin/import/paste/names", form)
    settle(app)
    assert "10,000" in ada.get(sent.location).text
    assert visit("sam").post("/admin/import/paste/names", form).status_code == 413


def test_a_file_of_other_headings_asks_once_which_column_is_which(app, ada):
    content = "Wer;Was\nAlice’s Bakery;a.example\n"
    job = upload(app, ada, content)
    page = ada.get(job, follow_redirects=True)
    assert page.h1.text == "Which column is which?"
    assert "Was: a.example" in page.find(id="column-domain").text
    told = ada.post(f"{job}/columns", {"column-domain": "1", "kind": "domain"})
    assert "Choose a client" in looked_at(told).main.find(role="alert").text
    form = {"column-domain": "1", "column-client_name": "0", "kind": "domain"}
    assert ada.post(f"{job}/columns", form).location == job
    settle(app)
    assert ada.get(job).h1.text == "Review before importing"
    again = ada.get(upload(app, ada, content.replace("a.ex", "b.ex")))
    assert again.h1.text == "Review before importing"


def test_the_encoding_of_a_file_is_shown_and_can_be_changed(app, ada):
    content = "Client Name,Domain\nМолоко,молоко.example\nЗавод,завод.example\n"
    job = upload(app, ada, content.encode("koi8-r"))
    form = {"encoding": "cp866", "show": "yes", "column-domain": "1", "column-client_name": "0"}
    wrong = looked_at(ada.post(f"{job}/columns", form)).find(id="encoding-sample").text
    form["encoding"] = "koi8-r"
    shown = looked_at(ada.post(f"{job}/columns", form)).find(id="encoding-sample").text
    assert ("Завод" in wrong, "Завод" in shown) == (False, True)
    form |= {"kind": "domain"}
    form.pop("show")
    ada.post(f"{job}/columns", form)
    settle(app)
    assert "завод.example" in ada.get(job).text


@pytest.mark.parametrize(
    "form",
    [
        {"column-domain": "9999", "column-client_name": "0", "kind": "service"},
        {"column-domain": "1", "column-client_name": "0", "kind": "domain", "encoding": "utf-8"},
        {"column-domain": "-1", "column-client": "x", "kind": "odd", "encoding": "rot13"},
        {"name-parts": "0,0,9999,1", "column-domain": "1", "kind": "domain", "dates": "x"},
    ],
)
def test_a_form_that_cannot_be_is_told_and_breaks_nothing(app, ada, form):
    job = upload(app, ada, "Клиент,Сайт\nЗавод,завод.example\n".encode("cp1251"))
    assert ada.post(f"{job}/columns", form).status_code in (303, 422)
    settle(app)
    page = ada.get(job, follow_redirects=True)
    assert page.h1.text in (
        "Which column is which?",
        "Review before importing",
        "Nothing to import",
    )


def test_dates_that_are_two_days_are_asked_about(app, ada):
    content = "Client Name,Domain,Expires\nAnna,a.example,01/02/2027\n"
    job = upload(app, ada, content)
    form = {
        "column-domain": "1",
        "column-client_name": "0",
        "column-expires": "2",
        "kind": "domain",
    }
    ada.post(f"{job}/columns", form)
    settle(app)
    asked = ada.get(job, follow_redirects=True)
    assert (
        "01/02/2027 can be read with the day or the month first"
        in asked.main.find(role="alert").text
    )
    ada.post(f"{job}/columns", form | {"dates": "month first"})
    settle(app)
    assert "2027-01-02" in ada.get(job).text


def test_after_an_import_all_new_names_are_checked_by_one_button(app, ada):
    job = upload(app, ada, WHOLE)
    ada.post(job)
    settle(app)
    ada.post(f"{job}/check")
    page = ada.get(job)
    assert page.find(id="refresh-progress").get("hx-get")
    with app.app_context():
        assert db.session.scalar(select(RefreshRun.total)) == 4


def test_of_many_problems_the_first_are_shown_and_all_can_be_downloaded(app, ada):
    job = upload(app, ada, "\n".join([HEAD, *["=1+1,1,,,,,,,,"] * 300]))
    assert len(ada.get(job).find(id="problems").tbody.find_all("tr")) == 200
    answer = ada.client.get(f"{job}/problems.csv")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert (len(rows), rows[300][:3]) == (301, ["301", "kind", "error"])
    assert answer.headers["Content-Disposition"] == 'attachment; filename="import-problems.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_what_is_no_table_is_said_in_one_sentence(app, ada):
    page = ada.get(upload(app, ada, b"PK\x03\x04rubbish", "clients.xlsx"))
    assert page.h1.text == "Not imported"
    assert "save it as CSV" in page.main.find(role="alert").text


def test_no_file_is_told_beside_the_field(ada):
    answer = ada.post("/admin/import")
    field = looked_at(answer).find(id="file")
    assert (answer.status_code, field["aria-invalid"], field["aria-describedby"]) == (
        422,
        "true",
        "file-help",
    )


def test_another_administrators_import_does_not_exist(app, ada, visit):
    job = upload(app, ada, WHOLE)
    with app.app_context(), writing():
        sign_ins.add_user(
            "eve@example.com", "Eve Admin", "correct horse battery", NOW, role=Role.ADMIN
        )
    eve = visit("eve")
    assert [
        eve.client.get(job + end).status_code for end in ("", "/progress", "/problems.csv")
    ] == [404] * 3
    assert eve.post(job).status_code == 404
    assert visit("sam").client.get(job).status_code == 403


@pytest.mark.parametrize("token", ["x", "a" * 43, "..%2f..%2fsecret_key", "%00", "x" * 5000])
def test_a_token_that_was_never_given_is_not_found(ada, token):
    assert ada.client.get(f"/admin/import/{token}").status_code in (400, 404)


def test_two_uploads_at_once_do_not_touch_each_other(app, ada, visit):
    first = send(ada, WHOLE).location
    second = send(visit("ada"), f"{HEAD}\n{CLIENT}").location
    settle(app)
    assert first != second
    for job in (first, second):
        assert ada.post(job).status_code == 303
    settle(app)
    assert [ada.get(job).h1.text for job in (first, second)] == ["Imported", "Imported"]


def test_a_running_import_shows_its_progress_with_and_without_javascript(app, ada):
    job = upload(app, ada, WHOLE)
    with waiting(app):
        ada.post(job)
        page = ada.get(job)
        assert (page.h1.text, page.find(id="progress-words").text) == ("Importing", "Queued")
        assert page.find("noscript").meta["http-equiv"] == "refresh"
        fragment = ada.client.get(f"{job}/progress")
        assert looked_at(fragment).find(id="import-progress")["hx-get"] == f"{job}/progress"
        assert "HX-Refresh" not in fragment.headers
    settle(app)
    assert ada.get(job).h1.text == "Imported"


def test_when_it_has_ended_the_fragment_has_the_page_loaded_anew(app, ada):
    answer = ada.client.get(upload(app, ada, WHOLE) + "/progress")
    assert answer.headers["HX-Refresh"] == "true"
    assert looked_at(answer).find(id="import-progress").get("hx-get") is None


def test_a_failure_of_ours_is_told_changes_nothing_and_can_be_tried_again(
    app, ada, monkeypatch, caplog
):
    job = upload(app, ada, WHOLE)
    with monkeypatch.context() as patch:
        patch.setattr(write_rows, "insert_rows", lambda *arguments: 1 / 0)
        ada.post(job)
        settle(app)
    page = ada.get(job)
    assert "error is on our side" in page.main.find(role="alert").text
    assert "ZeroDivisionError" in caplog.text
    with app.app_context():
        assert not db.session.scalar(select(func.count()).where(Service.reference == "S-1"))
    jobs = ada.get("/admin/health").find("h2", id="jobs-heading").parent.text
    assert "Import through the browser" in jobs
    assert page.find("button", string="Try again")
    ada.post(job)
    settle(app)
    assert ada.get(job).h1.text == "Imported"


def test_what_an_administrator_ended_or_no_process_did_in_time_is_told(app, ada, now):
    with waiting(app):
        ended, late = (send(ada, WHOLE).location for _ in range(2))
        with app.app_context():
            chosen = Job.key == ended.rpartition("/")[2]
            with writing():
                db.session.execute(delete(Job).where(chosen))
            queue.give_up(now + timedelta(hours=2))
        assert "An administrator ended this job." in ada.get(ended).main.text
        assert "could not run within an hour" in ada.get(late).main.text
    ada.post(late)
    settle(app)
    assert ada.get(late).h1.text == "Review before importing"


def test_a_job_without_its_upload_has_failed(app, ada, folder):
    with waiting(app):
        send(ada, WHOLE)
        (path,) = folder.glob("*.json")
        path.rename(path.with_name("x.json"))
    settle(app)
    text = ada.get("/admin/health").find("h2", id="jobs-heading").parent.text
    assert "Its uploaded file is not on this host" in text


def test_an_import_that_could_not_begin_can_be_begun_again(app, ada, monkeypatch):
    def full_disk(*arguments):
        raise OSError(28, "No space left on device")

    job = upload(app, ada, WHOLE)
    with monkeypatch.context() as patch:
        patch.setattr(queue, "add", full_disk)
        with pytest.raises(OSError, match="No space left"):
            ada.post(job)
    ada.post(job)
    settle(app)
    assert ada.get(job).h1.text == "Imported"


def test_who_is_no_administrator_any_more_imports_nothing(app, ada, now):
    job = upload(app, ada, WHOLE)
    with app.app_context():
        found = job_files.read_job(job.rpartition("/")[2])
        with writing():
            db.session.execute(
                db.text("UPDATE \"user\" SET role = 'staff' WHERE email = 'ada@example.com'")
            )
        jobs.start_import(found, now)
    settle(app)
    assert ada.client.get(job).status_code == 403
    with app.app_context():
        assert "no longer an administrator" in job_files.read_job(found.token).error


def test_only_the_site_reads_what_was_uploaded_and_not_for_long(app, ada, folder, now):
    upload(app, ada, WHOLE)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())} == {
        0o700,
        0o600,
    }
    yesterday = (now - timedelta(hours=25)).timestamp()
    for path in folder.iterdir():
        os.utime(path, (yesterday, yesterday))
    ada.get("/admin/import")
    assert list(folder.iterdir()) == []


def large_upload(browser):
    """The answer to a file of more than a megabyte, sent as browsers send it."""
    content = f"{WHOLE}\n" + f"{DOMAIN}\n{SERVICE}\n" * 10_000
    parts = [("csrf_token", browser.token()), ('file"; filename="large.csv', content)]
    body = "".join(
        f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in parts
    )
    kind = "multipart/form-data; boundary=edge"
    return browser.client.post(
        "/admin/import", data=f"{body}--edge--\r\n".encode(), content_type=kind
    )


def test_only_an_administrators_upload_may_be_large(app, ada, visit):
    assert large_upload(ada).status_code == 303
    settle(app)
    assert [large_upload(visit(who)).status_code for who in ("sam", "alice", None)] == [
        413,
        413,
        302,
    ]
    assert ada.post("/sign-out", {"x": "x" * 2_000_000}).status_code == 413


def test_without_a_token_nothing_is_uploaded(ada, folder):
    data = {"file": (io.BytesIO(WHOLE.encode()), "clients.csv")}
    assert ada.client.post("/admin/import", data=data).status_code == 400
    assert not folder.exists()


def test_hostile_file_names_and_cells_are_text(app, ada):
    job = upload(
        app,
        ada,
        f"{HEAD}\n<script>alert(1)</script>,1,,,,,,,,",
        '<img src=x onerror="alert(1)">.csv',
    )
    page = ada.get(job)
    assert "<script>alert(1)</script>" in page.find(id="problems").text
    assert page.find("img") is None


def test_the_name_of_a_file_forges_no_header(app, ada):
    head = "Content-Disposition: form-data; name="
    name = "filename*=UTF-8''a.csv%0D%0ASet-Cookie:%20a=b%0D%0A%0D%0A"
    parts = [
        f'{head}"csrf_token"\r\n\r\n{ada.token()}',
        f'{head}"file"; {name}\r\n\r\n{HEAD}\n=1,1,,,,,,,,',
    ]
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    job = ada.client.post(
        "/admin/import", data=body, content_type="multipart/form-data; boundary=x"
    ).location
    settle(app)
    assert "Set-Cookie" in ada.get(job).main.text
    for path in (job, f"{job}/problems.csv", "/admin/import/example.csv"):
        answer = ada.client.get(path)
        assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (200, "nosniff")
        assert "a=b" not in str(answer.headers)


def test_the_example_can_be_imported(app, ada):
    example = ada.client.get("/admin/import/example.csv")
    assert example.headers["Content-Disposition"] == 'attachment; filename="import-example.csv"'
    job = upload(app, ada, example.data)
    assert ada.get(job).find(id="problems") is None
    ada.post(job)
    settle(app)
    assert "2 clients, 3 services, 2 domains new" in ada.get(job).text


def test_the_documented_example_is_the_one_to_download(ada):
    documented = Path(__file__).parents[2] / "docs/import-example.csv"
    assert (
        ada.client.get("/admin/import/example.csv").text.removeprefix("\ufeff").strip()
        == documented.read_text().strip()
    )


def test_the_page_names_every_column(ada):
    from webapp.imports.rows import COLUMNS

    shown = [code.text for code in ada.get("/admin/import").select("th code")]
    assert shown == list(COLUMNS)


@pytest.fixture
def held(app, monkeypatch):
    """Holds an import in the middle of its transaction: `begun` is set there, and it goes on when
    `go_on` is."""
    begun = Event()
    go_on = Event()
    insert = write_rows.insert_rows

    def held(table, values):
        insert(table, values)
        begun.set()
        assert go_on.wait(30)

    monkeypatch.setattr(write_rows, "insert_rows", held)
    return SimpleNamespace(begun=begun, go_on=go_on)


def test_an_import_can_be_stopped_and_nothing_of_it_is_written(app, ada, held, folder):
    job = upload(app, ada, WHOLE)
    ada.post(job)
    assert held.begun.wait(30)
    assert ada.get(job).find("form", action=f"{job}/stop").button.text == "Stop"
    assert ada.post(f"{job}/stop").location == job
    assert "Stopping" in ada.get(job).text
    assert ada.get(job).find("form", action=f"{job}/stop") is None
    held.go_on.set()
    settle(app)
    page = ada.get(job)
    assert page.h1.text == "Import stopped"
    assert "You stopped the import. Nothing was imported." in page.text
    with app.app_context():
        assert not db.session.scalar(select(Service).where(Service.reference == "S-1"))
        assert not db.session.scalar(select(Activity).where(Activity.action == "imported"))
    assert not list(folder.glob("*.rows"))


def test_an_import_that_waits_behind_another_is_stopped_at_once(app, ada, held):
    first = upload(app, ada, WHOLE)
    second = upload(app, ada, WHOLE)
    with waiting(app):
        for job in (first, second):
            ada.post(job)
    assert held.begun.wait(30)
    ada.post(f"{second}/stop")  # while the database can take nothing down
    assert ada.get(second).h1.text == "Import stopped"
    held.go_on.set()
    settle(app)
    assert [ada.get(job).h1.text for job in (first, second)] == ["Imported", "Import stopped"]


def test_stopping_too_late_stops_nothing(app, ada):
    job = upload(app, ada, WHOLE)
    ada.post(f"{job}/stop")  # it has been checked by now
    assert ada.get(job).h1.text == "Review before importing"
    ada.post(job)
    settle(app)
    ada.post(f"{job}/stop")
    assert ada.get(job).h1.text == "Imported"


def test_a_stop_that_came_when_the_check_had_just_ended_does_not_stop_the_import(app, ada, folder):
    job = upload(app, ada, WHOLE)
    (folder / f"{job.rpartition('/')[2]}.stop").touch()
    ada.post(job)
    settle(app)
    assert ada.get(job).h1.text == "Imported"


def test_only_the_administrator_who_started_an_import_stops_it(app, ada, visit, held):
    sam = visit("sam")
    job = upload(app, ada, WHOLE)
    ada.post(job)
    assert held.begun.wait(30)
    assert sam.post(f"{job}/stop").status_code == 403
    held.go_on.set()
    settle(app)
    assert ada.get(job).h1.text == "Imported"
