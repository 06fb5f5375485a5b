"""What gunicorn and `flask` start: the site, and its scheduler where it is served."""

import gc
import os
import sys

from webapp import create_app, logs
from webapp.config import LOG_FORMAT, LOG_LEVEL, BadSetting
from webapp.monitor import scheduler

try:
    logs.set_up(LOG_FORMAT.read(os.environ), LOG_LEVEL.read(os.environ))  # gunicorn has done so already
    app = create_app(commands=os.environ.get("FLASK_RUN_FROM_CLI") == "true")
except BadSetting as error:
    # One sentence for the person who set it, instead of a traceback.
    print(error, file=sys.stderr)
    sys.exit(2)
# What the site is made of stays, and a page makes thousands of objects that are gone with it: nobody waits while they
# are looked through for garbage again and again (measured: lists take a third less).
gc.freeze()
gc.set_threshold(5_000, 10, 100)
scheduler.start(app)
