import pytest

from webapp.parsing import LARGEST, whole


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", "1e9", " 1", "1_0", "١", "²", "x"])
def test_what_is_no_whole_number(text):
    assert whole(text) is None


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("007", 7), (str(LARGEST), LARGEST), ("9" * 5000, LARGEST)]
)
def test_a_whole_number(text, number):
    assert whole(text) == number
