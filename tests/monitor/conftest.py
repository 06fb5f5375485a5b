import pytest

from webapp import config
from webapp.extensions import db, writing
from webapp.monitor import live
from webapp.monitor.models import Hostname


@pytest.fixture
def site(app, lab, tmp_path):
    """The site with the lab to look at, and a deadline that tests can wait for."""
    app.config.from_mapping(config.load(lab.environ() | {"PADLOCK_PROBE_TIMEOUT": "2"}, tmp_path))
    live.register(app)
    with app.app_context():
        yield app


@pytest.fixture
def hostname(site):
    """The row of a host name, new where there is none: `hostname("ok")` is ok.lab.example."""

    def hostname(label: str) -> Hostname:
        name = f"{label}.lab.example"
        row = db.session.scalar(db.select(Hostname).filter_by(name=name))
        if row is None:
            with writing():
                row = Hostname(name=name)
                db.session.add(row)
        return row

    return hostname
