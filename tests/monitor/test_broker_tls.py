"""A broker behind TLS: it is used where its certificate is good for its name, and by nobody where
it is not."""

from contextlib import ExitStack

import pytest

from tests.served import served
from tests.tls_relay import Relay
from webapp import create_app
from webapp.demo.pki import issue
from webapp.extensions import limiter
from webapp.monitor import live
from webapp.monitor.health import collect
from webapp.monitor.health.facts import Level
from webapp.monitor.refresh import workers
from webapp.monitor.refresh.runner import utc_now
from webapp.site import site_of


@pytest.fixture
def told(site, redis, lab):
    """Tells the site of Redis behind TLS, with a certificate for this name, and of the roots to
    trust."""
    with ExitStack() as ends:

        def told(name="localhost", roots=lab.ca_bundle, user=""):
            context = lab.context(issue(name, issuer=lab.intermediate), lab.intermediate)
            url = ends.enter_context(served(Relay(context, redis.port))).url.replace(
                "//", f"//{user}"
            )
            site.config.update(PADLOCK_BROKER_URL=url, PADLOCK_BROKER_CA=roots)
            live.register(site)
            return site

        yield told


def limits(site):
    """Where a process that is told the same counts attempts."""
    other = create_app(
        {name: value for name, value in site.config.items() if name.startswith("PADLOCK_")}
    )
    site_of(other).checks.close()
    return limiter.storage


def test_all_that_processes_share_is_there_over_tls(told, redis):
    site = told()
    ours = site_of(site).redis
    ours.beat("worker")
    assert (ours.problem(), ours.workers()) == ("", 1)
    assert workers.Broker(site).tell(1, "token")
    limits(site).incr("somebody", 60)
    with redis.client() as client:
        assert {"padlock:workers", "padlock", "LIMITS:somebody"} <= set(client.keys())


NOT_TRUSTED = ("localhost", False, "unable to get local issuer certificate")
OTHER_NAME = ("other.example", True, "certificate is not valid for 'localhost'")


@pytest.mark.parametrize(("name", "trusted", "reason"), [NOT_TRUSTED, OTHER_NAME])
def test_a_certificate_that_is_not_good_is_refused_by_all_and_told(
    told, lab, redis, caplog, name, trusted, reason
):
    site = told(name, lab.ca_bundle if trusted else None, "user:hunter2@")
    assert site_of(site).redis.workers() == 0
    assert "Redis does not answer (its certificate is not trusted: " in caplog.text
    (flag,) = (flag for flag in collect.run_checks(utc_now()).flags if flag.name == "Broker")
    assert flag.level is Level.BAD
    assert flag.words.startswith("The broker cannot be used: its certificate is not trusted: ")
    assert reason in flag.words
    caplog.clear()
    assert not workers.Broker(site).tell(1, "token")
    assert reason in caplog.text
    assert not limits(site).check()
    assert "hunter2" not in caplog.text + flag.words
    with redis.client() as client:
        assert client.keys() == []
