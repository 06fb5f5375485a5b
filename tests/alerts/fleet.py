"""A history of many names that is made up, and of which the truth is known.

It is written to the rules' words and uses none of their code. Instants are whole seconds.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import heappop, heappush
from itertools import count
from random import Random

START = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
MINUTE = 60
HOUR = 3600
DAY = 86400
SERVER, SERVER_NAMES = "192.0.2.80", 0.4  # one with many names, and its share of all
OLD_ISSUER, ISSUER_NAMES = "R3, Let's Encrypt", 0.2  # an issuing certificate that expires


@dataclass
class Leaf:
    """A certificate, and when the name showed it."""

    begin: int
    end: int
    shown: int
    replaced: int  # or the end of the history
    issuer: str
    fingerprint: str

    @property
    def lifetime(self):
        return self.end - self.begin


@dataclass
class Name:
    """One name: its kind, and all that really happened to it."""

    name: str
    kind: str
    client: str
    address: str
    leaves: list[Leaf] = field(default_factory=list)
    broken: list[tuple[int, int, str]] = field(default_factory=list)  # from, to, reason
    every: int = DAY  # it is looked at
    slot: int = 0
    confirming: bool = True  # a red look is followed by another one
    flaps: tuple[int, int] = (0, 0)


# Kind: its share, lifetime in hours, when it is renewed (share of life, or hours left), the jitter
# in hours either way, and the share of its renewals after which they stop
NAME_KINDS = {
    "acme 90": (0.33, 90 * 24, 2 / 3, 48),
    "late 90": (0.06, 90 * 24, -7 * 24, 12),
    "short": (0.04, 160, 0.5, 6),
    "acme 47": (0.08, 47 * 24, 2 / 3, 24),
    "acme 200": (0.08, 200 * 24, 2 / 3, 72),
    "by hand 200": (0.06, 200 * 24, None, 0),
    "by hand 398": (0.06, 398 * 24, None, 0),
    "never": (0.04, 398 * 24, None, 0),
    "stops 90": (0.08, 90 * 24, 2 / 3, 48),
    "stops late 90": (0.03, 90 * 24, -7 * 24, 12),
    "stops 47": (0.04, 47 * 24, 2 / 3, 24),
    "stops short": (0.02, 160, 0.5, 6),
    "stops 200": (0.03, 200 * 24, 2 / 3, 72),
    "flapping": (0.03, 90 * 24, 2 / 3, 48),
    "young": (0.02, 90 * 24, 2 / 3, 48),  # first seen late in the history
}
BY_HAND = (-20, -3, 5, -35, -10, -1, -25)  # days around the end


class Fleet:
    """`size` names over `days` days. What happens, happens at multiples of `grain` seconds, and
    names are looked at at multiples of `pace` seconds."""

    def __init__(
        self,
        size: int,
        days: int,
        seed: int = 1,
        *,
        catch_up: bool = True,
        grain: int = 1,
        pace: int = 1,
    ) -> None:
        self.random = Random(seed)  # noqa: S311 - made-up facts, no secrets
        self.grain = grain
        self.pace = pace
        self.until = START + days * DAY
        self.outages = self._outages(days)
        self.catch_up = catch_up
        self.names = list(self._names(size))
        self.breaks = self._break_server(days)
        self.chain_broken = self._expire_issuer(days)

    def _outages(self, days: int) -> list[tuple[int, int]]:
        wanted = [(0.13, 3), (0.31, 72), (0.52, 3), (0.71, 72), (0.9, 3)]
        return [
            (begin, begin + hours * HOUR)
            for part, hours in wanted
            for begin in [self._round(START + int(part * days * DAY) + self.random.randrange(DAY))]
        ]

    def _names(self, size: int) -> Iterator[Name]:
        kinds = [
            kind for kind, row in NAME_KINDS.items() for _ in range(max(2, round(row[0] * size)))
        ]
        for number, kind in enumerate(kinds):
            every = 6 * HOUR if "short" in kind else DAY
            name = Name(
                f"n{number:04}.example",
                kind,
                f"Client {self.random.randrange(max(3, size // 8))}",
                f"198.51.{number // 250}.{number % 250}",
                every=every,
                slot=self.random.randrange(every) // self.pace * self.pace,
                confirming=self.random.random() < 0.8,
            )
            self._certify(name)
            if kind == "flapping":
                begin = self._round(self.random.randrange(START, self.until - 30 * DAY))
                name.flaps = (begin, begin + 30 * DAY)
                name.confirming = True
            yield name

    def _certify(self, name: Name) -> None:
        """All certificates of a name, until the end or until its renewals stop."""
        _, hours, when, jitter = NAME_KINDS[name.kind]
        lifetime = hours * HOUR
        first = self._round(self.random.randrange(lifetime * 3 // 5))
        seen = START
        if name.kind == "young":
            seen = self._round(START + int(0.6 * (self.until - START)))
            first = self._round(lifetime * self.random.randrange(76, 97) // 100)
        stops = START + (self.until - START) * self.random.uniform(0.35, 0.75)
        begin, shown = seen - first, seen
        for number in count():
            end = begin + lifetime
            issuer = f"R1{number % 2}, Let's Encrypt"  # two intermediates of one organisation
            leaf = Leaf(begin, end, shown, self.until, issuer, f"{name.name}/{number}")
            name.leaves.append(leaf)
            at = self._renewed_at(name, leaf, number, when, jitter)
            if at is None or at >= self.until or ("stops" in name.kind and at > stops):
                return
            leaf.replaced = begin = shown = at

    def _renewed_at(self, name, leaf, number, when, jitter):
        if name.kind == "never":
            return None
        if when is None:
            late = BY_HAND[(number + len(name.name) + int(name.name[1:5])) % len(BY_HAND)]
            at = leaf.end + late * DAY + self.random.randrange(8 * HOUR)
            return max(leaf.shown + DAY, self._round(at))
        if name.kind == "young" and number == 0:
            return leaf.shown + 2 * DAY
        due = leaf.begin + when * leaf.lifetime if when > 0 else leaf.end + when * HOUR
        at = int(due + self.random.uniform(-jitter, jitter) * HOUR)
        return max(self._round(at), leaf.shown + HOUR)

    def _round(self, at: int) -> int:
        return at // self.grain * self.grain

    def _break_server(self, days: int) -> list[tuple[int, int]]:
        """The names of one server break within minutes, and recover in three portions."""
        shared = [name for name in self.names if name.kind in ("acme 90", "late 90", "acme 47")]
        for name in shared[: round(SERVER_NAMES * len(self.names))]:
            name.address = SERVER
        breaks = []
        for part, hours, reason in ((0.22, 5, "refused"), (0.6, 30, "handshake_failed")):
            begin = START + int(part * days) * DAY + 9 * HOUR
            last = begin + hours * HOUR
            for number, name in enumerate(each for each in self.names if each.address == SERVER):
                portion = begin + hours * HOUR * (1 + number % 3) // 3
                name.broken.append((begin, portion, reason))
            breaks.append((begin, last))
        return breaks

    def _expire_issuer(self, days: int) -> tuple[int, int]:
        """An issuing certificate expires under many names, and they get another chain."""
        begin = START + int(0.45 * days) * DAY + 14 * HOUR
        end = begin + 40 * HOUR
        under = [
            name
            for name in self.names
            if name.address != SERVER and not any(word in name.kind for word in ("short", "flap"))
        ]
        for number, name in enumerate(under[: round(ISSUER_NAMES * len(self.names))]):
            leaf = leaf_at(name, begin)
            if leaf is None or not begin + 3 * DAY < min(leaf.end, leaf.replaced):
                continue
            leaf.issuer = OLD_ISSUER
            name.broken.append((begin, begin + 20 * HOUR * (1 + number % 2), "chain_expired"))
        return begin, end

    def is_out(self, at: int) -> bool:
        return any(begin <= at < end for begin, end in self.outages)

    # --- what is written ---

    def lines(self) -> Iterator[str]:
        """The history: a line a look, with a few seconds of disorder and some repeats."""
        random = Random(2)  # noqa: S311
        held: list[tuple[float, int, str]] = []
        number = count()
        for at, line in self._in_order():
            copies = 2 if random.random() < 0.002 else 1
            for copy in range(copies):
                heappush(held, (at + random.uniform(0, 5) + 3 * copy, next(number), line))
            while held and held[0][0] < at:
                yield heappop(held)[2]
        while held:
            yield heappop(held)[2]

    def _in_order(self) -> Iterator[tuple[int, str]]:
        events = [
            (at, "", json.dumps({"at": iso(at), "monitor": word})) for at, word in self._ill()
        ]
        heap = [(at, n, "") for n, name in enumerate(self.names) for at in [self._first(name)]]
        heap += [(at, -1, line) for at, _, line in events]
        for begin, end in self.outages if self.catch_up else ():
            spread = self.random.randrange(10, 45) * MINUTE
            heap += [
                (self._round(end + self.random.randrange(MINUTE, spread)), n, "once")
                for n, name in enumerate(self.names)
                if name.leaves[0].shown < begin
            ]
        for begin, _ in [*self.breaks, (self.chain_broken)]:
            heap += [  # what turns red is looked for at once, where others have
                (self._round(begin + self.random.randrange(MINUTE, 50 * MINUTE)), n, "once")
                for n, name in enumerate(self.names)
                if any(since == begin for since, _, _ in name.broken)
            ]
        heap = [entry for entry in heap if entry[0] < self.until]
        heap.sort(key=lambda entry: entry[:2])
        while heap:
            at, n, what = heappop(heap)
            if n < 0:
                yield at, what
                continue
            name = self.names[n]
            if not what and at + name.every < self.until:
                following = START + (at - START) // name.every * name.every + name.every + name.slot
                heappush(heap, (following, n, ""))
            state, reason, leaf = self.truth(name, at)
            out = self.is_out(at)
            if not out:
                yield at, self._look(name, at, state, reason, leaf)
            elif n % 10 == 0:
                yield at, self._look(name, at, "unknown", "timeout", None)
            if state == "invalid" and what != "again" and name.confirming and not out:
                wait = self.random.randrange(3, 9) * MINUTE
                heappush(heap, (at + wait, n, "again"))

    def _ill(self) -> Iterator[tuple[int, str]]:
        for begin, end in self.outages:
            yield begin, "offline"
            yield end, "online"

    def _first(self, name: Name) -> int:
        shown = name.leaves[0].shown
        return shown + (name.slot - (shown - START)) % name.every

    def truth(self, name: Name, at: int) -> tuple[str, str, Leaf | None]:
        """What a look at this moment sees."""
        leaf = leaf_at(name, at)
        assert leaf is not None
        begin, end = name.flaps
        if begin <= at < end and (at - name.slot - START) % name.every == 0:
            return "invalid", "handshake_failed", None
        for since, until, reason in name.broken:
            if since <= at < until:
                return "invalid", reason, leaf if reason == "chain_expired" else None
        if at >= leaf.end:
            return "invalid", "expired", leaf
        return "valid", "ok", leaf

    def _look(self, name: Name, at: int, state: str, reason: str, leaf: Leaf | None) -> str:
        look = {
            "at": iso(at),
            "name": name.name,
            "client": name.client,
            "state": state,
            "reason": reason,
            "not_before": leaf and iso(leaf.begin),
            "not_after": leaf and iso(leaf.end),
            "issuer": leaf and leaf.issuer,
            "fingerprint": leaf and leaf.fingerprint,
            "address": name.address,
            "names": leaf and [name.name, f"www.{name.name}"],
            "key": leaf and "EC secp256r1",
            "elapsed": 0.1,
        }
        return json.dumps(look)


def leaf_at(name: Name, at: int) -> Leaf | None:
    index = bisect_right([leaf.shown for leaf in name.leaves], at) - 1
    return name.leaves[index] if index >= 0 else None


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
