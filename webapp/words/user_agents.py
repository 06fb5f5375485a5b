"""The name of a browser in words: "Firefox on Windows"."""

from __future__ import annotations

from webapp.words.translation import gettext

# The first that is found counts: most browsers also name those they want to be taken for.
_BROWSERS = (
    (("Edg/", "EdgA/", "EdgiOS/", "Edge/"), "Edge"),
    (("OPR/", "OPT/", "Opera"), "Opera"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("Vivaldi/",), "Vivaldi"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("HeadlessChrome/", "Chrome/", "CriOS/"), "Chrome"),
    (("Chromium/",), "Chromium"),
    (("Safari/",), "Safari"),
    (("curl/",), "curl"),
)
_SYSTEMS = (
    (("Windows",), "Windows"),
    (("iPhone",), "iPhone"),
    (("iPad",), "iPad"),
    (("Android",), "Android"),
    (("CrOS",), "ChromeOS"),
    (("Macintosh", "Mac OS X"), "macOS"),
    (("Linux", "X11"), "Linux"),
)


def browser_text(user_agent: str) -> str:
    """A browser and its system by the User-Agent header, in words of ours only: anything may stand
    in the header."""
    browser = _named(_BROWSERS, user_agent)
    system = _named(_SYSTEMS, user_agent)
    if browser and system:
        return gettext("{browser} on {system}", browser=browser, system=system)
    if system:
        return gettext("A browser on {system}", system=system)
    return browser or gettext("Unknown browser")


def _named(names: tuple[tuple[tuple[str, ...], str], ...], user_agent: str) -> str:
    return next((name for marks, name in names if any(mark in user_agent for mark in marks)), "")
