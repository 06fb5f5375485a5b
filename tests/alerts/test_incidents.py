"""Names that are in trouble for one cause are told of together."""

from datetime import timedelta

from tests.alerts.history import History, at, day

MINUTE = timedelta(minutes=1)


def broken(history, first, number, gap=MINUTE, **more):
    """So many names of ten clients, red one after the other and confirmed five minutes later."""
    for each in range(number):
        name, client = f"n{each}", f"Client {each % 10}"
        for look in (first + each * gap, first + each * gap + 5 * MINUTE):
            history.red(look, name, client=client, **more)
    return history


def valid(history, first, numbers):
    for each in numbers:
        history.look(first, f"n{each}", client=f"Client {each % 10}")
    return history


def sizes(messages, to="staff"):
    """How many events of which kind each message to a reader has, and its incident."""
    return [
        (message.at, len(message.events), message.events[0].kind, message.incident)
        for message in messages
        if message.to == to
    ]


def test_names_of_one_server_are_one_message_and_one_at_the_end():
    history = broken(History(), at("01:00"), 40, MINUTE / 2)
    for hour, numbers in ((6, range(0, 20)), (7, range(20, 39)), (8, [39])):
        valid(history, at(f"0{hour}:00"), numbers)
    messages = history.messages(at("12:00"))
    assert sizes(messages) == [
        (at("01:35"), 40, "invalid", 1),
        (at("08:00"), 40, "recovered", 1),
    ]
    assert sizes(messages, "client:Client 3") == [
        (at("01:36") + MINUTE / 2, 4, "invalid", 1),
        (at("07:00"), 4, "recovered", 1),
    ]


def test_an_incident_that_grows_is_told_of_once_more():
    history = broken(History(), at("01:00"), 100)
    valid(history, at("09:00"), range(100))
    messages = sizes(history.messages(at("12:00")))
    assert [(kind, incident) for _, _, kind, incident in messages] == [
        ("invalid", 1),
        ("invalid", 1),
        ("recovered", 1),
    ]
    assert sum(count for _, count, kind, _ in messages if kind == "invalid") == 100


def test_names_that_are_checked_once_a_day_are_still_one_incident():
    history = broken(History(), at("01:00"), 200, 7 * MINUTE)
    valid(history, day(2), range(200))
    messages = sizes(history.messages(day(3)))
    assert [(kind, incident) for _, _, kind, incident in messages] == [
        ("invalid", 1),
        ("invalid", 1),
        ("recovered", 1),
    ]


def test_another_cause_is_another_incident():
    history = History().red(at("01:00"), "a").red(at("01:00"), "b", "no_tls")
    history.red(at("01:00"), "c", address="192.0.2.2")
    assert [number for _, _, _, number in sizes(history.messages(at("03:00")))] == [1, 2, 3]


def test_one_certificate_or_one_issuer_is_one_cause():
    history = History()
    for each in range(5):
        more = {"leaf": (0, 90), "address": f"192.0.2.{each}"}
        history.red(at("01:00"), f"n{each}", "chain_expired", **more)
    more = {"leaf": (0, 90), "issuer": "Root X, Other", "address": "192.0.2.9"}
    history.red(at("01:00"), "other", "chain_expired", **more)
    messages = sizes(history.messages(at("03:00")))
    assert [(count, number) for _, count, _, number in messages] == [(5, 1), (1, 2)]


def test_names_of_one_issuer_do_not_wait_for_each_other_where_it_is_not_the_cause():
    history = History()
    for hour, name in ((1, "a"), (5, "b")):
        more = {"leaf": (0, 90), "address": f"192.0.2.{hour}"}
        history.red(at(f"0{hour}:00"), name, "wrong_hostname", **more)
    history.look(at("09:00"), "a")
    assert history.kinds(at("10:00")) == ["invalid", "invalid", "recovered"]


def test_a_name_that_is_red_again_before_the_end_is_not_told_twice():
    history = broken(History(), at("01:00"), 3)
    history.look(at("02:00"), "n0", client="Client 0")
    history.red(at("03:00"), "n0", client="Client 0")
    valid(history, at("06:00"), range(3))
    assert [kind for _, _, kind, _ in sizes(history.messages(at("07:00")))] == [
        "invalid",  # in the same message all three
        "invalid",  # its client had heard that it was valid again: another incident
        "recovered",
        "recovered",
    ]


def test_every_name_is_told_of_even_when_it_joins_last():
    history = broken(History(), at("01:00"), 3)
    for number, hour in enumerate((3, 6, 9, 12), 3):
        history.red(at(f"{hour:02}:00"), f"n{number}").red(at(f"{hour:02}:05"), f"n{number}")
    named = [name for _, kind, name in history.told(at("20:00")) if kind == "invalid"]
    assert sorted(named) == [f"n{number}" for number in range(7)]


def test_a_shared_certificate_expires_in_one_message_and_ends_in_one():
    history = History()
    for each in range(5):
        for number in (0, 88):
            history.look(day(number), f"n{each}", leaf=(0, 90), fingerprint="shared")
        history.look(day(91) + each * timedelta(hours=1), f"n{each}", leaf=(91, 90))
    messages = [m for m in history.messages(day(92)) if m.to == "staff" and not m.reminder]
    assert [(m.at, len(m.events), m.events[0].kind) for m in messages][-2:] == [
        (day(90), 5, "expired"),
        (day(91) + timedelta(hours=4), 5, "recovered"),
    ]


def test_the_acknowledgement_of_one_is_that_of_the_incident():
    history = History()
    for name in ("a", "b"):
        history.look(day(0), name, leaf=(0, 90), fingerprint="shared")
    history.add(day(90.1), name="a", acknowledge=True)
    late = [m for m in history.messages(day(99)) if m.at > day(90)]
    assert late == []


def test_names_that_leave_an_incident_do_not_hold_up_its_end():
    history = broken(History(), at("01:00"), 3)
    history.add(at("02:00"), name="n0", item="inactive")
    history.add(at("02:00"), name="n1", mute_until=day(9).isoformat())
    history.look(at("04:00"), "n2")
    told = history.told(at("05:00"))
    assert told[3:] == [(at("04:00"), "recovered", "n2")]


def test_gathering_can_be_switched_off():
    history = History({"site": {"gather_minutes": 0}}).red(at("01:00")).red(at("01:05"))
    assert history.told(at("02:00")) == [(at("01:05"), "invalid", "a")]
