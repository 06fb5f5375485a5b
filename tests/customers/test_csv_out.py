import csv
import io

import pytest

from webapp.customers import csv_out


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", " =1", '"=1', "'=1"])
def test_no_cell_is_a_formula(cell):
    assert csv_out.harmless(cell) == f"'{cell}"


def test_text_comes_back_as_it_was_and_numbers_stay_numbers():
    text = "".join(csv_out.lines(("a", "b"), [('say "no", now\nand then', -5)]))
    assert list(csv.reader(io.StringIO(text.removeprefix(csv_out.MARK)))) == [
        ["a", "b"],
        ['say "no", now\nand then', "-5"],
    ]


def test_pieces_are_the_lines():
    assert list(csv_out.joined(map(str, range(5)), 2)) == ["01", "23", "4"]
