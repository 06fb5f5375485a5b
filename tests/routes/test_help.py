"""The help page is made from the words of padlock.py, and everything leads to it."""

from webapp import padlock
from webapp.probe import Reason, State


def test_every_state_and_reason_has_its_place_with_cause_and_cure(visit):
    page = visit().get("/help/padlocks")
    for state in State:
        assert page.find(id=state.value).text == padlock.LOOKS[state].label
    for reason in Reason:
        text = page.find(id=reason.value).text
        words = padlock.WORDS[reason]
        assert all(part in text for part in (words.title, words.customer, words.cure, padlock.MENDS[reason])), reason


def test_the_legend_and_the_details_lead_there(visit, app):
    alice = visit("alice")
    assert alice.get("/services").select_one("#legend a")["href"] == "/help/padlocks"
    while "hx-get" in alice.get("/probe/service/1/details").select_one("#ssl").attrs:
        pass
    block = alice.get("/services/1?tab=domain").select_one("#ssl")
    assert block.find("a", string="What this means")["href"] == "/help/padlocks#refused"
