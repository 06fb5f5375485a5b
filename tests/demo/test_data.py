from webapp.customers.models import Client, Domain, Service, User
from webapp.demo import data
from webapp.extensions import db, writing
from webapp.probe import State


def names(model):
    return [
        item.target.hostname
        for item in db.session.scalars(db.select(model))
        if item.active and item.target
    ]


def empty():
    with writing():
        for model in (Service, Domain, User, Client):
            db.session.execute(db.delete(model))


def test_the_demo_shows_every_padlock_on_both_of_alices_lists(in_app, lab):
    empty()
    data.fill(lab.cases)
    for model in (Service, Domain):
        mine = db.session.scalars(
            db.select(model).join(model.client).where(Client.name.startswith("Alice"))
        ).all()
        states = {
            lab.cases[item.target.hostname].reason.state
            for item in mine
            if item.active and item.target
        }
        assert states == {State.VALID, State.INVALID, State.UNKNOWN}
        assert len(mine) <= 25
        assert {item.status for item in mine} == set(type(mine[0].status))


def test_the_demo_shows_the_whole_lab_and_nothing_else(in_app, lab):
    empty()
    data.fill(lab.cases)
    assert set(names(Service)) | set(names(Domain)) <= set(lab.cases)
    everything = {
        item.target.hostname for item in db.session.scalars(db.select(Service)) if item.target
    }
    everything |= {
        item.target.hostname for item in db.session.scalars(db.select(Domain)) if item.target
    }
    assert everything == set(lab.cases)


def test_the_demo_leaves_a_used_database_alone(in_app, lab):
    before = names(Service)
    data.fill(lab.cases)
    assert names(Service) == before
