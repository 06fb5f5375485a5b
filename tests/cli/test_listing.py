"""`flask listing check` and `flask listing rebuild`."""

from webapp.extensions import db, writing


def behind_its_back(app):
    with app.app_context(), writing():
        db.session.connection().execute(db.text("UPDATE service SET product = 'Other'"))


def test_check_says_how_many_rows_have_drifted_and_rebuild_mends_them(app):
    run = app.test_cli_runner().invoke
    assert run(args=["listing", "check"]).output == "All listing rows are right.\n"
    behind_its_back(app)
    checked = run(args=["listing", "check"])
    assert (checked.exit_code, checked.output.split(" not")[0]) == (1, "2 listing rows are")
    assert run(args=["listing", "rebuild"]).exit_code == 0
    assert run(args=["listing", "check"]).exit_code == 0
