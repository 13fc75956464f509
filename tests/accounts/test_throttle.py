"""How often a door may be tried."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts
from oval_aup.core import clock

NOON = clock.at_london(dt.date(2026, 9, 15), 12)


def _fail(db: Session, name: str, times: int) -> None:
    for _time in range(times):
        accounts.note_failure(db, name)


def test_a_full_bucket_closes_its_own_door_only(db: Session) -> None:
    mine, other = accounts.bucket("account", "di@oval.example.org"), accounts.bucket("account", "eve@oval.example.org")
    _fail(db, mine, 7)
    accounts.check(db, mine)
    _fail(db, mine, 1)
    with pytest.raises(accounts.TooMany):
        accounts.check(db, other, mine)
    accounts.check(db, other)


def test_a_door_opens_again_after_a_quarter_of_an_hour(db: Session) -> None:
    name = accounts.bucket("account", "di@oval.example.org")
    clock.travel_to(NOON)
    _fail(db, name, 8)
    clock.travel_to(NOON + dt.timedelta(minutes=16))
    accounts.check(db, name)


def test_neither_addresses_nor_e_mails_are_kept(db: Session) -> None:
    for kind, value in (("account", "di@oval.example.org"), ("address", "192.0.2.1"), ("code", "192.0.2.1")):
        accounts.note_failure(db, accounts.bucket(kind, value))
    db.flush()
    kept = str(db.execute(sa.text("SELECT * FROM failed_attempt")).all())
    assert "192.0.2.1" not in kept
    assert "example" not in kept


def test_mistyped_class_codes_do_not_close_the_staff_door(db: Session) -> None:
    _fail(db, accounts.bucket("code", "192.0.2.1"), 100)
    with pytest.raises(accounts.TooMany):
        accounts.check(db, accounts.bucket("code", "192.0.2.1"))
    accounts.check(db, accounts.bucket("address", "192.0.2.1"))


def test_old_failures_are_forgotten(db: Session) -> None:
    clock.travel_to(NOON)
    _fail(db, accounts.bucket("all"), 3)
    clock.travel_to(NOON + dt.timedelta(hours=2))
    _fail(db, accounts.bucket("all"), 1)
    db.flush()
    assert db.execute(sa.text("SELECT COUNT(*) FROM failed_attempt")).scalar_one() == 1
