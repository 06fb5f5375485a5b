"""Nothing is told while the monitor is ill, and all of it at once when names were seen again."""

from datetime import timedelta

from tests.alerts.history import History, at, day

HOUR = timedelta(hours=1)


def outage(history, first, last):
    return history.monitor(first, "offline").monitor(last, "online")


def test_all_that_fell_due_comes_in_one_message_when_it_was_seen_again():
    history = outage(History(), day(80), day(83))
    leaves = {"a": (-8, 90), "b": (-2, 90), "c": (15, 90), "d": (-20, 90)}
    for number, (name, leaf) in enumerate(leaves.items()):
        history.shows(leaf, 0, 80, name).look(day(83) + (2 + number) * HOUR, name, leaf=leaf)
    messages = [m for m in history.messages(day(84)) if m.to == "staff" and m.at >= day(80)]
    assert [(m.at, m.reminder) for m in messages if not m.reminder] == [(day(83) + 4 * HOUR, False)]
    told = {event.name: event.kind for event in messages[0].events}
    assert told == {"a": "expired", "b": "urgent", "c": "expiring"}


def test_a_renewal_during_the_outage_is_not_told_of():
    history = outage(History().shows((0, 90), 0, 80), day(80), day(83))
    assert history.look(day(83) + HOUR, leaf=(81, 90)).kinds(day(90)) == ["expiring"]


def test_a_name_that_is_not_seen_again_holds_up_the_others_for_a_day_only():
    history = outage(History(), day(80), day(83))
    for name in ("a", "b"):
        history.shows((-2, 90), 0, 80, name)
    history.look(day(83) + HOUR, "a", leaf=(-2, 90))
    told = [each for each in history.told(day(84.9)) if each[0] > day(80)]
    assert told == [(day(84) + HOUR, "urgent", "a")]
    assert history.told(day(87))[-1] == (day(86), "urgent", "b")


def test_no_certificate_expires_while_others_are_waited_for():
    history = outage(History(), day(70), day(83))
    history.shows((0, 83.5), 0, 70, "a").look(day(83) + HOUR, "a", leaf=(0, 83.5))
    history.shows((-2, 90), 0, 70, "b")
    told = [each for each in history.told(day(84)) if each[0] > day(80)]
    assert told == [(day(83.5) - HOUR, "urgent", "a"), (day(83.5), "expired", "a")]


def test_no_early_warning_comes_too_late_while_others_are_waited_for():
    history = outage(History(), day(4.9), day(5.1))
    history.shows((0, 160 / 24), 0, 4).look(day(5.15), leaf=(0, 160 / 24))
    history.shows((-78, 90), 0, 4, "b")
    first = next(each for each in history.told(day(6)) if each[0] > day(5))
    assert first == (day(160 / 24 * 5 / 6), "expiring", "a")


def test_answers_of_a_monitor_that_is_ill_do_not_count():
    history = outage(History().shows((0, 90), 0, 10), day(10), day(14))
    for number in range(10, 14):
        history.unknown(day(number) + HOUR).red(day(number) + 2 * HOUR)
    history.unknown(day(14) + HOUR).look(day(15), leaf=(0, 90))
    assert history.told(day(20)) == []


def test_silence_that_began_with_the_outage_is_not_unknown_for_long():
    history = History().shows((0, 90), 0, 10).unknown(day(10) - HOUR / 2)
    outage(history, day(10), day(14)).unknown(day(14) + HOUR).unknown(day(15))
    assert history.kinds(day(16)) == []
    assert history.told(day(18)) == [(day(17) + HOUR, "unknown", "a")]


def test_a_server_that_broke_meanwhile_is_one_message():
    history = outage(History(), at("01:00"), at("04:00"))
    for number in range(20):
        name = f"n{number}"
        history.look(at("00:30"), name)
        history.red(at("04:10"), name).red(at("04:20"), name).look(at("08:00"), name)
    messages = [message for message in history.messages(at("09:00")) if message.to == "staff"]
    assert [(m.at, len(m.events), m.incident) for m in messages] == [
        (at("05:00"), 20, 1),
        (at("08:00"), 20, 1),
    ]


def test_an_incident_that_was_gathering_is_told_after_the_outage():
    history = (
        History().red(at("01:00")).red(at("01:05")).red(at("01:10"), "b").red(at("01:15"), "b")
    )
    outage(history, at("01:20"), at("03:00"))
    history.look(at("03:10")).red(at("03:10"), "b")
    assert history.told(at("05:00")) == [(at("04:00"), "invalid", "b")]


def test_what_is_due_after_a_short_outage_comes_at_its_moment():
    history = outage(History().shows((0, 90), 0, 83), day(82.5), day(82.6))
    assert history.told(day(84))[-1] == (day(83), "urgent", "a")


def test_a_second_outage_waits_for_its_own_end():
    history = History().shows((0, 90), 0, 80)
    outage(history, day(80), day(83.2)).look(day(83.3), leaf=(0, 90))
    outage(history, day(83.21), day(84)).look(day(84.1), leaf=(0, 90))
    assert history.told(day(85))[1:] == [(day(84.1), "urgent", "a")]


def test_a_muted_name_holds_up_no_one():
    history = outage(History(), day(80), day(83))
    for name in ("a", "b"):
        history.shows((-2, 90), 0, 80, name)
    history.add(day(79), name="b", mute_until=day(100).isoformat())
    history.look(day(83.1), "a", leaf=(-2, 90))
    assert history.told(day(84))[-1] == (day(83.1), "urgent", "a")


def test_a_valid_answer_during_the_outage_counts_and_holds_up_no_one():
    history = outage(History(), day(80), day(83))
    for name in ("a", "b", "c"):
        history.shows((-2, 90), 0, 80, name)
    history.look(day(82), "b", leaf=(81, 90)).look(day(82), "c", leaf=(-2, 90))
    history.look(day(83.1), "a", leaf=(-2, 90)).look(day(83.2), "c", leaf=(-2, 90))
    told = [each for each in history.told(day(85)) if each[0] > day(80)]
    assert told == [(day(83.2), "urgent", "a"), (day(83.2), "urgent", "c")]


def test_a_reminder_waits_for_no_name():
    history = outage(History(), day(80), day(83))
    history.shows((-5, 90), 0, 80, "a").shows((-2, 90), 0, 80, "b")
    history.look(day(83.1), "b", leaf=(-2, 90))
    told = [each for each in history.told(day(84), reminders=True) if each[0] > day(80)]
    assert told == [(day(83.1), "urgent", "b")]


def test_an_expired_certificate_is_not_valid_again_before_it_was_seen():
    history = History().shows((0, 90), 0, 90)
    outage(history, day(90.4), day(90.6)).look(day(91.9), leaf=(91, 90))
    told = [each for each in history.told(day(93)) if each[0] >= day(90)]
    assert told == [(day(90), "expired", "a"), (day(91.9), "recovered", "a")]
