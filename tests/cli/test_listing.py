"""`flask listing check` and `flask listing rebuild`."""

import pytest

from webapp.extensions import db, writing


def behind_its_back(app):
    with app.app_context(), writing():
        db.session.connection().execute(db.text("UPDATE service SET product = 'Other'"))


def test_check_says_how_many_rows_have_drifted_and_rebuild_mends_them(app):
    run = app.test_cli_runner().invoke
    assert run(args=["listing", "check"]).output == "All list entries are correct.\n"
    behind_its_back(app)
    checked = run(args=["listing", "check"])
    assert (checked.exit_code, checked.output.split(" not")[0]) == (1, "2 list entries do")
    assert run(args=["listing", "rebuild"]).exit_code == 0
    assert run(args=["listing", "check"]).exit_code == 0


@pytest.mark.sqlite("PostgreSQL looks after its indexes itself")
@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("DROP TRIGGER listing_search_update", "Part of the search index is missing."),
        ("INSERT INTO listing_search (listing_search) VALUES ('delete-all')", "4 list entries do"),
    ],
)
def test_check_finds_a_broken_search_index_and_rebuild_mends_it(app, damage, told):
    run = app.test_cli_runner().invoke
    with app.app_context(), writing():
        db.session.execute(db.text(damage))
    checked = run(args=["listing", "check"])
    assert (checked.exit_code, told in checked.output) == (1, True)
    assert run(args=["listing", "rebuild"]).exit_code == 0
    assert run(args=["listing", "check"]).output == "All list entries are correct.\n"
