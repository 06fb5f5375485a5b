import pytest

from webapp.demo.lab import running


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    with running(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
