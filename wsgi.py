"""What gunicorn and `flask` start: the site, and its scheduler where it is served."""

import sys

from webapp import create_app
from webapp.config import BadSetting
from webapp.monitor import scheduler

try:
    app = create_app()
except BadSetting as error:
    # One sentence for the person who set it, instead of a traceback.
    print(error, file=sys.stderr)
    sys.exit(2)
scheduler.start(app)
