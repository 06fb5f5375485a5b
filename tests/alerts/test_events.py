"""What is told of one name, and when."""

from datetime import timedelta

import pytest

from tests.alerts.history import History, at, day

EIGHT = timedelta(hours=8)
HALF_AN_HOUR = timedelta(minutes=30)


# --- levels ---


def test_expiring_goes_to_the_digest_urgent_and_expired_come_at_their_moment():
    history = History().shows((0, 90), 0, 60)
    assert history.told(day(90)) == [
        (day(68) + EIGHT, "expiring", "a"),  # at 67.5 days
        (day(83), "urgent", "a"),
        (day(90), "expired", "a"),
    ]


def test_expiring_comes_at_once_where_the_digest_would_be_too_late():
    early = History().shows((0, 160 / 24), 0, 5)  # 26 h 40 min have to be left
    assert early.told(day(5.9))[0] == (day(5) + EIGHT, "expiring", "a")
    late = History().shows((0.5, 160 / 24), 1, 6)
    assert late.told(day(5.9))[0] == (day(5.5), "expiring", "a")
    rules = {"site": {"expiring": {"days": 14}}}
    assert History(rules).shows((0, 90), 0, 60).told(day(80)) == [(day(76), "expiring", "a")]


def test_a_renewal_before_the_digest_is_not_told_of():
    history = History().shows((0, 90), 0, 67).look(day(68) + 7 * HALF_AN_HOUR, leaf=(68, 90))
    assert history.told(day(80)) == []


@pytest.mark.parametrize(
    ("first_day", "kinds"), [(69, ["expiring", "urgent"]), (84, ["urgent"]), (91, ["expired"])]
)
def test_a_first_look_tells_the_level_that_it_finds(first_day, kinds):
    history = History()
    state = ("invalid", "expired") if first_day > 90 else ("valid", "ok")
    history.look(day(first_day), "a", *state, leaf=(0, 90))
    history.look(day(first_day) + HALF_AN_HOUR, "a", *state, leaf=(0, 90))
    assert history.kinds(max(day(89), day(first_day + 1))) == kinds


def test_a_certificate_with_an_earlier_end_is_told_of():
    history = History().shows((0, 90), 0, 30).shows((20, 20), 30, 31)
    assert history.told(day(38)) == [
        (day(35) + EIGHT, "expiring", "a"),
        (day(38), "urgent", "a"),
    ]


def test_a_server_with_two_certificates_is_not_told_of_at_each_turn():
    history = History().shows((0, 90), 0, 84)
    for number in range(84, 89):
        history.look(day(number) + HALF_AN_HOUR, leaf=(80, 90))
        history.look(day(number) + 2 * HALF_AN_HOUR, leaf=(0, 90))
    assert history.kinds() == ["expiring", "urgent"]


# --- red ---


def test_red_is_confirmed_by_the_next_look():
    history = History().red(at("01:00")).red(at("01:05"))
    assert history.told(at("03:00")) == [(at("01:35"), "invalid", "a")]
    assert history.messages(at("03:00"))[0].events[0].reason == "refused"


def test_red_counts_after_an_hour_without_a_look():
    history = History().red(at("01:00"))
    assert history.told(at("03:00")) == [(at("02:30"), "invalid", "a")]


def test_flapping_is_told_neither_as_trouble_nor_as_recovered():
    history = History()
    for minutes in range(0, 600, 10):
        look = history.red if minutes % 20 else history.look
        look(at("01:00") + timedelta(minutes=minutes))
    assert history.told(at("12:00")) == []


def test_an_exact_repeat_confirms_nothing():
    history = History().red(at("01:00")).red(at("01:00")).look(at("01:10"))
    assert history.told(at("05:00")) == []


def test_an_unknown_answer_confirms_nothing():
    history = History().red(at("01:00")).unknown(at("01:05"))
    assert history.told(at("12:00")) == []
    assert history.red(at("13:00")).told(at("14:00")) == [(at("13:30"), "invalid", "a")]


def test_valid_again_is_told_after_told_trouble_only():
    history = History().red(at("01:00")).red(at("01:05")).look(at("01:20"))
    assert history.told(at("05:00")) == []
    history.red(at("06:00")).red(at("06:05")).unknown(at("07:00")).look(at("08:00"))
    assert history.kinds(at("09:00")) == ["invalid", "recovered"]


def test_what_is_broken_is_not_told_of_as_expiring_until_it_is_valid_again():
    history = History().shows((0, 90), 0, 60)
    for number in range(60, 75):
        history.red(day(number) + HALF_AN_HOUR)
    history.look(day(75), leaf=(0, 90))
    assert [kind for _, kind, _ in history.told(day(76))] == ["invalid", "recovered", "expiring"]


def test_an_expired_certificate_replaced_by_a_broken_one_is_another_trouble():
    history = History().shows((0, 90), 0, 90)
    history.red(day(91), reason="incomplete_chain", leaf=(91, 90))
    history.look(day(92), leaf=(91, 90))
    assert history.kinds(day(93)) == ["expiring", "urgent", "expired", "invalid", "recovered"]


# --- unknown, changed ---


def test_unknown_for_three_days_is_told_with_its_reason():
    history = History().look(day(0)).unknown(day(1)).unknown(day(2)).unknown(day(3))
    assert history.told(day(4) - HALF_AN_HOUR) == []
    assert history.told(day(5)) == [(day(4), "unknown", "a")]
    assert history.messages(day(5))[0].events[0].reason == "timeout"
    assert history.look(day(6)).kinds(day(7)) == ["unknown", "recovered"]


