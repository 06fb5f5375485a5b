"""The help page is made from words/, and everything leads to it."""

from webapp.probe import Reason, State
from webapp.words import reasons, states


def test_every_state_and_reason_has_its_place_with_cause_and_cure(visit):
    page = visit().get("/help/padlocks")
    for state in State:
        assert page.find(id=state.value).text == states.LOOKS[state].label
    for reason in Reason:
        text = page.find(id=reason.value).text
        words = reasons.WORDS[reason]
        assert all(
            part in text
            for part in (words.title, words.customer, words.cure, reasons.MENDS[reason])
        ), reason


def test_the_legend_and_the_details_lead_there(visit, app):
    alice = visit("alice")
    assert alice.get("/services").select_one("#legend a")["href"] == "/help/padlocks"
    while "hx-get" in alice.get("/probe/service/1/details").select_one("#ssl").attrs:
        pass
    block = alice.get("/services/1?tab=domain").select_one("#ssl")
    assert block.find("a", string="What this means")["href"] == "/help/padlocks#refused"
