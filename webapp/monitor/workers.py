"""Workers, each a process of its own on any machine: told of a batch through the broker. The only module that names
Celery.

A worker has some batches under way at once, since each of them ends with its slowest name and most of that is waiting.
They share one crew, which is polite to each address over all of them.
"""

from __future__ import annotations

import logging
import os
import socket
import threading

from celery import Celery, signals
from flask import Flask
from kombu.exceptions import OperationalError

from webapp import config, descriptors
from webapp.extensions import db
from webapp.monitor import due, handout
from webapp.monitor.asking import Askers
from webapp.monitor.shared import ALIVE, Shared

log = logging.getLogger(__name__)

BATCH = "padlock.batch"
QUEUE = "padlock"
AT_ONCE = 8  # batches of one worker
BROKER_PATIENCE = 5  # seconds for a word to the broker
# Redis gives a word that nobody has acknowledged for so long to another worker. That is for workers that died: as long
# as the longest batch and rest, and it does no harm when it comes too early.
VISIBLE_AGAIN = 900


class Broker:
    """How the scheduler of this site tells workers of a batch."""

    def __init__(self, app: Flask) -> None:
        self._celery = _celery(app)
        self._shared: Shared = app.extensions["padlock_shared"]

    def anybody(self) -> bool:
        return self._shared.workers() > 0

    def tell(self, run_id: int, token: str) -> bool:
        try:
            expires = due.lease().total_seconds()  # as long as it is claimed: after that the word is stale
            self._celery.send_task(
                BATCH, (run_id, token), queue=QUEUE, retry=False, ignore_result=True, expires=expires
            )
        except OperationalError as error:
            log.warning("the broker does not answer (%s): the scheduler works on its own", error)
            return False
        return True


def run(app: Flask) -> None:
    """Be a worker, until the process is told to end: then what is under way is let go of, and is due again."""
    shared: Shared = app.extensions["padlock_shared"]
    descriptors.allow_enough()
    celery, stop = _celery(app), threading.Event()
    with app.app_context():
        askers = Askers()
    name = f"{socket.gethostname()}-{os.getpid()}"

    @celery.task(name=BATCH)  # type: ignore[untyped-decorator]
    def batch(run_id: int, token: str) -> None:
        with app.app_context():
            try:
                rest = handout.take_up(run_id, token, stop, askers=askers)
            finally:
                db.session.remove()
        stop.wait(rest)

    def beat() -> None:
        while True:
            shared.beat(name)
            if stop.wait(ALIVE / 4):
                return

    def shutting_down(**_: object) -> None:
        stop.set()

    signals.worker_shutting_down.connect(shutting_down)
    signals.setup_logging.connect(lambda **_: None, weak=False)  # whoever starts the site has set its logs up
    signals.worker_ready.connect(lambda **_: log.info("worker %s is ready", name), weak=False)
    beating = threading.Thread(target=beat, name="beat", daemon=True)
    beating.start()
    pool = ["--pool=threads", f"--concurrency={AT_ONCE}"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]  # workers need not know of each other
    try:
        celery.worker_main(["--quiet", "worker", *pool, f"--hostname={name}", f"--queues={QUEUE}", *quiet])
    finally:
        stop.set()
        askers.close()
        beating.join()  # or its last beat could come after we have left
        shared.leave(name)


def _celery(app: Flask) -> Celery:
    celery = Celery("padlock", broker=app.config["PADLOCK_BROKER_URL"], set_as_current=False)
    celery.conf.update(
        task_acks_late=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # what is asked is recorded, broker or not
        worker_enable_remote_control=False,
        broker_use_ssl=config.broker_tls(app.config),
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=BROKER_PATIENCE,
        broker_transport_options={
            "visibility_timeout": VISIBLE_AGAIN,
            "socket_timeout": BROKER_PATIENCE,
            "socket_connect_timeout": BROKER_PATIENCE,
        },
    )
    return celery
