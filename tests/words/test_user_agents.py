import pytest

from webapp.words.user_agents import browser_text

MOZILLA = "Mozilla/5.0 "
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "(Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox on Windows",
        ),
        ("(X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox on Linux"),
        (
            f"(Windows NT 10.0; Win64; x64) {WEBKIT}Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
            "Edge on Windows",
        ),
        (
            f"(Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}Chrome/142.0.0.0 Safari/537.36",
            "Chrome on macOS",
        ),
        (
            f"(Macintosh; Intel Mac OS X 10_15_7) {WEBKIT}Version/26.0 Safari/605.1.15",
            "Safari on macOS",
        ),
        (
            f"(iPhone; CPU iPhone OS 26_0 like Mac OS X) {WEBKIT}Version/26.0 Mobile Safari/604.1",
            "Safari on iPhone",
        ),
        (
            f"(iPhone; CPU iPhone OS 26_0 like Mac OS X) {WEBKIT}CriOS/142.0 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            f"(Linux; Android 16; K) {WEBKIT}Chrome/142.0.0.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"(Linux; Android 16) {WEBKIT}SamsungBrowser/29.0 Chrome/136 Safari/537.36",
            "Samsung Internet on Android",
        ),
        (f"(Windows NT 10.0) {WEBKIT}Chrome/142.0.0.0 Safari/537.36 OPR/120.0", "Opera on Windows"),
        (
            f"(X11; CrOS x86_64 14541.0.0) {WEBKIT}Chrome/142.0.0.0 Safari/537.36",
            "Chrome on ChromeOS",
        ),
        ("(Windows NT 10.0) SomethingElse/1.0", "A browser on Windows"),
    ],
)
def test_a_browser_is_told_in_words(user_agent, words):
    assert browser_text(MOZILLA + user_agent) == words


@pytest.mark.parametrize("user_agent", ["", "<script>alert(1)</script>", "x" * 10_000])
def test_what_is_not_known_is_not_repeated(user_agent):
    assert browser_text(user_agent) == "Unknown browser"


def test_curl_is_called_so():
    assert browser_text("curl/8.17.0") == "curl"
