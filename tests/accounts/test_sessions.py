"""Server-side sessions: they end when told to, when idle, and when their time is over."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts
from oval_aup.core import clock

NOON = clock.at_london(dt.date(2026, 9, 15), 12)


def _later(**time: int) -> None:
    clock.travel_to(NOON + dt.timedelta(**time))


@pytest.fixture
def token(db: Session, di: accounts.AccountRow) -> str:
    clock.travel_to(NOON)
    return accounts.log_in(db, di.email)


def test_a_secret_opens_only_its_own_kind_of_door(db: Session, token: str) -> None:
    assert accounts.visitor(db, token, "login") is not None
    assert accounts.visitor(db, token, "family") is None
    assert accounts.visitor(db, token, "kiosk") is None
    assert accounts.visitor(db, token + "x", "login") is None


def test_a_session_ends_when_told_to_and_may_be_ended_twice(db: Session, token: str) -> None:
    accounts.end(db, token)
    accounts.end(db, token)
    assert accounts.visitor(db, token, "login") is None


def test_a_session_ends_when_nobody_has_used_it(db: Session, token: str) -> None:
    _later(minutes=89)
    assert accounts.visitor(db, token, "login") is not None
    _later(minutes=91)
    assert accounts.visitor(db, token, "login") is None


def test_a_used_session_goes_on_but_not_for_ever(db: Session, token: str) -> None:
    for hour in range(1, 10):
        _later(hours=hour)
        held = accounts.visitor(db, token, "login")
        assert held is not None
        assert held.stale
        accounts.touch(db, held.session_id)
    _later(hours=10, minutes=1)
    assert accounts.visitor(db, token, "login") is None


def test_signs_of_life_are_not_written_with_every_page(db: Session, token: str) -> None:
    _later(minutes=1)
    held = accounts.visitor(db, token, "login")
    assert held is not None
    assert not held.stale


def test_closing_a_lesson_ends_all_its_devices_and_no_others(db: Session) -> None:
    mine = [accounts.start(db, "kiosk", class_session_key="one", assurance="in-class") for _device in range(3)]
    other = accounts.start(db, "kiosk", class_session_key="two", assurance="in-class")
    accounts.end_all(db, class_session_key="one")
    assert [accounts.visitor(db, each, "kiosk") for each in mine] == [None, None, None]
    held = accounts.visitor(db, other, "kiosk")
    assert held is not None
    assert (held.role, held.person_id, held.class_session_key) == ("kiosk", None, "two")


def test_ending_all_of_nothing_ends_nothing(db: Session, token: str) -> None:
    accounts.end_all(db)
    assert accounts.visitor(db, token, "login") is not None


def test_a_class_device_may_do_nothing_but_its_one_thing(db: Session) -> None:
    held = accounts.visitor(db, accounts.start(db, "kiosk", class_session_key="one", assurance="in-class"), "kiosk")
    assert held is not None
    assert {permission for permission in accounts.PERMISSIONS if held.may(permission)} == {"kiosk"}
