"""How gunicorn serves the site: one process with threads, so that the flights and the caches are shared."""

import os

from webapp.config import LISTEN, THREADS

bind = LISTEN.read(os.environ)
worker_class = "gthread"
workers = 1
threads = THREADS.read(os.environ)
graceful_timeout = 10  # seconds: no check takes longer
