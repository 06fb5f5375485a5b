"""A history of a few names, written as sentences, and what is told of it."""

import json
from datetime import UTC, datetime, timedelta

from webapp.alerts.rehearsal import rehearse
from webapp.alerts.rules import read_rules

START = datetime(2026, 1, 1, tzinfo=UTC)
LETS_ENCRYPT = "R11, Let's Encrypt"
DAILY = range(1, 2000)


def day(number):
    """The instant that many days after the start; 1.5 is noon of the second day."""
    return START + timedelta(days=number)


def at(text):
    """The instant on one day: "01:30"."""
    hours, minutes = map(int, text.split(":"))
    return START + timedelta(hours=hours, minutes=minutes)


class History:
    """Facts as they are added. Names are of the client Bakery unless said otherwise."""

    def __init__(self, rules=None):
        self.lines = []
        self.rules = rules or {}

    def add(self, at, **fact):
        self.lines.append((at, json.dumps({"at": at.isoformat()} | fact)))
        return self

    def look(self, at, name="a", state="valid", reason="ok", leaf=None, **more):
        """A check; `leaf` is a certificate as `(first day, days)`."""
        fact = {"name": name, "client": "Bakery", "state": state, "reason": reason}
        fact |= dict.fromkeys(("not_before", "not_after", "issuer", "fingerprint"))
        if leaf is not None:
            begin, days = leaf
            fact |= {
                "not_before": day(begin).isoformat(),
                "not_after": day(begin + days).isoformat(),
                "issuer": LETS_ENCRYPT,
                "fingerprint": f"{name}/{begin}/{days}",
            }
        return self.add(at, **{"address": "192.0.2.1"} | fact | more)

    def red(self, at, name="a", reason="refused", **more):
        return self.look(at, name, "invalid", reason, **more)

    def unknown(self, at, name="a", reason="timeout", **more):
        return self.look(at, name, "unknown", reason, **more)

    def shows(self, leaf, first, last, name="a", every=1, **more):
        """A valid look each day from the first to before the last day, at 00:30."""
        number = first
        while number < last:
            self.look(day(number) + timedelta(minutes=30), name, leaf=leaf, **more)
            number += every
        return self

    def renews(self, days, *shown, name="a", **more):
        """Certificates of so many days, each shown for that many days and then renewed."""
        begin = 0
        for days_shown in shown:
            self.shows((begin, days), begin, begin + days_shown, name, **more)
            begin += days_shown
        return self

    def monitor(self, at, word):
        return self.add(at, monitor=word)

    def messages(self, until=None):
        lines = [line.encode() for _, line in sorted(self.lines, key=lambda line: line[0])]
        return list(rehearse(lines, read_rules(self.rules), until))

    def told(self, until=None, to="staff", reminders=False):
        """What one reader is told: (instant, kind, name), reminders left out unless wanted."""
        return [
            (message.at, event.kind, event.name)
            for message in self.messages(until)
            if message.to == to and (reminders or not message.reminder)
            for event in message.events
        ]

    def kinds(self, until=None, to="staff"):
        return [kind for _, kind, _ in self.told(until, to)]
