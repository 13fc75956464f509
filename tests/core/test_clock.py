"""The school's clock across the hour that London repeats, and the clock that tests move."""

from __future__ import annotations

import datetime as dt

import pytest

from oval_aup.core import clock, templating


def test_the_repeated_hour_in_october_stays_apart_in_utc() -> None:
    before = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    after = before + dt.timedelta(hours=1)
    assert templating.moment(before) == templating.moment(after) == "25 October 2026 at 01:30"
    assert clock.iso(before) < clock.iso(after)
    assert (clock.london(before).utcoffset(), clock.london(after).utcoffset()) == (
        dt.timedelta(hours=1),
        dt.timedelta(0),
    )


def test_today_is_londons_date_not_utcs() -> None:
    clock.travel_to(dt.datetime(2026, 8, 31, 23, 30, tzinfo=dt.UTC))
    assert clock.today() == dt.date(2026, 9, 1)


def test_pretending_a_date_moves_the_clock_and_none_puts_it_right() -> None:
    clock.travel_to(dt.date(2031, 9, 1))
    assert clock.today() == dt.date(2031, 9, 1)
    clock.travel_to(None)
    assert clock.today() != dt.date(2031, 9, 1)


def test_a_held_clock_stands_still_until_it_is_let_run() -> None:
    noon = dt.datetime(2026, 9, 1, 11, tzinfo=dt.UTC)
    clock.freeze(noon)
    assert (clock.now(), clock.now()) == (noon, noon)
    clock.travel_to(noon)
    began = clock.now()
    while clock.now() == began:
        pass
    assert clock.now() > began


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        clock.london(dt.datetime(2026, 9, 1))  # noqa: DTZ001 - the point of the test
