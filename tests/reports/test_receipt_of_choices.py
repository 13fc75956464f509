"""A receipt that holds nothing but choices about pictures still shows the name they were signed with."""

from __future__ import annotations

from oval_aup import agreements, consent
from tests.reports.conftest import YEAR, Answered
from tests.signing.small_school import guardian_actor


def test_the_name_typed_under_picture_choices_is_shown(answered: Answered) -> None:
    school = answered.people
    with answered.database.writing() as db:
        entry = consent.record(
            db,
            child=school.max,
            guardian=school.bob,
            answers={use.key: "no" for use in consent.asked_purposes(db)},
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key="bob's choices",
            details={"typed_name": "Robert Ali", "signer_name": "Bob Ali", "child_name": "Max Ali"},
            actor=guardian_actor(school.bob),
        )
    paper = answered.paper(
        "receipt",
        school.bob.pseudonym,
        person_id=school.bob.person_id,
        school_year=YEAR,
        entries=[entry.seq],
        language="en",
    )
    assert "Robert Ali" in paper.html
    assert "name as typed" in paper.html
