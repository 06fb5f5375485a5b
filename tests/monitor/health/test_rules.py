from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from webapp import probe
from webapp.monitor.health import rules
from webapp.monitor.health.facts import ClockEvidence, Clockwork, Level, Storage
from webapp.probe import Roots
from webapp.probe.resolver import LookupOutcome, ServerAnswer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
NEW = {
    "OpenSSL": "OpenSSL 4.0.3 29 Sep 2026",
    "pyOpenSSL": "26.4.0",
    "cryptography": "50.0.2",
    "certifi": "2026.10.18",
}
WELL = Clockwork(
    True, NOW - timedelta(seconds=40), "done", "", late=False, names_in_use=90, limit=100
)
BAD, WARNING, OK = Level


def told(flags):
    """The flags that are not well, as name and level; each of them has a fix."""
    assert all(bool(flag.fix) == (flag.level is not OK) for flag in flags)
    assert all(flag.words.endswith((".", "…")) for flag in flags)
    return [(flag.name, flag.level) for flag in flags if flag.level is not OK]


def test_new_libraries_are_well():
    flags = rules.libraries(NEW, NOW.date())
    assert (told(flags), len(flags)) == ([], 1)


@pytest.mark.parametrize(
    ("name", "version", "level"),
    [
        ("OpenSSL", "OpenSSL 3.0.19 27 Jan 2026", BAD),
        ("OpenSSL", "OpenSSL 1.1.1w 11 Sep 2023", BAD),
        ("OpenSSL", "OpenSSL 3.5.1 1 Jul 2025", WARNING),
        ("OpenSSL", "LibreSSL 4.2.0", None),
        ("pyOpenSSL", "24.3.0", WARNING),
        ("pyOpenSSL", "25.3.0", None),
        ("cryptography", "46.0.1", WARNING),
        ("cryptography", "47.0.0", None),
        ("certifi", "2025.11.12", WARNING),
        ("certifi", "2025.11.24", None),
    ],
)
def test_an_old_library_is_told_with_its_age(name, version, level):
    expected = [(name, level)] if level is not None else []
    assert told(rules.libraries(NEW | {name: version}, NOW.date())) == expected


def test_the_versions_of_this_very_engine_can_be_read():
    versions = probe.versions()
    assert list(versions) == ["OpenSSL", "pyOpenSSL", "cryptography", "certifi"]
    assert versions["OpenSSL"].startswith("OpenSSL ")
    assert all(version[0].isdigit() for name, version in versions.items() if name != "OpenSSL")
    assert rules.releases.released("OpenSSL", versions["OpenSSL"]) > date(2023, 1, 1)


def test_the_roots_are_counted_and_a_broken_file_is_told(tmp_path):
    good = probe.roots(None)
    assert (good.problem, good.count > 100, len(good.sha256)) == ("", True, 64)
    assert told([rules.trust(good)]) == []
    for content in (
        b"",
        b"nothing",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ):
        (tmp_path / "roots.pem").write_bytes(content)
        assert told([rules.trust(probe.roots(tmp_path / "roots.pem"))]) == [("Trusted roots", BAD)]
    assert told([rules.trust(probe.roots(Path("/no/such/file")))]) == [("Trusted roots", BAD)]
    assert told([rules.trust(Roots(Path("x"), problem="gone"))]) == [("Trusted roots", BAD)]


def answer(outcome="answered", seconds=0.01, server="192.0.2.53", detail=""):
    return ServerAnswer(server, LookupOutcome(outcome), seconds, detail)


@pytest.mark.parametrize(
    ("answers", "level", "words"),
    [
        ([answer(), answer(seconds=0.02, server="::1")], OK, "192.0.2.53, ::1: 20 ms."),
        ([answer(seconds=1.3)], WARNING, "192.0.2.53 is slow: it took 1.3 seconds to answer."),
        ([answer("silent", 2.0)], BAD, "192.0.2.53 did not answer within 2 seconds."),
        (
            [answer("silent", 2.0), answer(server="::1")],
            WARNING,
            "did not answer within 2 seconds. ::1 answers.",
        ),
        (
            [answer("failed", detail="SERVFAIL")],
            BAD,
            "answers, but can't look up names (SERVFAIL).",
        ),
        ([answer("failed")], BAD, "answers, but can't look up names (no valid answer)."),
        (
            [answer("not reached", detail="Network is unreachable")],
            BAD,
            "This machine cannot send to 192.0.2.53: Network is unreachable.",
        ),
        ([answer("no such name")], BAD, "answers that control.example does not exist."),
        ([], BAD, "This machine has no name server"),
    ],
)
def test_what_a_name_server_does_is_told_apart(answers, level, words):
    flag = rules.resolver("control.example", answers)[0]
    assert (flag.level, words in flag.words, bool(flag.fix)) == (level, True, level is not OK)


