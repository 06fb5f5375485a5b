"""Whatever there has to be for each kind of source."""

from webapp.routes.sources import SourceForm
from webapp.sources.kinds import SOURCE_KINDS
from webapp.sources.registry import CREDENTIALS
from webapp.words import sources as say


def test_each_kind_has_its_name_its_set_up_and_fields_for_its_credentials(app):
    assert set(SOURCE_KINDS) == set(CREDENTIALS) == set(say.SOURCE_LABELS) == set(say.SET_UP)
    with app.test_request_context():
        form = SourceForm()
        for kind, (needed, optional) in CREDENTIALS.items():
            assert {field.name for field in form.credentials_of(kind)} == needed | optional, kind
