"""Private links and the check behind a family's link."""

from __future__ import annotations

import datetime as dt
import math

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import accounts, people
from oval_aup.accounts import links
from oval_aup.core import clock
from oval_aup.core.errors import NotFound
from tests.accounts.conftest import OFFICE
from tests.people import builders

BORN = dt.date(2018, 3, 14)
NOON = clock.at_london(dt.date(2026, 9, 15), 12)


def _link(db: Session, ann: people.GuardianRow) -> accounts.LinkRow:
    token = accounts.mint_link(db, purpose="family", person_id=ann.person_id, sent_to=ann.email)
    return accounts.link(db, token, purpose="family")


def test_a_secret_is_never_kept(db: Session, ann: people.GuardianRow) -> None:
    token = accounts.mint_link(db, purpose="family", person_id=ann.person_id, sent_to=ann.email)
    db.flush()
    (row,) = db.execute(sa.text("SELECT * FROM private_link")).all()
    assert token not in str(row)


def test_a_link_opens_only_what_it_is_for(db: Session, ann: people.GuardianRow) -> None:
    token = accounts.mint_link(db, purpose="family", person_id=ann.person_id, sent_to=ann.email)
    with pytest.raises(NotFound):
        accounts.link(db, token, purpose="set-password")
    with pytest.raises(NotFound):
        accounts.link(db, "made up", purpose="family")


@pytest.mark.parametrize(("purpose", "days"), [("family", 60), ("set-password", 3)])
def test_a_link_runs_out_and_is_still_known(db: Session, ann: people.GuardianRow, purpose: str, days: int) -> None:
    clock.freeze(NOON)
    token = accounts.mint_link(db, purpose=purpose, person_id=ann.person_id, sent_to=ann.email)
    clock.freeze(NOON + dt.timedelta(days=days, microseconds=-1))
    assert not accounts.link(db, token, purpose=purpose).expired
    clock.freeze(NOON + dt.timedelta(days=days))
    assert accounts.link(db, token, purpose=purpose).expired


def test_a_childs_date_of_birth_lets_the_family_in(db: Session, ann: people.GuardianRow) -> None:
    held = accounts.visitor(db, accounts.pass_family_check(db, _link(db, ann), BORN), "family")
    assert held is not None
    assert (held.person_id, held.assurance, held.sent_to) == (ann.person_id, "link-and-birth-date", "ann@example.org")


def test_a_mailbox_that_two_share_is_said_so(db: Session, ann: people.GuardianRow) -> None:
    (link,) = people.children_of(db, ann.person_id)
    builders.add_guardian(
        db,
        child_id=link.child.person_id,
        forename="Bob",
        surname="Khan",
        email="ANN@example.org",
        parental_responsibility="yes",
        actor=OFFICE,
    )
    held = accounts.visitor(db, accounts.pass_family_check(db, _link(db, ann), BORN), "family")
    assert held is not None
    assert held.assurance == "shared-link-and-birth-date"


def test_a_wrong_date_counts_down_the_tries(db: Session, ann: people.GuardianRow) -> None:
    link = _link(db, ann)
    left = []
    for _try in range(5):
        with pytest.raises(accounts.WrongAnswer) as wrong:
            accounts.pass_family_check(db, link, dt.date(2018, 3, 15))
        left.append(wrong.value.tries_left)
        accounts.note_failure(db, accounts.bucket("link", link.id))
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(accounts.TooMany):
        accounts.check(db, accounts.bucket("link", link.id))


def test_somebody_who_may_no_longer_be_written_to_is_not_let_in(db: Session, ann: people.GuardianRow) -> None:
    (row,) = people.children_of(db, ann.person_id)
    builders.link_guardian(
        db,
        child_id=row.child.person_id,
        guardian_id=ann.person_id,
        parental_responsibility="yes",
        contact_allowed=False,
        actor=OFFICE,
    )
    with pytest.raises(NotFound):
        accounts.pass_family_check(db, _link(db, ann), BORN)


def test_an_expired_link_lets_nobody_in(db: Session, ann: people.GuardianRow) -> None:
    clock.travel_to(NOON)
    token = accounts.mint_link(db, purpose="family", person_id=ann.person_id, sent_to=ann.email)
    accounts.revoke_links(db, ann.person_id, purpose="family")
    with pytest.raises(NotFound):
        accounts.pass_family_check(db, accounts.link(db, token, purpose="family"), BORN)


def test_a_secret_ends_in_a_letter_or_digit_and_is_hard_to_guess(db: Session, ann: people.GuardianRow) -> None:
    tokens = {
        accounts.mint_link(db, purpose="family", person_id=ann.person_id, sent_to=ann.email) for _number in range(300)
    }
    assert len(tokens) == 300
    assert all(token.isascii() and token.isalnum() for token in tokens), "nothing that a mail program leaves off"
    assert not {"0", "O", "1", "l", "I"} & set("".join(tokens)), "nor anything that looks like something else"
    assert {len(token) for token in tokens} == {22}
    assert math.log2(len(links.ALPHABET)) * links.LENGTH > 128


@pytest.mark.parametrize(("token", "cut"), [("", False), ("x" * 21, True), ("x" * 22, False), ("x" * 31, True)])
def test_a_secret_that_is_too_short_was_cut(token: str, cut: bool) -> None:
    assert accounts.looks_cut(token) is cut
