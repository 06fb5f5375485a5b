"""Dates as other systems write them, and which of two days is meant."""

from datetime import date

import pytest

from webapp.imports.dates import DAY_FIRST, MONTH_FIRST, DateOrder, NoDate, NoSuchDay, TwoDays
from webapp.imports.dates import read_day as read


@pytest.mark.parametrize(
    "text",
    [
        "2019-03-01",
        "2019-03-01 00:00:00",
        "2019-03-01T00:00:00",
        "2019-03-01T23:30:00.000000Z",
        "2019-03-01T00:00:00+02:00",
        "2019/03/01",
        "20190301",
        "01.03.2019",
        "1.3.2019 10:15",
        "1 Mar 2019",
        "1st March 2019",
        "Friday, March 1st, 2019",
        "2019 Mar 01 00:00",
        "1551398400",
    ],
)
def test_one_day_in_its_usual_spellings(text):
    assert read(text) == date(2019, 3, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-00-00",
        "0000-00-00 00:00:00",
        "00.00.0000",
        "00/00/0000",
        "NULL",
        r"\N",
        "N/A",
        "-",
    ],
)
def test_none_in_its_usual_spellings(text):
    assert read(text) is None


def test_two_days_are_read_only_when_the_order_is_known():
    with pytest.raises(TwoDays):
        read("01/02/2026")
    assert read("01/02/2026", DAY_FIRST) == date(2026, 2, 1)
    assert read("01-02-2026 00:00:00", MONTH_FIRST) == date(2026, 1, 2)
    assert read("05/05/2026") == date(2026, 5, 5)
    assert read("25/12/2026") == date(2026, 12, 25)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("2026-02-30", NoSuchDay),
        ("40/40/2026", NoSuchDay),
        ("1.1.26", NoDate),
        ("soon", NoDate),
        ("٢٠٢٦-٠١-٠١", NoDate),
        ("9" * 5000, NoDate),
        ("1 Foo 2026", NoDate),
    ],
)
def test_what_is_no_day_is_told(text, error):
    with pytest.raises(error):
        read(text)


@pytest.mark.parametrize(
    ("texts", "order", "is_open"),
    [
        (["01/02/2026", "25/12/2026"], DAY_FIRST, False),
        (["01/02/2026", "12/25/2026"], MONTH_FIRST, False),
        (["01/02/2026", "03/04/2026"], "", True),
        (["01/02/2026", "25/12/2026", "12/25/2026"], "", True),
        (["05/05/2026", "2026-01-02", "99/99/2026"], "", False),
    ],
)
def test_the_order_is_what_fits_all_dates(texts, order, is_open):
    found = DateOrder()
    found.add(texts)
    assert (found.order, found.open) == (order, is_open)
