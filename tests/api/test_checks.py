"""Checks, diagnoses, and what staff do about warnings. All names lead to a closed port."""

import time
from datetime import timedelta

import pytest

from webapp.customers import check_requests


def until(read, done):
    for _ in range(100):
        found = read()
        if done(found):
            return found
        time.sleep(0.05)
    pytest.fail("it never came")


def test_one_name_is_checked_now(program):
    call = program("alice", "write")
    call("POST", "/services/1/check", status=202)
    found = until(lambda: call("GET", "/services/1/status").json, lambda one: one["checked_at"])
    assert (found["state"], found["reason"]) == ("invalid", "refused")
    assert len(call("GET", "/services/1/history").json["items"]) == 1
    call("GET", "/services/1/certificate", status=404)
    call("POST", "/services/2/check", status=404)


def test_many_names_are_checked_and_nothing_of_others(program):
    call = program("alice", "write")
    asked = {"items": ["service-1", "domain-1", "service-2", "domain-99"]}
    begun = call("POST", "/checks", asked, 202).json
    found = until(lambda: call("GET", f"/checks/{begun['id']}").json, lambda one: one["done"])
    assert (found["checked"], found["waiting"], found["skipped"]) == (2, 0, 2)
    assert [one["progress"] for one in found["items"]] == [
        "checked",
        "checked",
        "skipped",
        "skipped",
    ]
    program("bob")("GET", f"/checks/{begun['id']}", status=404)
    call("POST", "/checks", {"items": ["service-1"] * 2}, 422)
    call("POST", "/checks", {"items": []}, 422)


def test_no_one_asks_for_checks_without_end(program, monkeypatch):
    monkeypatch.setattr(check_requests, "MOST_REQUESTS", 1)
    call = program("alice", "write")
    call("POST", "/checks", {"items": ["service-1"]}, 202)
    call("POST", "/checks", {"items": ["service-1"]}, 409)
    program("bob", "write")("POST", "/checks", {"items": ["service-2"]}, 202)


def test_results_are_kept_for_an_hour(app, program, now):
    call = program("alice", "write")
    id_ = call("POST", "/checks", {"items": ["service-1"]}, 202).json["id"]
    with app.app_context():
        check_requests.delete_old(now)
        call("GET", f"/checks/{id_}")
        check_requests.delete_old(now + check_requests.KEPT + timedelta(minutes=1))
        call("GET", f"/checks/{id_}", status=404)


def test_a_diagnosis_is_started_and_read(program):
    call = program("alice", "write")
    assert call("GET", "/services/1/diagnosis").json["steps"] == []
    call("POST", "/services/1/diagnosis", status=202)
    assert call("GET", "/services/1/diagnosis").json["failed"] is False
    program("bob")("GET", "/services/1/diagnosis", status=404)


def test_staff_mute_and_acknowledge(program):
    call = program("sam", "write")
    call("PUT", "/domains/1/mute", {"until": "2999-01-01"}, 204)
    until = call("GET", "/domains/1/mute").json["until"]
    assert until == "2999-01-01T00:00:00+00:00"
    call("PUT", "/domains/1/mute", {"until": None}, 204)
    assert call("GET", "/domains/1/mute").json == {"muted": True, "until": None}
    call("PUT", "/domains/1/mute", {"until": "2000-01-01"}, 409)
    call("DELETE", "/domains/1/mute", status=204)
    assert call("GET", "/domains/1/mute").json == {"muted": False, "until": None}
    call("POST", "/services/1/acknowledge", status=204)
    call("POST", "/incidents/1/acknowledge", status=404)
    program("alice", "write")("POST", "/services/1/acknowledge", status=403)


def test_the_report_has_what_its_page_has(program):
    found = program("sam")("GET", "/report?sort=-domain&state=never-asked").json
    assert [one["name"] for one in found["items"]] == ["bob.example"] * 2 + ["alice.example"] * 2
    assert found["totals"]["never-asked"] == 4
    program("sam")("GET", "/report?issuer=Nobody", status=404)
    program("sam")("GET", "/report?expires=2026-11-24", status=404)
