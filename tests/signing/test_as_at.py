"""Whatever was signed, declined and taken back: the past told from all of it is what stood at the time."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from oval_aup import agreements, evidence, signing
from oval_aup.core import clock
from oval_aup.core.db import Database, Session
from oval_aup.core.errors import DomainError
from tests.signing import small_school
from tests.signing.small_school import YEAR, SmallSchool

ACTS = st.lists(
    st.tuples(
        st.sampled_from([dt.timedelta(0), dt.timedelta(minutes=3), dt.timedelta(days=40)]),
        st.sampled_from(["signed", "declined", "withdraw", "correct", "for-mia"]),
    ),
    min_size=1,
    max_size=8,
)


def act(db: Session, school: SmallSchool, what: str, key: str) -> None:
    """Let one thing happen; what the rules refuse does not happen."""
    actor = small_school.guardian_actor(school.ann)
    if what in ("withdraw", "correct"):
        standing = [row for row in signing.signatures_of(db, school.ann.person_id) if row.stands]
        undo = signing.withdraw if what == "withdraw" else signing.correct
        if standing:
            undo(db, standing[-1].public_id, reason="Changed", actor=actor)
        return
    owner = school.mia if what == "for-mia" else school.ann
    request = signing.standing(db, owner.person_id, YEAR)[0]
    level = "younger" if what == "for-mia" else "full"
    wording = agreements.current(db, request.agreement_key, reading_level=level)
    signing.sign(
        db,
        request.id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        typed_name="Ann Ali",
        signed_by_id=school.ann.person_id,
        outcome="declined" if what == "declined" else "signed",
        idempotency_key=key,
        actor=actor,
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=ACTS)
def test_what_stood_then_is_told_from_the_whole_history(
    school: SmallSchool, database: Database, history: list[tuple[dt.timedelta, str]]
) -> None:
    clock.travel_to(None)
    told = []
    with suppress(_Undone), database.writing() as db:
        for number, (pause, what) in enumerate(history):
            clock.travel_to(clock.now() + pause)
            with suppress(DomainError):
                act(db, school, what, f"act-{number}")
            told.append((evidence.past(db, clock.now()), signing.signatures_of(db, school.ann.person_id)))
        for past, rows in told:
            assert signing.signatures_of(db, school.ann.person_id, past=past) == rows
            later = evidence.past(db, past.at)
            assert later == past
        raise _Undone


class _Undone(Exception):
    """Ends an example without keeping anything of it."""
