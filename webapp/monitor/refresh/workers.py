"""Workers: processes on any machine that get batches through the broker.

The only module that names Celery. A worker has several batches in progress at once, since each of
them ends with its slowest name and most of that is waiting. They share one `Prober`, which is
polite to each address over all of them.
"""

from __future__ import annotations

import logging
import os
import socket
import threading

from celery import Celery, signals
from flask import Flask
from kombu.exceptions import OperationalError

from webapp import file_limits, live_settings
from webapp.config import broker
from webapp.extensions import db
from webapp.monitor.probing import Prober
from webapp.monitor.redis import WORKER_ALIVE_SECONDS, RedisClient
from webapp.monitor.refresh import dispatch, selection
from webapp.site import site_of

log = logging.getLogger(__name__)

BATCH = "padlock.batch"
QUEUE = "padlock"
BATCHES_AT_ONCE = 8  # batches of one worker
BROKER_TIMEOUT_SECONDS = 5  # seconds for a word to the broker
# Redis gives a word that no one has acknowledged for so long to another worker. That is for workers
# that died: as long as the longest batch and rest, and it does no harm when it comes too early.
REDELIVERY_SECONDS = 900


class Broker:
    """How the scheduler of this site tells workers of a batch."""

    def __init__(self, app: Flask) -> None:
        self._celery = _celery(app)
        self._redis = _redis(app)

    def anybody(self) -> bool:
        return self._redis.workers() > 0

    def tell(self, run_id: int, token: str) -> bool:
        try:
            # As long as it is claimed: after that the word is stale
            expires = selection.lease().total_seconds()
            self._celery.send_task(
                BATCH,
                (run_id, token),
                queue=QUEUE,
                retry=False,
                ignore_result=True,
                expires=expires,
            )
        except OperationalError as error:
            log.warning("the broker does not answer (%s): the scheduler works on its own", error)
            return False
        return True


def _redis(app: Flask) -> RedisClient:
    redis = site_of(app).redis
    if redis is None:
        raise RuntimeError("PADLOCK_BROKER_URL is not set: workers need a broker.")
    return redis


def run(app: Flask) -> None:
    """Be a worker, until the process is told to end: then what is under way is let go of, and is
    due again."""
    redis = _redis(app)
    file_limits.allow_enough()
    celery = _celery(app)
    stop = threading.Event()
    with app.app_context():
        prober = Prober()
    name = f"{socket.gethostname()}-{os.getpid()}"

    @celery.task(name=BATCH)  # type: ignore[untyped-decorator]
    def batch(run_id: int, token: str) -> None:
        with app.app_context():
            try:
                live_settings.take_over()
                prober.use_pause(app.config["PADLOCK_PER_ADDRESS_PAUSE"])
                rest = dispatch.take_up(run_id, token, stop, prober=prober)
            finally:
                db.session.remove()
        stop.wait(rest)

    def beat() -> None:
        while True:
            redis.beat(name)
            site_of(app).jobs.wake()
            if stop.wait(WORKER_ALIVE_SECONDS / 4):
                return

    def shutting_down(**_: object) -> None:
        stop.set()

    signals.worker_shutting_down.connect(shutting_down)
    # The process that starts the site has set its logs up
    signals.setup_logging.connect(lambda **_: None, weak=False)
    signals.worker_ready.connect(lambda **_: log.info("worker %s is ready", name), weak=False)
    beating = threading.Thread(target=beat, name="beat", daemon=True)
    beating.start()
    pool = ["--pool=threads", f"--concurrency={BATCHES_AT_ONCE}"]
    # Workers need not know of each other
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    try:
        celery.worker_main(
            ["--quiet", "worker", *pool, f"--hostname={name}", f"--queues={QUEUE}", *quiet]
        )
    finally:
        stop.set()
        prober.close()
        beating.join()  # or its last beat could come after we have left
        site_of(app).jobs.stop()
        redis.leave(name)


def _celery(app: Flask) -> Celery:
    celery = Celery("padlock", broker=app.config["PADLOCK_BROKER_URL"], set_as_current=False)
    celery.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        # What is asked is recorded, broker or not
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,
        broker_use_ssl=broker.broker_tls(app.config),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=BROKER_TIMEOUT_SECONDS,
        broker_transport_options={
            "visibility_timeout": REDELIVERY_SECONDS,
            "socket_timeout": BROKER_TIMEOUT_SECONDS,
            "socket_connect_timeout": BROKER_TIMEOUT_SECONDS,
        },
    )
    return celery
