"""A process of the site that evaluates and sends, and is killed at a step of its own."""

from __future__ import annotations

import importlib
import os
import signal
from collections.abc import Mapping
from datetime import UTC, datetime
from operator import attrgetter
from threading import Event
from typing import NamedTuple
from unittest.mock import patch

from flask import Flask
from sqlalchemy import update

from tests import forked
from webapp import create_app
from webapp.extensions import db, writing
from webapp.jobs.models import Job
from webapp.jobs.runner import Runner
from webapp.notices import deliveries, minute
from webapp.site import site_of

EXPIRED = datetime(2020, 1, 1, tzinfo=UTC)


class Step(NamedTuple):
    """Where a process is killed: before a function, or after it."""

    when: str
    module: str
    function: str  # or "Class.method"

    def __str__(self) -> str:
        return f"{self.when} {self.module}.{self.function}"


def environ_of(app: Flask, **more: str) -> dict[str, str]:
    """The settings of another process of this site."""
    return {
        "PATH": os.environ["PATH"],
        "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
        "PADLOCK_SECRET_KEY": app.config["SECRET_KEY"],
        "PADLOCK_MAIL_RETRY_HOURS": "168",
        "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
        **more,
    }


def kill_at(step: Step, at: datetime, environ: Mapping[str, str]) -> None:
    """Has a process evaluate at this moment and send what is due, until it comes to this step."""
    process = forked.start(_die_at, step, at, environ)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, step
    with writing():  # as if the lease had expired
        db.session.execute(update(Job).values(claimed_until=EXPIRED, run_at=EXPIRED))


def _die_at(step: Step, at: datetime, environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    *path, name = step.function.split(".")
    owner = importlib.import_module(step.module)
    if path:
        owner = attrgetter(".".join(path))(owner)
    real = getattr(owner, name)

    def dying(*args: object, **kwargs: object) -> None:
        if step.when == "after":
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, dying)
    app = create_app()
    with app.app_context():
        # Else a mail may be sent in the moment between its commit and the end
        with patch.object(Runner, "wake"):
            minute.evaluate(at)
        deliveries.add_lanes(datetime.now(UTC))
        site_of(app).jobs.wake()
        Event().wait()
