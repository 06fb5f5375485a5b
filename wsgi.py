"""What gunicorn and `flask` start: the site."""

import gc
import sys

from webapp import create_app
from webapp.config import BadSetting

try:
    app = create_app()
except BadSetting as error:
    # One sentence for the person who set it, instead of a traceback.
    print(error, file=sys.stderr)
    sys.exit(2)
gc.freeze()  # what the site is made of stays: nobody waits while it is looked through for garbage
