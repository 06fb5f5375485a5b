import gc
from dataclasses import replace

import pytest

from webapp.config import loading
from webapp.monitor.probing import probe_settings


@pytest.fixture(scope="session")
def lab_settings(lab, tmp_path_factory):
    """The engine's settings for the lab, with a deadline that tests can wait for."""
    return replace(
        probe_settings(loading.load(lab.environ(), tmp_path_factory.mktemp("instance"))),
        timeout=2.0,
    )


@pytest.fixture(scope="session")
def lab_settings_of(tmp_path_factory):
    """The same for another lab."""
    folder = tmp_path_factory.mktemp("instance")
    return lambda lab: replace(probe_settings(loading.load(lab.environ(), folder)), timeout=5.0)


@pytest.fixture(autouse=True)
def _no_garbage_is_looked_for():
    """What other tests left behind takes a tenth of a second to look through, which is all the CPU
    that a probe of a long chain may take."""
    gc.disable()
    yield
    gc.enable()
