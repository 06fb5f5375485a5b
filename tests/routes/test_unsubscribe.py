"""The link in a mail switches warnings off: by one POST, and never by looking."""

from webapp.customers.models import User
from webapp.extensions import db
from webapp.notices import unsubscribe

FORM = {"List-Unsubscribe": "One-Click"}


def test_one_post_without_a_sign_in_switches_warnings_off(app, visit):
    def wanted():
        with app.app_context():
            return db.session.get(User, 1).alert_mails

    with app.app_context():
        alice = db.session.get(User, 1)
        path = f"/unsubscribe/{unsubscribe.token_for(alice, app.config['SECRET_KEY'])}"
    nobody = visit(None)
    assert "alice@example.com" in nobody.get(path).text
    assert nobody.client.post(path).status_code == 400
    assert wanted()
    assert nobody.client.post(path, data=FORM).status_code == 200  # as mail providers send it
    assert not wanted()
    assert nobody.client.post(path, data=FORM).status_code == 200  # a second click
    with app.app_context():
        db.session.get(User, 1).email = "new@example.com"
        db.session.commit()
    for gone in (path, f"{path}x"):
        assert nobody.client.post(gone, data=FORM).status_code == 410
