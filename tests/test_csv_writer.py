import csv
import io
import time

import pytest

from webapp import csv_writer


@pytest.mark.parametrize(
    "cell",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        " =1",
        '"=1',
        "'=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\tx",
        "\rx",
        "﹦1",
        "−1",
        "“=1",
        "\u2003=1",
    ],
)
def test_no_cell_is_a_formula(cell):
    assert csv_writer.harmless(cell) == f"'{cell}"


@pytest.mark.parametrize("sign", "=+-@＝＋－＠")
@pytest.mark.parametrize("before", ["a;", "a|", "a\t", "a\r\n", "a\u2028", 'a; "'])
def test_no_cell_holds_one_for_a_reader_with_another_separator(before, sign):
    written = csv_writer.harmless(f"{before}{sign}1")
    assert f"{before[1]}{sign}" not in written
    assert "'" in written
    assert written.endswith(f"{sign}1")


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\ufeff", "\u2066", "\u00ad", "\0", "\x1b", "\ufe0f", "\u3164"]
)
def test_invisible_characters_are_left_out_and_hide_no_formula(hidden):
    row = (f"{hidden}=1", f"moc.{hidden}elpmaxe")
    for line in csv_writer.lines(row, [row]):  # headings are like any cell
        assert line.removeprefix(csv_writer.MARK) == '"\'=1","moc.elpmaxe"\r\n'


def test_a_cell_of_separators_costs_no_more_than_its_length():
    started = time.process_time()
    for cell in ("\t" * 300_000, ";" + " " * 300_000, "'" * 300_000):
        csv_writer.harmless(cell)
    assert time.process_time() - started < 5


def test_text_comes_back_as_it_was_and_numbers_stay_numbers():
    text = "".join(csv_writer.lines(("a", "b"), [('say "no", now\nand then', -5)]))
    assert list(csv.reader(io.StringIO(text.removeprefix(csv_writer.MARK)))) == [
        ["a", "b"],
        ['say "no", now\nand then', "-5"],
    ]


def test_a_long_file_comes_in_pieces_of_many_lines():
    rows = [[number, "=1" if number == 700 else ""] for number in range(1200)]
    first, *pieces = csv_writer.lines(("a", "b"), rows)
    assert first == f'{csv_writer.MARK}"a","b"\r\n'
    assert len(pieces) == 3
    assert "".join(pieces).split("\r\n")[699:702] == ['699,""', '700,"\'=1"', '701,""']
