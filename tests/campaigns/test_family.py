"""A guardian's visit: all children in one act, tied to what was shown, one entry whatever the traffic."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, consent, documents, evidence, notifications, people, signing
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.school import School
from tests.people import builders
from tests.signing.small_school import YEAR, SmallSchool, guardian_actor, staff_actor


def begin(db: Session, who: people.GuardianRow) -> signing.SigningSessionRow:
    return campaigns.begin_for_family(db, who.person_id, YEAR, language="en", actor=guardian_actor(who))


def answer_all(db: Session, signing_session: signing.SigningSessionRow, answer: str = "yes") -> campaigns.Draft:
    """Answer every page of a signing session as its forms would."""
    visit = campaigns.family_visit(db, signing.signing_session(db, signing_session.public_id))
    draft = visit.draft
    if visit.family.wants_rules and not draft.rules_declined:
        draft = draft.with_rules(visit.rules.text_sha256)
    for each in visit.family.choosing:
        answers = {use.key: answer for use in consent.purposes_in(visit.uses) if use.basis == "consent"}
        draft = draft.with_pictures(each.child.public_id, answers, visit.uses.text_sha256)
    if visit.family.younger:
        draft = replace(draft, younger_sha256=visit.children_rules.text_sha256)
    signing.save_draft(db, signing_session.public_id, draft.kept())
    return draft


def sign(
    db: Session, signing_session: signing.SigningSessionRow, facts: School, who: people.GuardianRow, **changes: Any
) -> str:
    options: dict[str, Any] = {
        "typed_name": who.full_name,
        "fingerprint": campaigns.Draft.read(signing.signing_session(db, signing_session.public_id).draft).fingerprint,
        "school": facts,
        "actor": guardian_actor(who),
    }
    return campaigns.sign_for_family(db, signing_session.person_id, signing_session.school_year, **options | changes)


def ledger(db: Session) -> list[str]:
    return list(db.execute(sa.text("SELECT kind FROM ledger_entry ORDER BY seq")).scalars())


def test_the_pages_come_in_order_and_only_what_is_owed(database: Database, asked: SmallSchool) -> None:
    with database.writing() as db:
        ann = campaigns.family_visit(db, begin(db, asked.ann))
        bob = campaigns.family_visit(db, begin(db, asked.bob))
    assert ann.steps == (
        "rules",
        f"pictures/{asked.max.public_id}",
        f"pictures/{asked.mia.public_id}",
        "younger",
        "check",
    )
    assert ann.next_step == "rules"
    assert bob.steps == ("rules", f"pictures/{asked.max.public_id}", "check")


def test_nothing_is_signed_before_a_sitting_was_begun(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db, pytest.raises(NotFound):
        campaigns.sign_for_family(
            db,
            asked.ann.person_id,
            YEAR,
            typed_name=asked.ann.full_name,
            fingerprint="",
            school=facts,
            actor=guardian_actor(asked.ann),
        )


def test_a_signature_takes_no_more_statements_than_it_needs(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    with database.writing() as db:
        draft = answer_all(db, begin(db, asked.ann))
    sa.event.listen(database.engine, "before_cursor_execute", note)
    with database.writing() as db:
        campaigns.sign_for_family(
            db,
            asked.ann.person_id,
            YEAR,
            typed_name=asked.ann.full_name,
            fingerprint=draft.fingerprint,
            school=facts,
            actor=guardian_actor(asked.ann),
        )
    sa.event.remove(database.engine, "before_cursor_execute", note)
    assert len(statements) <= 19, statements


def test_one_signature_records_rules_choices_and_the_young_childs_rules(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        assert campaigns.family(db, asked.ann.person_id, YEAR).request.status == "started"  # type: ignore[union-attr]
        answer_all(db, signing_session)
        receipt = sign(db, signing_session, facts, asked.ann, mark=[[[1, 1], [2, 2]]])
        after = campaigns.family(db, asked.ann.person_id, YEAR)
        assert not after.owes_anything
        assert all(set(each.answers.values()) == {"yes"} for each in after.children)
        assert signing.standing(db, asked.mia.person_id, YEAR)[0].status == "signed"
        assert signing.standing(db, asked.max.person_id, YEAR)[0].status == "open"
        assert ledger(db)[-4:] == ["signed", "signed", "consent_recorded", "consent_recorded"]
        document = documents.document(db, receipt)
        assert document.params["person_id"] == asked.ann.person_id
        assert len(document.params["entries"]) == 4
        sent = [(m.kind, m.status, m.attachment) for m in notifications.messages_to(db, asked.ann.pseudonym)]
        assert sent == [("ask", "cancelled", ""), ("receipt", "waiting", receipt)]
        on_behalf = next(row for row in evidence.entries_about(db, asked.mia.pseudonym) if row.kind == "signed")
        details = evidence.details(db, document.params["entries"])
    assert on_behalf.body["act"]["on_behalf_by"] == asked.ann.pseudonym
    assert on_behalf.body["document"]["reading_level"] == "younger"
    assert [("mark" in details[seq]) for seq in sorted(details)] == [True, False, False, False]
    assert details[on_behalf.seq]["child_name"] == "Mia Ali"


def test_twenty_posts_at_four_workers_give_one_receipt_and_no_entry_twice(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        answer_all(db, signing_session)

    url = database.url.render_as_string(hide_password=False)
    workers = [Database(url) for _number in range(4)]

    def post(number: int) -> str:
        with workers[number % len(workers)].writing() as db:
            return sign(db, signing_session, facts, asked.ann)

    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(post, range(20)))
    for worker in workers:
        worker.dispose()
    with database.reading() as db:
        kinds = ledger(db)
        assert db.execute(sa.text("SELECT count(*) FROM message WHERE kind = 'receipt'")).scalar_one() == 1
    assert len(receipts) == 1
    assert (kinds.count("signed"), kinds.count("consent_recorded")) == (2, 2)


def test_the_second_guardian_is_not_asked_for_what_the_first_has_signed(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=asked.mia.person_id,
            guardian_id=asked.bob.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        bobs = begin(db, asked.bob)
        answer_all(db, bobs)
        anns = begin(db, asked.ann)
        answer_all(db, anns)
        sign(db, anns, facts, asked.ann)
        sign(db, bobs, facts, asked.bob)
        mia = [row for row in signing.signatures_of(db, asked.mia.person_id) if row.person_id == asked.mia.person_id]
    assert [row.signed_by_id for row in mia] == [asked.ann.person_id]


@pytest.mark.parametrize("forgotten", ["rules_sha256", "younger_sha256", "pictures"])
def test_an_unanswered_page_stops_the_signature(
    database: Database, asked: SmallSchool, facts: School, forgotten: str
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        draft = answer_all(db, signing_session)
        empty: Any = {} if forgotten == "pictures" else ""
        signing.save_draft(db, signing_session.public_id, replace(draft, **{forgotten: empty}).kept())
        with pytest.raises(Conflict, match="answered yet"):
            sign(db, signing_session, facts, asked.ann)


def test_answers_changed_in_another_window_are_not_signed_for(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        shown = answer_all(db, signing_session, "yes").fingerprint
        answer_all(db, signing_session, "no")
        with pytest.raises(Conflict, match="another window"):
            sign(db, signing_session, facts, asked.ann, fingerprint=shown)


def test_words_that_changed_while_reading_are_a_conflict(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        draft = answer_all(db, signing_session)
        stale = replace(draft, rules_sha256="0" * 64)
        signing.save_draft(db, signing_session.public_id, stale.kept())
        with pytest.raises(Conflict, match="changed while you were reading"):
            sign(db, signing_session, facts, asked.ann)
        assert "signed" not in ledger(db)


@pytest.mark.parametrize("changes", [{"typed_name": " "}, {"mark": "scribble"}])
def test_a_missing_name_or_odd_drawing_records_nothing(
    database: Database, asked: SmallSchool, facts: School, changes: dict[str, Any]
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        answer_all(db, signing_session)
    with pytest.raises(Invalid), database.writing() as db:
        sign(db, signing_session, facts, asked.ann, **changes)
    with database.reading() as db:
        assert "signed" not in ledger(db)
        assert signing.signing_session(db, signing_session.public_id).status == "reading"


def test_declined_rules_are_recorded_with_the_signature_at_the_end(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        rules = agreements.current(db, "parents")
        options: dict[str, Any] = {
            "reason": "Not clause four",
            "shown_sha256": rules.text_sha256,
            "school": facts,
            "actor": guardian_actor(asked.ann),
        }
        before = campaigns.family_visit(db, signing_session).steps
        campaigns.decline_for_family(db, signing_session, **options)
        campaigns.decline_for_family(db, signing_session, **options)
        visit = campaigns.family_visit(db, signing.signing_session(db, signing_session.public_id))
        assert visit.steps == before
        assert visit.next_step.startswith("pictures/")
        assert ledger(db).count("declined") == 0
        assert notifications.messages_to(db, "school") == ()
        answer_all(db, signing_session, "no")
        receipt = sign(db, signing_session, facts, asked.ann)
        assert ledger(db).count("declined") == 1
        assert ledger(db).count("signed") == 1
        (mark,) = [row for row in signing.signatures_of(db, asked.ann.person_id) if row.agreement_key == "parents"]
        said = evidence.details(db, [mark.ledger_seq])[mark.ledger_seq]
        assert (said["reason"], said["typed_name"]) == ("Not clause four", asked.ann.full_name)
        (to_office,) = notifications.messages_to(db, "school")
        assert to_office.to_address == facts.email
        assert "Ann" not in to_office.subject + to_office.text
        assert "clause four" not in to_office.text
        assert "clause four" not in str(signing.signing_session(db, signing_session.public_id).draft)
        assert len(documents.document(db, receipt).params["entries"]) == 4
        assert campaigns.owed_by(db, YEAR, {asked.ann.person_id}) == {}


@pytest.mark.parametrize("reason", ["", "We would rather talk first"])
def test_the_younger_childrens_rules_can_be_declined_and_signed_later(
    database: Database, asked: SmallSchool, facts: School, reason: str
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.ann)
        answer_all(db, signing_session)
        words = campaigns.family_visit(db, signing_session).children_rules.text_sha256
        campaigns.decline_for_family(
            db,
            signing.signing_session(db, signing_session.public_id),
            step="younger",
            reason=reason,
            shown_sha256=words,
            school=facts,
            actor=guardian_actor(asked.ann),
        )
        sign(db, signing_session, facts, asked.ann)
        (request,) = signing.standing(db, asked.mia.person_id, YEAR)
        assert request.status == "declined"
        mine = campaigns.family(db, asked.ann.person_id, YEAR)
        assert not mine.owes_anything
        assert [each.child.forename for each in mine.refused_for] == ["Mia"]
        assert len(notifications.messages_to(db, "school")) == 1
    with database.writing() as db:
        again = campaigns.reconsider_rules(
            db, asked.ann.person_id, YEAR, language="en", actor=guardian_actor(asked.ann)
        )
        assert campaigns.family_visit(db, again).steps == ("younger", "check")
        draft = campaigns.family_visit(db, again).draft.with_younger(words)
        signing.save_draft(db, again.public_id, draft.kept())
        sign(db, again, facts, asked.ann)
        assert signing.standing(db, asked.mia.person_id, YEAR)[0].status == "signed"
        assert not campaigns.family(db, asked.ann.person_id, YEAR).refused_for


def test_the_other_parent_does_not_learn_who_declined_for_the_child(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=asked.mia.person_id,
            guardian_id=asked.bob.person_id,
            parental_responsibility="yes",
            actor=SYSTEM,
        )
        signing_session = begin(db, asked.ann)
        answer_all(db, signing_session)
        draft = campaigns.family_visit(db, signing.signing_session(db, signing_session.public_id)).draft
        kept = draft.with_younger(draft.younger_sha256, declined=True).kept()
        signing.save_draft(db, signing_session.public_id, kept)
        sign(db, signing_session, facts, asked.ann)
        bob = campaigns.family(db, asked.bob.person_id, YEAR)
    assert bob.refused_for == ()
    assert bob.younger == ()


def test_declining_everything_is_confirmed_once_and_signs_nothing(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        for child in (asked.max, asked.mia):
            builders.link_guardian(
                db,
                child_id=child.person_id,
                guardian_id=asked.ann.person_id,
                parental_responsibility="no",
                lives_with=True,
                actor=SYSTEM,
            )
        signing_session = begin(db, asked.ann)
        for step, key, level in (("rules", "parents", "full"), ("younger", "children", "younger")):
            signing_session = campaigns.decline_for_family(
                db,
                signing_session,
                step=step,
                reason="",
                shown_sha256=agreements.current(db, key, reading_level=level).text_sha256,
                school=facts,
                actor=guardian_actor(asked.ann),
            )
        visit = campaigns.family_visit(db, signing_session)
        assert visit.steps == ("rules", "younger", "check")
        assert visit.answers_nothing_else
        receipt = sign(db, signing_session, facts, asked.ann)
        assert sign(db, signing_session, facts, asked.ann) == receipt
        assert signing.signing_session(db, signing_session.public_id).status == "declined"
        assert (ledger(db).count("declined"), ledger(db).count("signed")) == (2, 0)
        assert len(notifications.messages_to(db, "school")) == 1


def test_declining_when_nothing_else_waits_ends_the_sitting_with_a_receipt(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=asked.cy.person_id,
            guardian_id=asked.cass.person_id,
            parental_responsibility="no",
            lives_with=True,
            actor=SYSTEM,
        )
        signing_session = begin(db, asked.cass)
        after = campaigns.decline_for_family(
            db,
            signing_session,
            reason="",
            shown_sha256=agreements.current(db, "parents").text_sha256,
            school=facts,
            actor=guardian_actor(asked.cass),
        )
    assert after.status == "declined"
    assert after.receipt


def test_somebody_without_parental_responsibility_is_not_asked_about_pictures(
    database: Database, asked: SmallSchool
) -> None:
    with database.writing() as db:
        builders.link_guardian(
            db,
            child_id=asked.cy.person_id,
            guardian_id=asked.cass.person_id,
            parental_responsibility="no",
            lives_with=True,
            actor=SYSTEM,
        )
        assert campaigns.family_visit(db, begin(db, asked.cass)).steps == ("rules", "check")


def test_nothing_owed_is_no_reason_to_sit_down(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        answer_all(db, signing_session)
        sign(db, signing_session, facts, asked.bob)
        with pytest.raises(Conflict):
            begin(db, asked.bob)
        with pytest.raises(NotFound):
            campaigns.family(db, asked.max.person_id, YEAR)


def change(db: Session, school: SmallSchool, facts: School, answer: str, **changes: Any) -> evidence.EntryRow | None:
    options: dict[str, Any] = {
        "guardian_id": school.bob.person_id,
        "child_public_id": school.max.public_id,
        "purpose_key": "website",
        "answer": answer,
        "school_year": YEAR,
        "school": facts,
        "actor": guardian_actor(school.bob),
    }
    return campaigns.change_choice(db, **options | changes)


def test_a_choice_changed_later_counts_at_once_and_the_class_teacher_is_told_of_each_no(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        signing_session = begin(db, asked.bob)
        answer_all(db, signing_session)
        sign(db, signing_session, facts, asked.bob)
        entry = change(db, asked, facts, "no")
        assert change(db, asked, facts, "no") is None
        assert entry is not None
        assert entry.kind == "consent_withdrawn"
        assert campaigns.family(db, asked.bob.person_id, YEAR).children[0].answers["website"] == "no"
        told = [m for m in notifications.messages_to(db, asked.di.pseudonym) if m.kind == "choice-changed"]
        assert len(told) == 1
        assert not any(word in told[0].subject + told[0].text for word in ("Max", "Bob", "website"))
        assert len(consent.take_downs(db)) == 1
        assert change(db, asked, facts, "yes") is not None
        assert change(db, asked, facts, "no") is not None
        told = [m for m in notifications.messages_to(db, asked.di.pseudonym) if m.kind == "choice-changed"]
        assert len(told) == 2


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [({"purpose_key": "billboard"}, Invalid), ({"answer": "maybe"}, Invalid), ({"child_public_id": "x"}, NotFound)],
)
def test_a_choice_that_does_not_exist_is_refused(
    database: Database, asked: SmallSchool, facts: School, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with database.writing() as db, pytest.raises(refusal):
        change(db, asked, facts, **{"answer": "no"} | changes)


def test_another_familys_child_is_not_found(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db, pytest.raises(NotFound):
        change(db, asked, facts, "no", child_public_id=asked.cy.public_id)


def test_a_new_link_goes_to_a_known_address_only_and_not_twice_in_a_row(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        campaigns.send_new_link(db, " ANN@example.org ", school=facts)
        campaigns.send_new_link(db, "ann@example.org", school=facts)
        campaigns.send_new_link(db, "nobody@example.org", school=facts)
        campaigns.send_new_link(db, "di@oval.example.org", school=facts)
        campaigns.send_new_link(db, "", school=facts)
        sent = db.execute(sa.text("SELECT to_address, link_purpose FROM message WHERE kind = 'new-link'")).all()
    assert [tuple(row) for row in sent] == [("ann@example.org", "family")]


def record(db: Session, school: SmallSchool, facts: School, **changes: Any) -> campaigns.OnBehalf:
    uses = {use.key: "no" for use in consent.asked_purposes(db)}
    options: dict[str, Any] = {
        "person_id": school.ann.person_id,
        "school_year": YEAR,
        "channel": "paper",
        "answers": {school.max.public_id: uses, school.mia.public_id: uses},
        "for_children": [school.mia.public_id],
        "signer_name": "Ann Ali",
        "note": "Form handed in at the office",
        "idempotency_key": "form-1",
        "school": facts,
        "actor": staff_actor(school.eve, "admin"),
    }
    return campaigns.record_on_behalf(db, **options | changes)


def test_a_paper_form_counts_equally_and_names_its_recorder(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        done = record(db, asked, facts)
        assert record(db, asked, facts) == done
        assert not campaigns.family(db, asked.ann.person_id, YEAR).owes_anything
        row = next(r for r in signing.signatures_of(db, asked.ann.person_id) if r.agreement_key == "parents")
        details = evidence.details(db, [row.ledger_seq])[row.ledger_seq]
        entry = evidence.entries(db, [row.ledger_seq])[row.ledger_seq]
        assert campaigns.owed_by(db, YEAR, {asked.ann.person_id}) == {}
    assert (row.channel, row.assurance, row.recorded_by_id) == ("paper", "paper-scan", asked.eve.person_id)
    assert (details["recorded_by_name"], details["typed_name"]) == ("Eve Ode", "Ann Ali")
    assert "came_by" not in details
    assert entry.body["assurance"] == "paper-scan"
    assert len(done.entries) == 4


def test_a_telephone_refusal_reaches_the_office_and_stops_reminders(
    database: Database, asked: SmallSchool, facts: School
) -> None:
    with database.writing() as db:
        record(db, asked, facts, channel="phone", outcome="declined", answers=None, for_children=(), reason="Not now")
        assert campaigns.family(db, asked.ann.person_id, YEAR).request.status == "declined"  # type: ignore[union-attr]
        assert [m.kind for m in notifications.messages_to(db, "school")] == ["declined"]


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"channel": "pigeon"}, Invalid),
        ({"actor": SYSTEM}, Exception),
        ({"answers": {"x": {}}}, Exception),
        ({"outcome": "", "answers": None, "for_children": ()}, Conflict),
    ],
)
def test_a_form_that_cannot_be_recorded_is_refused(
    database: Database, asked: SmallSchool, facts: School, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal), database.writing() as db:
        record(db, asked, facts, **changes)
    with database.reading() as db:
        assert "signed" not in ledger(db)


def test_an_absent_older_child_may_sign_at_the_office(database: Database, asked: SmallSchool, facts: School) -> None:
    with database.writing() as db:
        record(db, asked, facts, person_id=asked.cy.person_id, channel="person", answers=None, for_children=())
        assert signing.standing(db, asked.cy.person_id, YEAR)[0].status == "signed"
