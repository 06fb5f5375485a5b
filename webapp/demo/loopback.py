"""Where the lab's servers live: on loopback, all in one event loop in one thread.

So hundreds of connections cost little, and closing takes no time. `webapp.demo.lab` names the
modules with what the servers show; tests add odd ones of their own with `Lab.serve` and
`Lab.listen`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from webapp.demo import behaviours, pki
from webapp.demo.behaviours import Behaviour
from webapp.demo.pki import Identity
from webapp.probe.finding import Reason
from webapp.probe.notes import Note

Address = tuple[str, int]

LOOPBACK = "127.0.0.1"
REVOKED_SERIAL = 0xBAD

# What curl's exit code is where a case says nothing else: 60, "the certificate did not verify",
# except for these.
CURL = {
    Reason.OK: (0,),
    Reason.NO_TLS: (35,),
    Reason.HANDSHAKE_FAILED: (35,),
    Reason.REFUSED: (7,),
    Reason.TIMEOUT: (28,),
    Reason.BLOCKED: (),
}


@dataclass(frozen=True, slots=True)
class Case:
    """One host name of the lab, and what an honest look at it must find."""

    hostname: str  # the A-label
    reason: Reason
    about: str  # one line for a person
    addresses: tuple[Address, ...]
    others: frozenset[Reason] = frozenset()  # what else is wrong, besides the reason that leads
    notes: frozenset[Note] = frozenset()
    days_left: int | None = None  # whole days, rounded down, where the certificate is valid
    curl: tuple[int, ...] = ()  # curl's exit code at each address; none where no packet may leave
    differs: str = ""  # why our verdict is another than curl's, where it is
    # curl's exit code with --cert-status, where the case is about a staple
    cert_status: int | None = None

    @property
    def askable(self) -> tuple[Address, ...]:
        """The addresses to which packets may leave. The others are its last."""
        return self.addresses[: len(self.curl)]


class Lab:
    """Servers on loopback and the authority that issues their certificates. Close it when done.

    `root` is the only trusted root and `intermediate` issues the good leaves: tests issue theirs
    with it. `dead` is an address that answers no SYN, or None on a system where such a thing cannot
    be had.
    """

    def __init__(self, folder: Path) -> None:
        self.root = pki.issue_ca("Padlock Lab Root")
        self.intermediate = pki.issue_ca(
            pki.name(cn="Padlock Lab CA 1", o="Padlock Lab"), issuer=self.root
        )
        self.ca_bundle = folder / "ca-bundle.pem"
        crls = (
            pki.revocation_list(self.root),
            pki.revocation_list(self.intermediate, [REVOKED_SERIAL]),
        )
        self.ca_bundle.write_text("".join((self.root.pem, *crls)))
        self.cases: dict[str, Case] = {}
        self._folder = folder
        self._addresses: defaultdict[str, list[Address]] = defaultdict(list)
        self._contacts: Counter[str] = Counter()
        self._sockets: list[socket.socket] = []
        self._visits: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls-lab", daemon=True)
        self._thread.start()
        self.dead = self._full_queue()

    def add(
        self,
        label: str,
        reason: Reason,
        about: str,
        *servers: Callable[[Lab, str], Address],
        others: Iterable[Reason] = (),
        notes: Iterable[Note] = (),
        days_left: int | None = None,
        curl: tuple[int, ...] | None = None,
        differs: str = "",
        cert_status: int | None = None,
    ) -> Case:
        """Open these servers (see `webapp.demo.servers`) for `label`.lab.example; the rest is what
        to expect there."""
        hostname = f"{label}.lab.example"
        case = self.cases[hostname] = Case(
            hostname,
            reason,
            about,
            tuple(server(self, hostname) for server in servers),
            others=frozenset(others),
            notes=frozenset(notes),
            days_left=60 if reason is Reason.OK and days_left is None else days_left,
            curl=CURL.get(reason, (60,)) if curl is None else curl,
            differs=differs,
            cert_status=cert_status,
        )
        return case

    def serve(
        self,
        hostname: str,
        leaf: Identity,
        *chain: Identity,
        setup: Callable[[ssl.SSLContext], object] | None = None,
        talk: Callable[[ssl.SSLContext], Behaviour] = behaviours.https,
    ) -> Address:
        """Start a TLS server that shows exactly these certificates in this order; `setup` may
        change its context."""
        context = self.context(leaf, *chain)
        if setup:
            setup(context)
        return self.listen(hostname, talk(context))

    def listen(self, hostname: str, behaviour: Behaviour) -> Address:
        """Start a server that does this with every connection, as one more address of this host
        name."""
        listener = self._bound()
        listener.setblocking(False)
        listener.listen(1024)
        self._loop.call_soon_threadsafe(
            self._loop.add_reader, listener, self._accept, listener, hostname, behaviour
        )
        return self.point(hostname, listener.getsockname())

    def refuse(self, hostname: str) -> Address:
        """An address of this host name that refuses: bound, so that no one else gets it, and not
        listening."""
        return self.point(hostname, self._bound().getsockname())

    def point(self, hostname: str, address: Address) -> Address:
        """Add an address to this host name, no matter what listens there."""
        self._addresses[hostname].append(address)
        return address

    def context(self, leaf: Identity, *chain: Identity) -> ssl.SSLContext:
        """A server's context that takes weak keys and digests too; TLS 1.2 and 1.3, HTTP/1.1."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.set_alpn_protocols(["http/1.1"])
        try:
            self.load(context, leaf, *chain)
        except ssl.SSLError:
            # OpenSSL takes a leaf that it cannot read in full (two SANs, say) only where it has the
            # key already. A good twin of the leaf brings the key in, and then makes room.
            self.load(context, pki.issue("twin.lab.example", key=leaf.key))
            self.load(context, leaf, *chain)
        return context

    def contacts(self, hostname: str) -> int:
        """How many TCP connections the servers of this host name have got so far, whatever became
        of them."""

        async def count() -> int:
            # Two turns of the loop: what was connected before this call has been accepted after
            # them.
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return self._contacts[hostname]

        return asyncio.run_coroutine_threadsafe(count(), self._loop).result()

    def connect_to(self) -> str:
        """The value for PADLOCK_CONNECT_TO; a name with two addresses is there twice, in order."""
        return ",".join(
            f"{hostname}={host}:{port}"
            for hostname, places in self._addresses.items()
            for host, port in places
        )

    def environ(self) -> dict[str, str]:
        """The settings with which Padlock looks at the lab and at nothing else on this machine."""
        return {
            "PADLOCK_CA_BUNDLE": str(self.ca_bundle),
            "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8,::1/128",
            "PADLOCK_CONNECT_TO": self.connect_to(),
        }

    def close(self) -> None:
        """End every server and every connection, at once."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _accept(self, listener: socket.socket, hostname: str, behaviour: Behaviour) -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # it went away while it waited
            return
        self._contacts[hostname] += 1
        visit = self._loop.create_task(_receive(connection, behaviour))
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)
        # Not left to the visit itself: cancelled before its first step, it would never get to close
        # anything.
        visit.add_done_callback(lambda _: connection.close())

    def load(self, context: ssl.SSLContext, leaf: Identity, *chain: Identity) -> None:
        """Give a context one more certificate; with another kind of key it stands beside those that
        are there."""
        # The ssl module reads keys from files only; this one is gone before the server starts.
        with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".pem") as file:
            file.write("".join((leaf.key_pem, leaf.pem, *(each.pem for each in chain))))
            file.flush()
            context.load_cert_chain(file.name)

    def _bound(self) -> socket.socket:
        sock = self._kept(socket.socket())
        sock.bind((LOOPBACK, 0))
        return sock

    def _full_queue(self) -> Address | None:
        """A listener that never accepts and whose queue is full: Linux and the BSDs then drop the
        SYNs that come."""
        listener = self._bound()
        listener.listen(1)
        address: Address = listener.getsockname()
        for _ in range(8):
            waiting = self._kept(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(address)
        try:
            socket.create_connection(address, timeout=0.05).close()
        except TimeoutError:
            return address
        except OSError:  # a system that refuses instead
            return None
        return None

    def _kept(self, sock: socket.socket) -> socket.socket:
        self._sockets.append(sock)
        return sock


async def _receive(connection: socket.socket, behaviour: Behaviour) -> None:
    connection.setblocking(False)
    with contextlib.suppress(OSError):
        await behaviour(connection)
