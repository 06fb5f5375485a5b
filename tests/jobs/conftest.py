import pytest

from tests.served import served
from tests.smtp_server import MailServer


@pytest.fixture
def server():
    """A mail server on loopback."""
    with served(MailServer()) as server:
        yield server
