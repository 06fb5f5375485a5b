"""The words the engine speaks in."""

from webapp.probe import BY_SEVERITY, Reason, State


def test_every_reason_has_its_place_by_severity():
    assert sorted(BY_SEVERITY) == sorted(Reason)


def test_what_keeps_visitors_out_comes_before_what_is_not_known_and_that_before_what_is_fine():
    order = [State.INVALID, State.UNKNOWN, State.VALID]
    places = [order.index(reason.state) for reason in BY_SEVERITY]
    assert places == sorted(places)
