"""Whether the messages for a made-up history are those that were promised.

It knows what really happened, from `fleet`, and nothing of how messages are made.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime

from tests.alerts.fleet import DAY, HOUR, MINUTE, START, Fleet, Leaf, Name

AHEAD = ("expiring", "late", "urgent")
ABOUT_TIME = (*AHEAD, "expired")
SOON = 26 * HOUR  # all names have been seen again after that


class Checker:
    """Counts what was promised, and collects the `faults`."""

    def __init__(self, fleet: Fleet, lines: Iterable[str]) -> None:
        self.fleet = fleet
        self.faults: list[str] = []
        self.figures: Counter[str] = Counter()
        self.messages = [json.loads(line) for line in lines]
        self.told = defaultdict(list)  # by reader and name: (at, kind, incident)
        for message in self.messages:
            message["at"] = int(datetime.fromisoformat(message["at"]).timestamp())
            self.figures["messages"] += 1
            for event in message["events"]:
                if not message["reminder"]:
                    told = (message["at"], event["kind"], message["incident"])
                    self.told[message["to"], event["name"]].append(told)
        self.clients = {name.name: name.client for name in fleet.names}

    def check(self) -> Checker:
        self.form()
        for name in self.fleet.names:
            for number, leaf in enumerate(name.leaves):
                self.leaf(name, number, leaf)
            if name.kind == "flapping":
                self.nothing(name, name.flaps, ("invalid", "recovered"), "of flapping names")
        for begin, end in self.fleet.outages:
            self.outage(begin, end)
        for (begin, end), reason in zip(
            [*self.fleet.breaks, self.fleet.chain_broken],
            ["refused", "handshake_failed", "chain_expired"],
            strict=True,
        ):
            self.incident(begin, end, reason)
        self.reminders()
        self.recoveries()
        return self

    def want(self, holds: bool, figure: str, what: str = "") -> None:
        self.figures[f"{figure}: kept"] += holds
        if not holds:
            self.figures[f"{figure}: broken"] += 1
            self.faults.append(f"{figure}: {what}")

    # --- each message ---

    def form(self) -> None:
        times = [message["at"] for message in self.messages]
        self.want(times == sorted(times), "in order")
        for message in self.messages:
            kinds = {event["kind"] for event in message["events"]}
            self.want(message["urgent"] == bool(kinds & {"urgent", "expired"}), "urgent is true")
            if message["to"] != "staff":
                whose = {f"client:{event['client']}" for event in message["events"]}
                self.want(whose == {message["to"]}, "to its client")
            for event in message["events"]:
                self.want(event["client"] == self.clients[event["name"]], "of its client")

    # --- each certificate ---

    def readers(self, name: Name) -> tuple[str, str]:
        return "staff", f"client:{name.client}"

    def events(self, reader: str, name: Name, begin: int, end: int) -> list[tuple[int, str]]:
        return [(at, kind) for at, kind, _ in self.told[reader, name.name] if begin <= at < end]

    def nothing(self, name: Name, span: tuple[int, int], kinds: tuple[str, ...], of: str) -> None:
        for reader in self.readers(name):
            found = [each for each in self.events(reader, name, *span) if each[1] in kinds]
            self.want(not found, f"no message {of}", f"{name.name} {name.kind} {found}")

    def regular(self, name: Name, number: int) -> tuple[float, float] | None:
        """The smallest and the largest share of the last regular renewals, if there are two."""
        leaf, shares = name.leaves[number], []
        for before in range(number, max(0, number - 10), -1):
            old, new = name.leaves[before - 1 : before + 1]
            share = (new.begin - old.begin) / old.lifetime
            apart = max(abs(share - other) for other in [share, *shares]) * leaf.lifetime
            if new.begin > old.end - last_limit(old) or apart > margin(leaf):
                break
            shares.append(share)
        return (min(shares), max(shares)) if len(shares) >= 2 else None

    def leaf(self, name: Name, number: int, leaf: Leaf) -> None:
        rhythm = self.regular(name, number)
        threshold = leaf.end - min(leaf.lifetime / 4, 30 * DAY)
        if leaf.end < min(leaf.replaced, self.fleet.until - 2 * DAY):
            self.expiry(name, leaf, rhythm, threshold)
            self.figures["certificates that expired"] += 1
            return
        self.figures["renewals"] += leaf.replaced < self.fleet.until
        routine = leaf.replaced < (threshold if rhythm is None else leaf.end - last_limit(leaf))
        if routine and "hand" not in name.kind and leaf.replaced < self.fleet.until:
            following = name.leaves[number + 1]
            span = (self.first_look(name, leaf), self.first_look(name, following))
            self.nothing(name, span, (*ABOUT_TIME, "changed"), "for routine renewals")

    def expiry(
        self, name: Name, leaf: Leaf, rhythm: tuple[float, float] | None, threshold: float
    ) -> None:
        seen = self.first_look(name, leaf)
        ahead = min(leaf.lifetime / 6, 14 * DAY)
        urgent_at = leaf.end - min(leaf.lifetime / 10, 7 * DAY)
        if rhythm is not None:
            quiet_until = leaf.end - last_limit(leaf)
            urgent_at = max(urgent_at, quiet_until)
            late_at = leaf.begin + max(rhythm[1] * leaf.lifetime + margin(leaf), leaf.lifetime / 2)
            earliest = leaf.begin + rhythm[0] * leaf.lifetime + margin(leaf)
            if late_at + name.every > threshold:
                ahead = last_limit(leaf)  # a learned late rhythm
                first = min(earliest, quiet_until, threshold)
                span = (seen, max(seen, int(first) - 1))
                self.nothing(name, span, AHEAD, "before the last limit")
            elif self.undisturbed(name, late_at, threshold):
                for reader in self.readers(name):
                    late = [
                        at for at, kind in self.events(reader, name, leaf.shown, leaf.end)
                        if kind == "late"
                    ]  # fmt: skip
                    holds = len(late) == 1 and earliest <= late[0] < threshold
                    self.want(holds, "late before its threshold", f"{name.name} {name.kind} {late}")
        latest = max(self.after_troubles(name, leaf.end - ahead), seen)
        for reader in self.readers(name):
            events = self.events(reader, name, seen, leaf.end + 2 * DAY)
            what = f"{name.name} {name.kind} {reader} ends {leaf.end} {events}"
            if latest < leaf.end:
                early = any(kind in AHEAD and at <= latest for at, kind in events)
                self.want(early, "told early enough", what)
            if max(self.after_troubles(name, urgent_at), seen) < leaf.end:
                urgent = [at for at, kind in events if kind == "urgent"]
                holds = len(urgent) == 1 and int(urgent_at) <= urgent[0] < leaf.end
                self.want(holds, "told again when urgent", what)
            expired = [at for at, kind in events if kind == "expired"]
            calm = self.undisturbed(name, leaf.end, leaf.end + HOUR) and seen < leaf.end
            holds = expired == [leaf.end] if calm else len(expired) <= 1
            self.want(holds, "told when it expires", what)

    def first_look(self, name: Name, leaf: Leaf) -> int:
        return leaf.shown + (name.slot - (leaf.shown - START)) % name.every

    def after_troubles(self, name: Name, at: float) -> float:
        """This moment, or when a name can be told of that was hit by other troubles just then."""
        for begin, end in [*self.fleet.outages, *((a, b) for a, b, _ in name.broken)]:
            if begin - DAY <= at <= end + SOON:
                at = end + SOON
        return at

    def undisturbed(self, name: Name, begin: float, end: float) -> bool:
        troubles = [*self.fleet.outages, *((a, b) for a, b, _ in name.broken)]
        return (
            all(b + SOON < begin or end < a for a, b in troubles) and begin > name.leaves[0].shown
        )

    # --- outages, incidents, reminders ---

    def outage(self, begin: int, end: int) -> None:
        during = [message for message in self.messages if begin <= message["at"] < end]
        self.want(not during, "no message during an outage", str(during[:2]))
        due = {
            (name.name, kind)
            for name in self.fleet.names
            for leaf in name.leaves
            for kind, moment in self.certain(name, leaf)
            if begin <= moment < end and leaf.replaced > end + SOON
        }
        after, told = defaultdict(set), set()
        for message in self.messages:
            named = {(event["name"], event["kind"]) for event in message["events"]}
            if end <= message["at"] <= end + SOON and named & due and not message["reminder"]:
                after[message["to"]].add(message["at"])
                told |= named
        for reader, moments in after.items():
            self.want(len(moments) == 1, "one message after an outage", f"{reader} {moments} {end}")
        # What has expired meanwhile is not told of as urgent
        left = {each for each in due - told if (each[0], "expired") not in told}
        self.want(not left, "all of an outage is told", f"{left} {end}")

    def certain(self, name: Name, leaf: Leaf) -> list[tuple[str, float]]:
        """What falls due of a certificate, where no rhythm makes a difference."""
        if self.regular(name, name.leaves.index(leaf)) is not None:
            limit = leaf.end - last_limit(leaf)
            return [("urgent", limit), ("expired", leaf.end)]
        return [
            ("urgent", leaf.end - min(leaf.lifetime / 10, 7 * DAY)),
            ("expired", leaf.end),
        ]

    def incident(self, begin: int, end: int, reason: str) -> None:
        hit = {
            name.name: name.client
            for name in self.fleet.names
            for since, until, why in name.broken
            if since == begin and why == reason and until - since > 3 * HOUR
            if name.leaves[0].shown < begin
        }
        spans = range(begin, end + 2 * DAY)
        for reader in {"staff", *(f"client:{client}" for client in hit.values())}:
            mine = {n for n, client in hit.items() if reader in ("staff", f"client:{client}")}
            lists, ends, listed, ended, ids = [], [], set(), set(), set()
            for message in self.messages:
                if message["to"] != reader or message["at"] not in spans or message["reminder"]:
                    continue
                events = {(e["name"], e["kind"]) for e in message["events"] if e["name"] in hit}
                red = {n for n, kind in events if kind == "invalid"}
                green = {n for n, kind in events if kind == "recovered"}
                lists += [message["at"]] * bool(red)
                ends += [message["at"]] * bool(green)
                ids |= {message["incident"]} if red | green else set()
                listed |= red
                ended |= green
            what = f"{reader} {reason} {len(lists)} {len(ends)} {ids} {mine - listed}"
            self.want(1 <= len(lists) <= 2 and len(ends) == 1, "one message an incident", what)
            self.want(len(ids) == 1 and None not in ids, "one incident", what)
            self.want(listed == ended == mine, "an incident lists its names", what)
            self.figures[f"messages for {len(hit)} names, {reason}"] += len(lists) + len(ends)
            last = max(
                until for name in self.fleet.names if name.name in mine
                for since, until, _ in name.broken if since == begin
            )  # fmt: skip
            self.want(bool(ends) and ends[-1] >= last - MINUTE, "its end is the end", what)

    def reminders(self) -> None:
        days: Counter[tuple] = Counter()
        for message in self.messages:
            if message["reminder"]:
                for event in message["events"]:
                    days[message["to"], event["name"], message["at"] // DAY] += 1
                    self.want(event["kind"] in ("urgent", "expired"), "reminders are of urgent")
        most = max(days.values(), default=0)
        self.figures["most reminders a day and name"] = most
        self.want(most == 1, "at most one reminder a day and name")

    def recoveries(self) -> None:
        for (reader, name), events in self.told.items():
            open_ = False
            for at, kind, _ in events:
                if kind == "recovered":
                    self.want(open_, "recovered only after trouble", f"{reader} {name} {at}")
                open_ = kind in ("invalid", "expired", "unknown") or (open_ and kind != "recovered")


def margin(leaf: Leaf) -> float:
    return max(DAY, 0.05 * leaf.lifetime)


def last_limit(leaf: Leaf) -> float:
    return max(48 * HOUR, 0.03 * leaf.lifetime)
