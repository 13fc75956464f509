"""Log-ins: one for each person, a password through a link, and always an admin left."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from oval_aup import accounts, people
from oval_aup.core.actor import SYSTEM
from oval_aup.core.errors import Conflict, Invalid, NotFound
from tests.accounts.conftest import OFFICE

GOOD = "violet tram harvest"


def _set(db: Session, account: accounts.AccountRow, password: str = GOOD) -> str:
    token = accounts.mint_link(db, purpose="set-password", person_id=account.person_id, sent_to=account.email)
    accounts.set_password(db, token, password, school_name="The Oval School")
    return token


def test_a_log_in_without_a_password_lets_nobody_in(db: Session, di: accounts.AccountRow) -> None:
    assert not di.has_password
    assert not accounts.password_holds(db, di.email, "")
    assert not accounts.password_holds(db, di.email, GOOD)


def test_a_password_holds_whatever_the_capitals_of_the_address(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    assert accounts.password_holds(db, " DI@Oval.Example.org ", GOOD)
    assert not accounts.password_holds(db, di.email, GOOD.upper())


def test_an_unknown_address_never_holds(db: Session) -> None:
    assert not accounts.password_holds(db, "nobody@oval.example.org", GOOD)
    with pytest.raises(NotFound):
        accounts.log_in(db, "nobody@oval.example.org")


@pytest.mark.parametrize(
    "password",
    ["short", "aaaaaaaaaaaaaaaa", "password1234", "x" * 201, "Begum-di", "theovalschool", "qwerty qwerty"],
)
def test_a_password_that_is_easy_to_guess_is_refused(db: Session, di: accounts.AccountRow, password: str) -> None:
    with pytest.raises(Invalid) as refusal:
        _set(db, di, password)
    assert set(refusal.value.fields) == {"password"}


def test_a_password_link_works_once(db: Session, di: accounts.AccountRow) -> None:
    token = _set(db, di)
    with pytest.raises(Conflict):
        accounts.set_password(db, token, GOOD, school_name="The Oval School")


def test_a_new_password_ends_every_session_of_that_person_and_no_other(
    db: Session, di: accounts.AccountRow, eve: accounts.AccountRow
) -> None:
    mine, hers = accounts.log_in(db, di.email), accounts.log_in(db, eve.email)
    _set(db, di)
    assert accounts.visitor(db, mine, "login") is None
    assert accounts.visitor(db, hers, "login") is not None


def test_a_changed_role_takes_effect_at_once(db: Session, di: accounts.AccountRow) -> None:
    token = accounts.log_in(db, di.email)
    accounts.set_role(db, di.public_id, "governor", actor=SYSTEM)
    assert accounts.visitor(db, token, "login") is None
    again = accounts.visitor(db, accounts.log_in(db, di.email), "login")
    assert again is not None
    assert again.role == "governor"


def test_the_last_admin_stays_one(db: Session, eve: accounts.AccountRow, di: accounts.AccountRow) -> None:
    with pytest.raises(Conflict):
        accounts.set_role(db, eve.public_id, "teacher", actor=SYSTEM)
    with pytest.raises(Conflict):
        accounts.disable(db, eve.public_id, actor=SYSTEM)
    accounts.set_role(db, di.public_id, "admin", actor=SYSTEM)
    assert accounts.disable(db, eve.public_id, actor=SYSTEM).disabled


def test_a_disabled_log_in_is_out_at_once_and_stays_out(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    token = accounts.log_in(db, di.email)
    accounts.disable(db, di.public_id, actor=SYSTEM)
    assert accounts.visitor(db, token, "login") is None
    assert not accounts.password_holds(db, di.email, GOOD)
    assert accounts.account_by_email(db, di.email) is None


def test_an_unknown_role_is_refused(db: Session, di: accounts.AccountRow) -> None:
    with pytest.raises(Invalid):
        accounts.set_role(db, di.public_id, "superuser", actor=SYSTEM)
    with pytest.raises(Invalid):
        accounts.set_role(db, di.public_id, "kiosk", actor=SYSTEM)


def test_opening_a_second_log_in_returns_the_first(db: Session, di: accounts.AccountRow) -> None:
    again = accounts.open_account(db, person_id=di.person_id, email="other@oval.example.org", role="head")
    assert again == di


def test_staff_get_log_ins_by_their_post_and_once(db: Session) -> None:
    for forename, post, group in (
        ("Hal", "Head teacher", "leadership"),
        ("Ida", "Class teacher", "teaching"),
        ("Jo", "Caretaker", "site"),
        ("Kit", "Governor", "governor"),
        ("Liz", "Office manager", "office"),
    ):
        people.add_staff_member(
            db,
            forename=forename,
            surname="Grey",
            work_email=f"{forename}@oval.example.org",
            post=post,
            staff_group=group,
            actor=OFFICE,
        )
    assert accounts.open_accounts(db) == 5
    assert accounts.open_accounts(db) == 0
    found = {
        role: [row.email[:3].rstrip("@") for row in accounts.accounts_with_role(db, role)] for role in accounts.ROLES
    }
    assert found == {"admin": ["liz"], "head": ["hal"], "teacher": ["ida"], "staff": ["jo"], "governor": ["kit"]}


def test_a_closed_log_in_can_be_opened_again_and_wants_a_new_password(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    accounts.disable(db, di.public_id, actor=SYSTEM)
    assert accounts.reopen(db, di.public_id, actor=SYSTEM) == accounts.reopen(db, di.public_id, actor=SYSTEM)
    assert not accounts.password_holds(db, di.email, GOOD)
    _set(db, di)
    assert accounts.password_holds(db, di.email, GOOD)


def test_opening_a_log_in_that_is_open_leaves_its_password(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    accounts.reopen(db, di.public_id, actor=SYSTEM)
    assert accounts.password_holds(db, di.email, GOOD)


def test_a_log_in_bears_the_address_its_owner_has_now(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    to_the_old_one = accounts.mint_link(db, purpose="set-password", person_id=di.person_id, sent_to=di.email)
    people.set_email(db, di.person_id, "di.married@oval.example.org", OFFICE)
    for _again in range(2):
        accounts.follow_addresses(db)
    assert accounts.account(db, di.public_id).email == "di.married@oval.example.org"
    assert accounts.password_holds(db, "di.married@oval.example.org", GOOD)
    assert not accounts.password_holds(db, di.email, GOOD)
    with pytest.raises(Conflict):
        accounts.set_password(db, to_the_old_one, GOOD, school_name="The Oval School")


def test_an_address_that_is_another_log_ins_is_left_alone(
    db: Session, di: accounts.AccountRow, eve: accounts.AccountRow
) -> None:
    people.set_email(db, di.person_id, eve.email, OFFICE)
    accounts.follow_addresses(db)
    assert accounts.account(db, di.public_id).email == di.email


def test_closing_a_log_in_deletes_its_password_and_every_link_to_set_one(db: Session, di: accounts.AccountRow) -> None:
    _set(db, di)
    token = accounts.mint_link(db, purpose="set-password", person_id=di.person_id, sent_to=di.email)
    assert not accounts.disable(db, di.public_id, actor=SYSTEM).has_password
    assert not accounts.reopen(db, di.public_id, actor=SYSTEM).has_password
    assert not accounts.password_holds(db, di.email, GOOD)
    with pytest.raises(Conflict):
        accounts.set_password(db, token, GOOD, school_name="The Oval School")