@pytest.mark.parametrize(
    ("failed", "level"), [([], None), (["a.example"], WARNING), (["a.example", "b.example"], BAD)]
)
def test_control_names_that_fail_are_told(failed, level):
    expected = [] if level is None else [("Control names", level)]
    assert told(rules.controls(["a.example", "b.example"], failed)) == expected
    assert rules.controls([], []) == []


@pytest.mark.parametrize(
    ("changes", "name", "level"),
    [
        ({}, None, OK),
        ({"ticked_at": None}, "Scheduler", BAD),
        ({"ticked_at": NOW - timedelta(days=2)}, "Scheduler", BAD),
        ({"ticked_at": NOW + timedelta(hours=1)}, "Scheduler", BAD),
        ({"ticked_at": NOW + timedelta(days=3650)}, "Scheduler", BAD),
        ({"ticked_at": NOW + timedelta(seconds=30)}, None, OK),
        ({"on": False, "ticked_at": NOW - timedelta(days=2)}, "Scheduler", BAD),
        ({"on": False}, None, OK),  # another process does it
        ({"state": "failed", "detail": "It had not ended."}, "Daily refresh", BAD),
        ({"state": "offline"}, "Daily refresh", BAD),
        ({"late": True}, "Daily refresh", WARNING),
        ({"names_in_use": 701}, "Daily limit", WARNING),
        ({"names_in_use": 700}, None, OK),
        ({"names_in_use": 10**6, "limit": 0}, None, OK),
        ({"state": None, "names_in_use": 0}, None, OK),
    ],
)
def test_the_scheduler_and_its_last_run(changes, name, level):
    flags = rules.scheduler(replace(WELL, **changes), NOW)
    assert told(flags) == ([(name, level)] if name else [])


def test_a_limit_that_is_too_small_is_told_with_the_number_to_set():
    flag = rules.scheduler(replace(WELL, names_in_use=2340), NOW)[-1]
    assert "At 100 a day, each of 2,340 host names is refreshed every 24 days" in flag.words
    assert "PADLOCK_REFRESH_DAILY_LIMIT=2340" in flag.fix


def test_a_round_through_the_fleet_takes_so_many_days():
    plans = (2340, 100), (100, 100), (2340, 0), (0, 100)
    assert [rules.days_a_round(*plan) for plan in plans] == [24, 1, 1, 0]


@pytest.mark.parametrize(
    ("limit", "needed", "words"),
    [
        (100, None, "12 of today's 100 checks are used."),
        (100, 90, "12 of today's 100 checks are used. The adaptive schedule needs about 90 a day."),
        (
            0,
            2500,
            "Today's checks: 12. There is no limit. The adaptive schedule needs about 2,500 a day.",
        ),
    ],
)
def test_the_days_checks_are_told(limit, needed, words):
    flag = rules.scheduler(replace(WELL, limit=limit, used=12, needed=needed), NOW)[-1]
    assert (flag.words, flag.level) == (words, OK)


def test_checks_that_are_not_enough_for_the_adaptive_schedule_are_told_with_the_number_to_set():
    flag = rules.scheduler(replace(WELL, used=12, needed=2500), NOW)[-1]
    assert (flag.level, "PADLOCK_REFRESH_DAILY_LIMIT=2500" in flag.fix) == (WARNING, True)


def test_a_scheduler_that_died_two_days_ago_is_told_in_words():
    flag = rules.scheduler(replace(WELL, ticked_at=NOW - timedelta(days=2)), NOW)[0]
    assert "Last active 2 days ago. Nothing is refreshed" in flag.words


