"""What the processes of one site share through Redis: leases on host names, and the workers.

The only module that names Redis; used where PADLOCK_BROKER_URL is set. The truth is in the
database, and everything here expires by itself. Where Redis does not answer, each process works as
if it were the only one.
"""

from __future__ import annotations

import logging
import secrets
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, LockError, RedisError
from redis.lock import Lock
from redis.retry import Retry

log = logging.getLogger(__name__)

T = TypeVar("T")

REDIS_TIMEOUT_SECONDS = 1.0  # seconds for an answer: a user waits for a page
REDIS_RETRY_SECONDS = 5.0  # seconds until a process tries again that has had none
WORKER_ALIVE_SECONDS = 60.0  # seconds for which a worker counts as there since its last beat


class RedisClient:
    """The Redis of one site. Times are by the clock of Redis, as its clients' may differ."""

    def __init__(self, url: str, tls: Mapping[str, Any]) -> None:
        self.connection: Redis = Redis.from_url(
            url,
            **tls,
            decode_responses=True,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            # A connection that was kept may be from before a restart. A slow answer is not asked
            # for twice: who takes a lease would meet their own first try.
            retry=Retry(NoBackoff(), 1, supported_errors=(ConnectionError,)),
        )
        self._silent_until = 0.0

    def ask(self, what: Callable[[Redis], T], otherwise: T) -> T:
        """What Redis says; `otherwise` where it says nothing, or has not a moment ago."""
        if time.monotonic() < self._silent_until:
            return otherwise
        try:
            answer = what(self.connection)
        except RedisError as error:
            if not self._silent_until:  # once, and not at each look
                log.warning(
                    "Redis does not answer (%s): this process goes on without it", _why(error)
                )
            self._silent_until = time.monotonic() + REDIS_RETRY_SECONDS
            return otherwise
        self._silent_until = 0.0
        return answer

    def problem(self) -> str:
        """Why Redis cannot be used; empty where it can."""
        try:
            self.connection.ping()
        except RedisError as error:
            return _why(error)
        self._silent_until = 0.0
        return ""

    def lease(self, name: str, seconds: float) -> Lock | None:
        """The right to do something that one process does at a time, until it is given back or has
        expired. None: another process has it."""
        lock = self.connection.lock(
            f"padlock:{name}", timeout=seconds, blocking=False, thread_local=False
        )
        token = secrets.token_hex(16)

        def acquire(_: Redis) -> bool:
            # Where the answer is lost, we may have it, and can give it back
            lock.local.token = token.encode()
            return bool(lock.acquire(token=token))

        return lock if self.ask(acquire, True) else None

    def give_back(self, lease: Lock) -> None:
        """Let another process have it; does nothing where it has expired, or never was."""

        def release(_: Redis) -> None:
            try:
                lease.release()
            except LockError:
                log.debug("a lease had run out before it was given back")

        self.ask(release, None)

    def beat(self, worker: str) -> None:
        """This worker is there."""

        def beat(redis: Redis) -> None:
            redis.zadd("padlock:workers", {worker: _clock(redis)})
            redis.expire("padlock:workers", int(WORKER_ALIVE_SECONDS) + 1)

        self.ask(beat, None)

    def leave(self, worker: str) -> None:
        """This worker ends."""
        self.ask(lambda redis: redis.zrem("padlock:workers", worker), None)

    def workers(self) -> int:
        """How many workers there are; those that were killed count for another
        `WORKER_ALIVE_SECONDS` seconds."""

        def count(redis: Redis) -> int:
            since = _clock(redis) - WORKER_ALIVE_SECONDS
            redis.zremrangebyscore("padlock:workers", "-inf", since)
            return int(redis.zcard("padlock:workers"))

        return self.ask(count, 0)


def _why(error: RedisError) -> str:
    """Why Redis cannot be used, in its own words, or in those about its certificate.

    The URL is in neither.
    """
    refused = error.__context__
    if isinstance(refused, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {refused.verify_message.removesuffix('.')}"
    return str(error) or type(error).__name__


def _clock(redis: Redis) -> float:
    seconds, microseconds = redis.time()
    return float(seconds) + microseconds / 1e6
