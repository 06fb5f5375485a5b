"""Whether the site in this container is alive: ends with 0, or with 1 and why not."""

import http.client
import os
import sys

port = int(os.environ.get("PADLOCK_LISTEN", "127.0.0.1:8000").rpartition(":")[2])
host = os.environ.get("PADLOCK_TRUSTED_HOSTS", "").split(",")[0].strip() or "localhost"
try:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    connection.request("GET", "/healthz", headers={"Host": host})
    status = connection.getresponse().status
except OSError as error:
    sys.exit(f"no answer: {error}")
sys.exit(0 if status == 200 else f"it answers {status}")
