"""Files that are checked and brought in."""

import pytest

from tests.conftest import NOW
from webapp.imports import importer
from webapp.imports.staging import open_staging


def nothing(doing, done, total):
    pass


@pytest.fixture
def check(in_app, tmp_path):
    """Checks a file of this text or these bytes: the counts, and all problems."""

    def check(content, **how):
        data = content if isinstance(content, bytes) else content.encode()
        file = tmp_path / "file.csv"
        file.write_bytes(data)
        encoding = how.pop("encoding", "")
        mapping = importer.guessed_mapping(file, encoding, **how) if how or encoding else None
        checked = importer.check(file, tmp_path / "rows", nothing, mapping)
        with open_staging(tmp_path / "rows") as staging:
            return checked, list(staging.problems())

    return check


@pytest.fixture
def bring_in(check, tmp_path):
    """Checks and writes a file of this text."""

    def bring_in(content, *, skip_bad=False, **how):
        checked, problems = check(content, **how)
        assert skip_bad or not checked.problems, problems
        return importer.write(tmp_path / "rows", None, "file.csv", NOW, nothing, skip_bad=skip_bad)

    return bring_in
