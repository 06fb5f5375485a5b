from tests.jobs.conftest import server  # noqa: F401 - a fixture
