"""Prints the path of a Chromium on this machine; exits with 1 where there is none."""

import os
import shutil
import sys
from pathlib import Path

# The one without windows is the same browser, and takes a third less time.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
)
MAC = ("Chromium.app/Contents/MacOS/Chromium", "Google Chrome.app/Contents/MacOS/Google Chrome")


def find() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    on_path = (shutil.which(name) for name in NAMES)
    apps = (str(path) for app in MAC if (path := Path("/Applications") / app).is_file())
    return next((path for path in (*on_path, *apps) if path), None)


if __name__ == "__main__":
    found = find()
    if found is None:
        sys.exit(1)
    print(found)
