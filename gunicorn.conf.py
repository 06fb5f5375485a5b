"""How gunicorn serves the site: one process with threads; several share what they must through the
broker."""

import os
import sys
from typing import Any

from webapp import file_limits, logs
from webapp.config.loading import web_processes
from webapp.config.setting import BadSetting
from webapp.config.table import LISTEN, LOG_FORMAT, LOG_LEVEL, THREADS

bind = LISTEN.read(os.environ)
worker_class = "webapp.serving.Worker"
try:
    workers = web_processes(os.environ)
except BadSetting as error:
    sys.exit(str(error))  # one sentence for the person who set it, instead of a traceback
threads = THREADS.read(os.environ)
logconfig_dict = logs.settings(LOG_FORMAT.read(os.environ), LOG_LEVEL.read(os.environ))
graceful_timeout = 10  # seconds
forwarder_headers = ""  # no header of a visitor's tells the site where it lives
worker_connections = file_limits.for_visitors(file_limits.allow_enough())
sendfile = False  # a file goes the way of every answer: no thread waits for its reader
limit_request_line = 8190  # bytes: a saved view whose filters are emoji fits
control_socket_disable = True  # nothing of ours lies about in anybody's home


def when_ready(server: Any) -> None:
    address = bind.rpartition(":")[0].strip("[]")
    if not address.startswith("127.") and address not in ("::1", "localhost"):
        server.log.warning(
            "Listening on %s: put a reverse proxy with HTTPS in front, see docs/running.md.",
            bind,
        )


def post_fork(server: Any, worker: Any) -> None:
    from webapp import start_check

    # By which gunicorn knows that it is no use to start another one: it ends as well
    start_check.exit_code = 3
    # A process waits so long for its requests. What is left of the ten seconds is the scheduler's,
    # or the process would be killed while it holds its claims.
    worker.cfg.set("graceful_timeout", 6)


def worker_exit(server: Any, worker: Any) -> None:
    # Python would wait for the scheduler's threads at its end: they are told to stop before.
    from webapp.monitor.refresh import scheduler
    from webapp.site import site_of

    scheduler.stop()
    app = getattr(worker, "wsgi", None)
    if app is not None:  # the site has started
        site_of(app).jobs.stop()
