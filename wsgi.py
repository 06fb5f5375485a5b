"""What gunicorn and `flask` start: the site, and its scheduler where it is served.

What keeps it from starting is one sentence for a person, instead of a traceback.
"""

import gc
import os
import sys

import click

from webapp import create_app, logs, start_check
from webapp.config.setting import BadSetting
from webapp.config.table import LOG_FORMAT, LOG_LEVEL
from webapp.monitor.refresh import scheduler

COMMAND = os.environ.get("FLASK_RUN_FROM_CLI") == "true"
current = click.get_current_context(silent=True)
# `flask run` serves; the other commands of `flask` check what they need on their own.
SERVES = not COMMAND or (current is not None and current.info_name == "run")

try:
    # Gunicorn has done so already
    logs.set_up(LOG_FORMAT.read(os.environ), LOG_LEVEL.read(os.environ))
    app = create_app(commands=COMMAND)
    problem = start_check.problem(app, may_wait=True) if SERVES else ""
except BadSetting as error:
    problem = str(error)
if problem:
    print(problem, file=sys.stderr)
    sys.exit(start_check.exit_code)
# What the site is made of stays, and a page makes thousands of objects that are gone with it:
# nobody waits while they are looked through for garbage again and again (measured: lists take a
# third less).
gc.freeze()
gc.set_threshold(5_000, 10, 100)
scheduler.start(app)
