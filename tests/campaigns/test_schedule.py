"""Which step falls due: every rule of reminders as a sentence about facts and a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oval_aup.campaigns.schedule import Facts, Step, due_step, sending_time
from oval_aup.campaigns.term_dates import term_dates
from oval_aup.core import clock

TERMS = term_dates(school_years=range(2025, 2028))
MONDAY = dt.date(2026, 9, 14)
FACTS = Facts(asked_on=MONDAY, due_on=dt.date(2026, 10, 5), reminder_days=(7, 14, 21), last_day=dt.date(2027, 8, 31))


def names(facts: Facts, *days: dt.date) -> list[str]:
    steps = [due_step(facts, day, TERMS) for day in days]
    return [step.name for step in steps if step]


def after(days: int) -> dt.date:
    return MONDAY + dt.timedelta(days=days)


def test_nothing_is_due_before_the_first_reminder_day() -> None:
    assert names(FACTS, *(after(n) for n in range(7))) == []


def test_the_first_reminder_falls_due_on_its_day() -> None:
    assert due_step(FACTS, after(7), TERMS) == Step("reminder-1", after(7))


def test_a_step_taken_is_not_taken_again() -> None:
    assert due_step(replace(FACTS, taken={"reminder-1": after(7)}), after(9), TERMS) is None


def test_the_third_reminder_is_the_last() -> None:
    facts = replace(FACTS, taken={"reminder-1": after(7), "reminder-2": after(14)})
    step = due_step(facts, after(21), TERMS)
    assert step is not None
    assert (step.name, step.is_last) == ("reminder-3", True)


def test_a_fourth_reminder_day_is_ignored() -> None:
    facts = replace(FACTS, reminder_days=(7, 14, 21, 28), taken={"reminder-3": after(21)})
    assert names(facts, after(28)) == ["escalation"]


def test_after_three_weeks_without_a_scheduler_only_the_latest_reminder_goes() -> None:
    assert names(FACTS, after(22)) == ["reminder-3"]
    assert names(replace(FACTS, taken={"reminder-3": after(22)}), after(23), after(24)) == []


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, answered=True),
        replace(FACTS, reachable=False),
        replace(FACTS, barred=True),
        replace(FACTS, asked_on=None),
    ],
)
def test_the_answered_the_bounced_the_barred_and_the_unasked_hear_nothing(facts: Facts) -> None:
    assert names(facts, *(after(n) for n in range(60))) == []


def test_nothing_goes_on_a_saturday_or_in_half_term() -> None:
    facts = replace(FACTS, asked_on=dt.date(2026, 10, 17))
    assert names(facts, dt.date(2026, 10, 24), dt.date(2026, 10, 26), dt.date(2026, 10, 30)) == []
    assert due_step(facts, dt.date(2026, 11, 2), TERMS) == Step("reminder-2", dt.date(2026, 11, 2))


def test_a_reminder_by_hand_replaces_a_reminder_due_within_three_days() -> None:
    facts = replace(FACTS, reminded_by_hand_on=after(4))
    assert names(facts, *(after(n) for n in range(5, 14))) == []
    assert names(facts, after(14)) == ["reminder-2"]


def test_a_manual_reminder_four_days_ahead_replaces_nothing() -> None:
    assert names(replace(FACTS, reminded_by_hand_on=after(3)), after(7)) == ["reminder-1"]


def test_a_manual_reminder_also_stands_for_a_reminder_that_was_missed_before_it() -> None:
    assert names(replace(FACTS, reminded_by_hand_on=after(9)), after(9), after(10)) == []


def test_somebody_else_is_told_once_the_last_reminder_had_its_time_and_the_due_date_passed() -> None:
    facts = replace(FACTS, taken={"reminder-3": after(21)})
    assert names(facts, after(22), after(23)) == []
    assert names(facts, after(24)) == ["escalation"]
    assert names(replace(facts, taken={**facts.taken, "escalation": after(24)}), after(30)) == []


def test_nobody_else_is_told_when_no_reminder_went_out() -> None:
    assert names(replace(FACTS, reminder_days=()), after(60)) == []


def test_after_the_school_year_everything_has_lapsed() -> None:
    assert names(FACTS, dt.date(2027, 9, 2)) == []


@given(
    st.lists(st.integers(1, 120), max_size=5, unique=True).map(sorted),
    st.sets(st.integers(0, 300), max_size=40).map(sorted),
    st.none() | st.integers(0, 200),
)
def test_however_often_and_rarely_it_runs_nobody_hears_more_than_the_cap(
    days: list[int], runs: list[int], by_hand: int | None
) -> None:
    facts = replace(FACTS, reminder_days=tuple(days), reminded_by_hand_on=None if by_hand is None else after(by_hand))
    for run in runs:
        step = due_step(facts, after(run), TERMS)
        if step:
            assert step.name not in facts.taken
            facts = replace(facts, taken={**facts.taken, step.name: after(run)})
    reminders = [name for name in facts.taken if name.startswith("reminder-")]
    assert len(reminders) <= 3
    assert reminders == sorted(reminders)


def test_mail_waits_for_the_morning_and_for_the_next_school_day() -> None:
    friday = dt.date(2026, 10, 2)
    assert sending_time(clock.at_london(friday, 6), TERMS) == clock.at_london(friday, 8)
    assert sending_time(clock.at_london(friday, 11), TERMS) == clock.at_london(friday, 11)
    assert sending_time(clock.at_london(friday, 20), TERMS) == clock.at_london(dt.date(2026, 10, 5), 8)
    assert sending_time(clock.at_london(dt.date(2026, 10, 24), 12), TERMS) == clock.at_london(dt.date(2026, 11, 2), 8)
