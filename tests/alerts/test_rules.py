"""Which rule applies, and which rules are refused."""

from datetime import timedelta

import pytest

from webapp.alerts.rules import BadRule, Clients, Rule, Threshold, read_rules

LETS_ENCRYPT = "R11, Let's Encrypt"


@pytest.mark.parametrize(
    ("days", "expiring", "urgent"),
    [(398, 30, 7), (200, 30, 7), (90, 22.5, 7), (47, 11.75, 4.7), (160 / 24, 40 / 24, 16 / 24)],
)
def test_levels_go_by_the_lifetime(days, expiring, urgent):
    rule = Rule()
    lifetime = timedelta(days=days)
    assert rule.expiring.span(lifetime) / timedelta(days=1) == pytest.approx(expiring)
    assert rule.urgent.span(lifetime) / timedelta(days=1) == pytest.approx(urgent)


def days_for(rules, name="a.example", client="Bakery", product="Hosting", issuer=LETS_ENCRYPT):
    return read_rules(rules).rule_for(name, client, product, issuer).expiring.days


def test_the_most_specific_rule_wins():
    scopes = [
        ("products", "Hosting"),
        ("clients", "Bakery"),
        ("issuers", "Let's Encrypt"),
        ("issuers", "R11"),
        ("issuers", LETS_ENCRYPT),
        ("names", "a.example"),
    ]
    rules = {"site": {"expiring": {"days": 1}}}
    for number, (scope, key) in enumerate(scopes, 2):
        rules.setdefault(scope, {})[key] = {"expiring": {"days": number}}
        assert days_for(rules) == number
    assert days_for(rules, name="b.example", issuer="E5, Let's Encrypt") == 4
    assert days_for(rules, "b.example", "Brewery", None, "GTS") == 1


@pytest.mark.parametrize(
    ("rules", "depends"),
    [
        ({}, False),
        ({"site": {"expiring": {"days": 9}}, "names": {"a": {"unknown_days": 1}}}, False),
        ({"clients": {"Bakery": {"unknown_days": 1}}}, True),
        ({"products": {"Hosting": {"unknown_days": 1}}}, True),
    ],
)
def test_whose_a_name_is_matters_where_a_client_or_a_product_has_a_rule(rules, depends):
    assert read_rules(rules).depends_on_owner is depends


def test_each_field_has_the_most_specific_rule_of_its_own():
    rules = {
        "site": {"clients": "off", "unknown_days": 1},
        "clients": {"Bakery": {"clients": "urgent"}},
        "names": {"a": {"digest_at": "17:30"}},
    }
    rule = read_rules(rules).rule_for("a", "Bakery", None, "")
    assert (rule.clients, rule.unknown_after) == (Clients.URGENT, timedelta(days=1))
    assert (rule.digest_at, rule.gather) == (timedelta(hours=17.5), timedelta(minutes=30))


def test_days_alone_are_days_whatever_the_share_of_the_site_is():
    assert read_rules({"site": {"expiring": {"days": 60}}}).rule_for(
        "a", None, None, ""
    ).expiring == Threshold(None, 60)
    assert Threshold(None, 60).span(timedelta(days=47)) == timedelta(days=47)


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ([], ""),
        ({"sites": {}}, "sites"),
        ({"site": []}, "site"),
        ({"site": {"expires": {}}}, "site.expires"),
        ({"site": {"expiring": 30}}, "site.expiring"),
        ({"site": {"expiring": {"share": 0}}}, "site.expiring.share"),
        ({"site": {"expiring": {"share": 1.5}}}, "site.expiring.share"),
        ({"site": {"expiring": {"share": float("nan")}}}, "site.expiring.share"),
        ({"site": {"urgent": {"days": 0}}}, "site.urgent.days"),
        ({"site": {"urgent": {"days": True}}}, "site.urgent.days"),
        ({"site": {"urgent": {"days": "7"}}}, "site.urgent.days"),
        ({"site": {"urgent": {"day": 7}}}, "site.urgent.day"),
        ({"site": {"clients": "some"}}, "site.clients"),
        ({"site": {"clients": []}}, "site.clients"),
        ({"site": {"digest_at": "8:00"}}, "site.digest_at"),
        ({"site": {"digest_at": "24:00"}}, "site.digest_at"),
        ({"site": {"gather_minutes": -1}}, "site.gather_minutes"),
        ({"site": {"unknown_days": None}}, "site.unknown_days"),
        ({"names": {"a.example": {"urgent": {"days": -1}}}}, "names.a.example.urgent.days"),
        ({"issuers": {"R11": None}}, "issuers.R11"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_path(rules, path):
    with pytest.raises(BadRule) as refused:
        read_rules(rules)
    assert refused.value.path == path
