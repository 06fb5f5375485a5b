"""What gunicorn and `flask` start: the site, and its scheduler where it is served.

What keeps it from starting is one sentence for a person, instead of a traceback.
"""

import gc
import os
import sys
import threading

from webapp import create_app, logs, start_check
from webapp.config.setting import BadSetting
from webapp.config.table import LOG_FORMAT, LOG_LEVEL
from webapp.monitor.refresh import scheduler
from webapp.routes import template_helpers

# Nothing that is imported is garbage: to look for it would take a fifth of the start.
gc.disable()

COMMAND = os.environ.get("FLASK_RUN_FROM_CLI") == "true"

try:
    # Gunicorn has done so already
    logs.set_up(LOG_FORMAT.read(os.environ), LOG_LEVEL.read(os.environ))
    app = create_app(commands=COMMAND)
    # The commands check what they need on their own, `flask run` among them.
    problem = "" if COMMAND else start_check.problem(app, may_wait=True)
except BadSetting as error:
    problem = str(error)
if problem:
    print(problem, file=sys.stderr)
    sys.exit(start_check.exit_code)
# What the site is made of stays: to look through it for garbage again and again would make lists
# take half as long again. A page makes thousands of objects that are gone with it. They are looked
# through soon and a few at a time: with 5,000 and 10, one page in twelve waited 15 ms. What threads
# still held then is looked through every hundredth time: with 1,000, memory grew by 17 MB more.
gc.freeze()
gc.set_threshold(2_000, 2, 100)
gc.enable()
scheduler.start(app)
if not COMMAND:
    threading.Thread(target=template_helpers.compile_templates, args=(app,), daemon=True).start()