def test_a_failure_of_our_own_is_no_answer_at_all():
    history = History().look(day(0))
    for number in range(1, 9):
        history.unknown(day(number), reason="monitor_error")
    assert history.told(day(10)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, []),
        ({"issuer": "E5, Let's Encrypt"}, []),
        ({"issuer": "WE1, Google Trust Services"}, ["changed"]),
        ({"key": "RSA 4096"}, []),
        ({"key": "EC secp256r1"}, ["changed"]),
        ({"names": ["a.example", "*.a.example", "b.example"]}, []),
        ({"names": ["a.example"]}, ["changed"]),
        ({"names": None, "key": None, "issuer": None}, []),
    ],
)
def test_a_changed_certificate_is_more_than_a_renewal(change, told):
    first = {"names": ["a.example", "www.a.example"], "key": "RSA 2048"}
    history = History().look(day(0), leaf=(0, 90), **first)
    history.look(day(50), leaf=(50, 90), **first | change)
    assert history.kinds(day(51)) == told


# --- people ---


def test_an_acknowledged_level_is_quiet_and_the_next_is_told():
    history = History().shows((0, 90), 0, 89).add(day(84), name="a", acknowledge=True)
    told = history.told(day(91), reminders=True)
    assert [kind for at, kind, _ in told if at > day(84)] == ["expired"]
    history = History().shows((0, 90), 0, 89).add(day(67.6), name="a", acknowledge=True)
    assert history.kinds(day(90)) == ["urgent", "expired"]


def test_an_acknowledgement_ends_with_its_trouble():
    history = History().shows((0, 90), 0, 84).add(day(84), name="a", acknowledge=True)
    history.shows((84, 90), 84, 100)
    assert history.kinds(day(169)) == ["expiring", "urgent"] * 2


def test_acknowledged_before_it_was_told_is_never_told():
    history = History().red(at("01:00")).red(at("01:05"))
    history.add(at("01:10"), name="a", acknowledge=True).look(at("03:00"))
    assert history.told(at("05:00")) == []


def test_a_muted_name_is_silent_until_the_mute_ends():
    until = day(84).isoformat()
    history = History().shows((0, 90), 0, 88).add(day(60), name="a", mute_until=until)
    assert history.told(day(85)) == [(day(84), "urgent", "a")]


def test_trouble_that_is_over_while_muted_is_never_told():
    history = History().red(at("01:00")).red(at("01:05"))
    history.add(at("01:40"), name="a", mute_until=at("09:00").isoformat())
    history.red(at("02:00"), "b").add(at("02:10"), name="b", mute_until=at("09:00").isoformat())
    history.look(at("03:00")).look(at("03:00"), "b")
    assert history.told(at("12:00")) == [(at("01:35"), "invalid", "a")]


def test_trouble_that_lasts_is_told_when_the_mute_ends():
    history = History().add(at("00:30"), name="a", mute_until=at("09:00").isoformat())
    history.red(at("01:00")).red(at("01:05"))
    assert history.told(at("12:00")) == [(at("09:30"), "invalid", "a")]


def test_an_inactive_name_is_silent_and_told_of_afresh_when_it_is_active_again():
    history = History().red(at("01:00")).red(at("01:05"))
    history.add(at("02:00"), name="a", item="inactive").red(at("03:00")).look(at("04:00"))
    history.add(at("05:00"), name="a", item="active")
    assert history.told(at("09:00")) == [(at("01:35"), "invalid", "a")]
    history.red(at("09:00")).red(at("09:05"))
    assert history.told(at("10:00"))[1:] == [(at("09:35"), "invalid", "a")]


def test_a_name_that_is_active_again_has_to_be_seen_first():
    history = History().shows((0, 90), 0, 50).add(day(50), name="a", item="inactive")
    history.add(day(88), name="a", item="active").look(day(88.5), leaf=(60, 90))
    assert history.told(day(100)) == []


# --- reminders and clients ---


def test_reminders_are_daily_for_a_week_and_then_weekly():
    history = History().shows((0, 90), 0, 60)
    days = [
        (message.at - day(0)).days
        for message in history.messages(day(120))
        if message.reminder and message.to == "staff"
    ]
    assert days == [84, 85, 86, 87, 88, 89, 91, 92, 93, 94, 95, 96, 97, 104, 111, 118]
    assert all(message.at.hour == 8 for message in history.messages(day(120)) if message.reminder)


def test_reminders_go_on_when_a_mute_ends():
    history = History().shows((0, 90), 0, 60)
    history.add(day(84.5), name="a", mute_until=day(87).isoformat())
    days = [
        (message.at - day(0)).days
        for message in history.messages(day(89))
        if message.reminder and message.to == "staff"
    ]
    assert days == [84, 87, 88]


@pytest.mark.parametrize(
    ("rule", "kinds"),
    [
        ("all", ["expiring", "urgent", "expired", "recovered"]),
        ("urgent", ["urgent", "expired"]),
        ("off", []),
    ],
)
def test_a_client_is_written_to_by_its_rule(rule, kinds):
    history = History({"clients": {"Bakery": {"clients": rule}}}).shows((0, 90), 0, 60)
    history.look(day(91), leaf=(91, 90))
    assert history.kinds(day(92), "client:Bakery") == kinds


def test_a_message_is_urgent_where_an_event_is():
    messages = History().shows((0, 90), 0, 60).messages(day(92))
    kinds = {message.events[0].kind: message.urgent for message in messages}
    assert kinds == {"expiring": False, "urgent": True, "expired": True}


def test_a_name_without_a_client_is_told_to_staff_only():
    messages = History().red(at("01:00"), client=None).messages(at("03:00"))
    assert [message.to for message in messages] == ["staff"]