def test_a_heartbeat_that_is_yet_to_come_is_told_in_words():
    flag = rules.scheduler(replace(WELL, ticked_at=NOW + timedelta(hours=1)), NOW)[0]
    assert (
        flag.words
        == "It was last active at 24 Nov 2026, 13:00 UTC, which is in the future. The clock was set"
        " back."
    )


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        (Storage("SQLite", "wal", 10**12), []),
        (Storage("postgresql"), []),
        (Storage("SQLite", "wal", 300 * 2**20), [("Database", WARNING)]),
        (Storage("SQLite", "wal", 2**20), [("Database", BAD)]),
        (Storage("SQLite", "wal", 10**12, "database or disk is full"), [("Database", BAD)]),
        (Storage("SQLite", problem="replaced", lost=True), [("Database", BAD)]),
        (Storage("SQLite", problem="malformed", damaged=True), [("Database", BAD)]),
        (Storage("SQLite", "wal", 10**12, "database is locked"), [("Database", BAD)]),
        (Storage("SQLite", "delete", 10**12), [("SQLite mode", WARNING)]),
    ],
)
def test_the_database(storage, expected):
    assert told(rules.storage(storage)) == expected


@pytest.mark.parametrize(
    ("debug", "secure_cookies", "only_here", "expected"),
    [
        (False, True, False, []),
        (False, False, True, []),
        (True, True, False, [("Debug mode", BAD)]),
        (True, False, False, [("Debug mode", BAD), ("Cookies", WARNING)]),
    ],
)
def test_how_the_site_is_set_up(debug, secure_cookies, only_here, expected):
    assert (
        told(rules.site(debug=debug, secure_cookies=secure_cookies, only_here=only_here))
        == expected
    )


@pytest.mark.parametrize(
    ("seen", "now", "level"),
    [
        (ClockEvidence(), NOW, OK),
        (ClockEvidence(NOW - timedelta(hours=1), 100, 2), NOW, OK),
        (ClockEvidence(NOW + timedelta(minutes=4), 100, 0), NOW, OK),
        (ClockEvidence(NOW + timedelta(minutes=6), 100, 0), NOW, BAD),
        (ClockEvidence(NOW, 100, 6), NOW, WARNING),
        (ClockEvidence(NOW, 4, 2), NOW, OK),
        (ClockEvidence(), datetime(2026, 1, 1, tzinfo=UTC), BAD),
    ],
)
def test_a_clock_that_cannot_be_right_is_told(seen, now, level):
    assert rules.clock(seen, NEW, now).level is level


@pytest.mark.parametrize(
    ("problem", "workers", "levels"),
    [("", 2, []), ("", 0, [("Broker", WARNING)]), ("Connection refused", 0, [("Broker", BAD)])],
)
def test_a_broker_that_is_gone_or_has_no_workers_is_told(problem, workers, levels):
    assert told(rules.broker(True, problem, workers)) == levels
    assert rules.broker(False, "", 0) == []


def test_nothing_is_reported_while_checks_cannot_be_relied_on():
    """But whatever else System health complains of."""
    old = replace(WELL, checked_at=NOW - timedelta(hours=27))
    for flags in (
        rules.scheduler(replace(WELL, ticked_at=NOW - timedelta(minutes=11)), NOW),
        rules.scheduler(replace(WELL, state="offline"), NOW),
        rules.scheduler(old, NOW),
        rules.resolver(".", [answer("silent", 2.0)]),
        rules.resolver(".", []),
        rules.controls(["a.example", "b.example"], ["a.example", "b.example"]),
        [rules.clock(ClockEvidence(NOW + timedelta(hours=1)), NEW, NOW)],
        [rules.clock(ClockEvidence(), NEW | {"certifi": "2027.1.1"}, NOW)],
    ):
        assert rules.is_blind(flags)
        assert any(flag.level is BAD for flag in flags)
    for flags in (
        rules.scheduler(replace(WELL, checked_at=NOW - timedelta(hours=25)), NOW),
        rules.scheduler(replace(old, round=timedelta(days=3)), NOW),  # the adaptive schedule
        rules.scheduler(replace(WELL, state="failed", late=True), NOW),
        rules.resolver(".", [answer("silent", 2.0), answer(server="::1")]),
        rules.controls(["a.example", "b.example"], ["a.example"]),
        rules.storage(Storage("SQLite", "wal", 0, "disk full")),
        rules.broker(True, "refused", 0),
        [rules.jobs(3, 3), rules.trust(Roots(Path("x"), problem="gone"))],
    ):
        assert not rules.is_blind(flags)
