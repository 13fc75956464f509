"""School days: weekends, typical holidays and the school's own."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.campaigns.term_dates import easter_sunday, term_dates, typical_breaks

TYPICAL = term_dates(school_years=range(2024, 2031))


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2024, 3, 31), (2025, 4, 20), (2026, 4, 5), (2027, 3, 28), (2038, 4, 25)]
)
def test_easter_is_found_by_the_computus(year: int, month: int, day: int) -> None:
    assert easter_sunday(year) == dt.date(year, month, day)


@pytest.mark.parametrize(
    "day",
    [
        dt.date(2026, 10, 28),
        dt.date(2026, 12, 25),
        dt.date(2027, 1, 1),
        dt.date(2027, 2, 17),
        dt.date(2027, 3, 26),
        dt.date(2027, 3, 29),
        dt.date(2027, 5, 3),
        dt.date(2027, 5, 31),
        dt.date(2027, 8, 4),
    ],
)
def test_a_typical_year_rests_in_the_usual_weeks(day: dt.date) -> None:
    assert not TYPICAL.is_school_day(day)


def test_a_weekday_in_term_is_a_school_day_and_a_saturday_is_not() -> None:
    assert TYPICAL.is_school_day(dt.date(2026, 10, 2))
    assert not TYPICAL.is_school_day(dt.date(2026, 10, 3))


def test_the_first_school_day_after_half_term_is_a_monday() -> None:
    assert TYPICAL.first_school_day_from(dt.date(2026, 10, 24)) == dt.date(2026, 11, 2)


def test_the_schools_own_dates_replace_the_typical_ones_of_that_year_only() -> None:
    terms = term_dates(((dt.date(2026, 10, 19), dt.date(2026, 10, 23)),), school_years=(2026, 2027))
    assert terms.is_school_day(dt.date(2026, 10, 28))
    assert not terms.is_school_day(dt.date(2026, 10, 20))
    assert not terms.is_school_day(dt.date(2027, 12, 25))


@given(st.integers(2020, 2080))
def test_every_years_breaks_lie_in_order_and_leave_about_190_days(year: int) -> None:
    breaks = typical_breaks(year)
    assert all(first <= last for first, last in breaks)
    terms = term_dates(school_years=(year,))
    days = sum(terms.is_school_day(dt.date(year, 9, 1) + dt.timedelta(days=n)) for n in range(365))
    assert 183 <= days <= 200
