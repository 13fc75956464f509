"""A person goes whole: from every table, every file and every free page, while the chain and the counts stay true."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from oval_aup import (
    accounts,
    campaigns,
    config,
    documents,
    evidence,
    notifications,
    packs,
    people,
    reports,
    retention,
    signing,
)
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.retention import erasure_completion, erasure_steps
from tests.people import builders
from tests.retention.conftest import ADDRESS, CHILD, LEFT_ON, SCHOOL, TYPED, Family, decide
from tests.web import world as worlds

Erase = Callable[..., str]
NEEDLES = (ADDRESS, TYPED, "Ann Khan", "ann khan", "Browser of Ann")


def entries_with_details(family: Family, *, by: people.GuardianRow) -> list[int]:
    with family.database.reading() as db:
        seqs = [row.ledger_seq for row in signing.signatures_of(db, by.person_id)]
        return sorted(evidence.details(db, seqs))


def test_nothing_of_an_erased_person_is_left_in_any_file(family: Family, erase: Erase) -> None:
    ann = family.world.ann
    assert {ADDRESS, TYPED, "ann khan", "Browser of Ann"} <= family.found_in_files(*NEEDLES)
    family.leave()
    with family.database.reading() as db:
        planned = retention.plan(db, [ann.public_id], basis="no-longer-needed")
        coverage = signing.coverage(db, worlds.YEAR).counts("parents")
        marks = len(signing.signatures_of(db, ann.person_id))
    assert planned.entries >= 40
    assert family.found_in_files(*NEEDLES), "leaving alone destroys nothing"
    batch = erase(ann.public_id)
    assert family.found_in_files(*NEEDLES) == set()
    with family.database.reading() as db:
        assert evidence.verify(db).ok
        assert signing.coverage(db, worlds.YEAR).counts("parents") == coverage
        assert len(signing.signatures_of(db, ann.person_id)) == marks
        erasure = retention.erasures(db, batch=batch)[0]
        entry = evidence.entries(db, [erasure.ledger_seq or 0])[erasure.ledger_seq or 0]
        person = people.person(db, ann.public_id)
    assert (erasure.status, erasure.entries) == ("done", planned.entries)
    assert entry.body["act"] == {
        "approved_by": family.world.hal.pseudonym,
        "basis": "no-longer-needed",
        "entries": planned.entries,
        "removed": {"documents": 1, "drafts": 1, "links": 3, "messages": 2, "names": 1, "visits": 1},
    }
    assert entry.body["actor"]["pseudonym"] == family.world.eve.pseudonym
    assert person.erased
    assert person.pseudonym == ann.pseudonym
    assert person.full_name == f"Erased person {ann.pseudonym[:8]}"


def test_the_list_beside_the_database_names_nobody(family: Family, erase: Erase) -> None:
    family.leave()
    erase(family.world.ann.public_id)
    lines = (family.instance / evidence.ERASURES).read_text().splitlines()
    assert len(lines) == 1
    noted = json.loads(lines[0])
    assert noted["subject"] == family.world.ann.pseudonym
    assert noted["basis"] == "no-longer-needed"
    assert len(noted["seqs"]) >= 40


def test_a_child_goes_and_the_parents_own_signature_stays(family: Family, erase: Erase) -> None:
    ayaan, ann = family.world.ayaan, family.world.ann
    born_on = ayaan.born_on.isoformat()
    assert {CHILD, born_on} <= family.found_in_files(CHILD, born_on)
    own = entries_with_details(family, by=ann)
    family.leave(ayaan.person_id)
    erase(ayaan.public_id)
    assert family.found_in_files(CHILD, "ayaan khan", born_on) == set()
    assert entries_with_details(family, by=ann) == own
    with family.database.reading() as db:
        assert evidence.verify(db).ok
        receipt = next(row for row in documents.documents_about(db, ann.pseudonym) if row.kind == "receipt")
        assert receipt.status == "erased", "the receipt of the parent showed the child"
        with pytest.raises(NotFound, match="destroyed"):
            documents.document_bytes(db, receipt.public_id)


def test_what_the_lists_once_said_of_a_person_goes_and_when_it_counted_stays(family: Family, erase: Erase) -> None:
    ann, ayaan = family.world.ann, family.world.ayaan
    clock.travel_to(clock.at_london(LEFT_ON - dt.timedelta(days=9), 12))
    for relation, responsible in (("Zephyrinesque aunt", "no"), ("Mother", "yes")):
        with family.database.writing() as db:
            builders.link_guardian(
                db,
                child_id=ayaan.person_id,
                guardian_id=ann.person_id,
                relationship_name=relation,
                parental_responsibility=responsible,
                actor=SYSTEM,
            )
            at = clock.now()
            told = [link.may_choose for link in people.guardians_then(db, [ayaan.person_id], at)[ayaan.person_id]]
    assert family.found_in_files("Zephyrinesque")
    family.leave()
    erase(ann.public_id)
    assert family.found_in_files("Zephyrinesque") == set()
    with family.database.reading() as db:
        links = people.guardians_then(db, [ayaan.person_id], at)[ayaan.person_id]
    assert [link.may_choose for link in links] == told
    assert {link.relationship_name for link in links if link.guardian.person_id == ann.person_id} == {""}


def test_details_that_vanish_without_a_decision_are_still_an_alarm(family: Family, erase: Erase) -> None:
    family.leave()
    erase(family.world.ann.public_id)
    victim = entries_with_details(family, by=family.world.cass)[0]
    with family.database.writing() as db:
        db.execute(sa.text("DROP TRIGGER ledger_details_no_delete"))
        db.execute(sa.text("DELETE FROM ledger_details WHERE seq = :seq"), {"seq": victim})
    with family.database.reading() as db:
        verdict = evidence.verify(db)
    assert (verdict.ok, verdict.fault, verdict.bad_seq) == (False, "details_missing", victim)


def refused(family: Family, public_id: str, basis: str = "no-longer-needed") -> str:
    with family.database.writing() as db:
        planned = retention.plan(db, [public_id], basis=basis)
        with pytest.raises(Conflict):
            retention.order(db, planned, fingerprint=planned.fingerprint, actor=family.eve)
    return planned.refusals[public_id]


def test_who_is_here_or_held_or_not_due_or_logged_in_is_not_erased(family: Family) -> None:
    ann, ayaan, sam = family.world.ann, family.world.ayaan, family.world.sam
    assert "still on the school’s lists" in refused(family, ann.public_id)
    family.leave()
    assert "still has to keep" in refused(family, ann.public_id, "retention")
    with family.database.writing() as db:
        hold = retention.hold(
            db,
            people.person_by_id(db, ayaan.person_id),
            reason="A claim about the school trip",
            review_on=LEFT_ON.replace(year=2027),
            actor=family.eve,
        )
    assert "is held" in refused(family, ayaan.public_id)
    assert "somebody who is held" in refused(family, ann.public_id), "her choices are evidence about the held child"
    with family.database.writing() as db:
        retention.lift_hold(db, hold.public_id, actor=family.eve)
        held = [entry.body["act"] for entry in evidence.entries_of_kind(db, "held")]
        assert [act["act"] for act in held] == ["placed", "lifted"]
        assert not retention.plan(db, [ann.public_id], basis="no-longer-needed").refusals
    family.leave(sam.person_id)
    assert "log-in" in refused(family, sam.public_id)


def early(family: Family) -> retention.ErasurePlan:
    family.leave()
    with family.database.reading() as db:
        return retention.plan(db, [family.world.ann.public_id], basis="objection", received_on=LEFT_ON)


def test_a_record_goes_before_its_time_only_when_the_head_agrees_by_its_name(family: Family) -> None:
    planned = early(family)
    shown, name = planned.fingerprint, "Ann Khan"
    with family.database.writing() as db:
        with pytest.raises(Invalid):
            retention.order(db, planned, fingerprint=shown, confirmation="Ann", actor=family.eve)
        batch = retention.order(db, planned, fingerprint=shown, confirmation=name, actor=family.eve)
    assert retention.carry_out(family.database, family.instance) == 0, "one person alone erases nothing early"
    governor = Actor("governor", family.world.gov.person_id, family.world.gov.pseudonym, "staff-login", "office")
    with family.database.writing() as db:
        for nobody in (family.eve, governor):
            with pytest.raises(Conflict):
                retention.approve(db, batch, fingerprint=shown, confirmation=name, actor=nobody)
        with pytest.raises(Invalid):
            retention.approve(db, batch, fingerprint=shown, confirmation="Bob Khan", actor=family.hal)
        retention.approve(db, batch, fingerprint=shown, confirmation=name, actor=family.hal)
    assert retention.carry_out(family.database, family.instance) == 1
    with family.database.reading() as db:
        row = retention.erasures(db, batch=batch)[0]
    assert (row.status, row.ordered_by_id, row.approved_by_id, row.received_on) == (
        "done",
        family.world.eve.person_id,
        family.world.hal.person_id,
        LEFT_ON,
    )


def test_a_record_that_is_kept_after_all_says_why_and_who(family: Family) -> None:
    planned = early(family)
    shown = planned.fingerprint
    with family.database.writing() as db:
        batch = retention.order(db, planned, fingerprint=shown, confirmation="ann  khan", actor=family.eve)
        retention.send_back(db, batch, reason="A claim is likely", actor=family.hal)
        with pytest.raises(Conflict):
            retention.approve(db, batch, fingerprint=shown, confirmation="Ann Khan", actor=family.hal)
    assert retention.carry_out(family.database, family.instance) == 0
    with family.database.reading() as db:
        row = retention.erasures(db, batch=batch)[0]
    hal = family.world.hal.person_id
    assert (row.status, row.reason, row.approved_by_id) == ("sent-back", "A claim is likely", hal)


def test_contact_details_go_early_while_the_record_of_answers_stays(family: Family) -> None:
    ann = family.world.ann
    family.leave()
    before = entries_with_details(family, by=ann)
    with family.database.reading() as db:
        planned = retention.plan(db, [ann.public_id], basis="objection", contact_only=True)
    assert not planned.early
    with family.database.writing() as db:
        batch = retention.order(db, planned, fingerprint=planned.fingerprint, actor=family.eve)
    retention.carry_out(family.database, family.instance)
    with family.database.reading() as db:
        row = retention.erasures(db, batch=batch)[0]
        guardian = people.guardian(db, ann.person_id)
        entry = evidence.entries(db, [row.ledger_seq or 0])[row.ledger_seq or 0]
        assert evidence.verify(db).ok
    assert (row.status, row.entries) == ("done", 0)
    assert row.removed == {"contact": 1, "links": 3, "messages": 2, "visits": 1}
    assert (guardian.email, guardian.full_name) == ("", "Ann Khan")
    assert entry.body["act"]["removed"] == row.removed
    assert entries_with_details(family, by=ann) == before


def test_a_hold_placed_after_the_decision_stops_it(family: Family) -> None:
    ann = family.world.ann
    family.leave()
    with family.database.reading() as db:
        planned = retention.plan(db, [ann.public_id], basis="no-longer-needed")
    batch = decide(family, planned)
    with family.database.writing() as db:
        person = people.person_by_id(db, ann.person_id)
        retention.hold(db, person, reason="A claim", review_on=LEFT_ON.replace(year=2027), actor=family.eve)
    retention.carry_out(family.database, family.instance)
    with family.database.reading() as db:
        row = retention.erasures(db, batch=batch)[0]
        assert row.status == "stopped"
        assert "is held" in row.reason
        assert people.person_by_id(db, ann.person_id).full_name == "Ann Khan"
    assert ADDRESS in family.found_in_files(ADDRESS)


def test_what_changed_since_it_was_shown_is_not_destroyed(family: Family) -> None:
    ann = family.world.ann
    family.leave()
    with family.database.writing() as db:
        shown = retention.plan(db, [ann.public_id], basis="no-longer-needed").fingerprint
        person = people.person_by_id(db, ann.person_id)
        hold = retention.hold(db, person, reason="A claim", review_on=LEFT_ON.replace(year=2027), actor=family.eve)
        retention.lift_hold(db, hold.public_id, actor=family.eve)
        planned = retention.plan(db, [ann.public_id], basis="no-longer-needed")
        with pytest.raises(Conflict, match="changed since"):
            retention.order(db, planned, fingerprint=shown, actor=family.eve)


def killed_at(step: int) -> None:
    """Make this process die without warning at one of the points of a batch."""
    seen = {"wipes": 0}
    real_name, real_scrub, real_delete = erasure_steps._name, Database.scrub, erasure_completion._delete

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def name(*parts: object) -> None:
        seen["wipes"] += 1
        if (step, seen["wipes"]) in {(0, 1), (1, 2)}:
            die()  # half of a person is wiped, nothing is committed
        real_name(*parts)  # type: ignore[arg-type]

    def delete(*parts: object) -> None:
        if step == 2:
            die()  # all is committed, no file is gone yet
        real_delete(*parts)  # type: ignore[arg-type]

    def scrub(database: Database) -> bool:
        if step == 3:
            die()
        done = real_scrub(database)
        if step == 4:
            die()  # all is clean, and nobody has written that down
        return done

    erasure_steps.STEPS = (*erasure_steps.STEPS[:-1], name)
    erasure_completion._delete = delete  # type: ignore[assignment]
    Database.scrub = scrub  # type: ignore[method-assign, assignment]


@pytest.mark.parametrize("step", range(5))
def test_a_batch_killed_anywhere_ends_in_the_same_with_each_done_once(family: Family, step: int) -> None:
    world = family.world
    family.leave()
    chosen = [world.ann.public_id, world.ayaan.public_id, world.zara.public_id]
    with family.database.reading() as db:
        planned = retention.plan(db, chosen, ["messages"], basis="no-longer-needed")
    batch = decide(family, planned)
    family.database.dispose()
    pid = os.fork()
    if pid == 0:
        killed_at(step)
        retention.carry_out(Database(str(family.database.url)), family.instance)
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    for _again in range(2):
        retention.carry_out(family.database, family.instance)
    with family.database.reading() as db:
        rows = retention.erasures(db, batch=batch)
        assert {row.status for row in rows} == {"done"}
        assert len(evidence.entries_of_kind(db, "erased")) == len(rows) == 3
        assert len(documents.documents_about(db, batch)) == 1, "one certificate"
        assert evidence.verify(db).ok
    assert len(evidence.noted_erasures(family.instance)) == 3
    assert family.found_in_files(*NEEDLES, CHILD, "Zara Khan") == set()


def test_a_database_that_went_back_is_emptied_again(family: Family, erase: Erase) -> None:
    ann = family.world.ann
    kept = family.instance.parent / f"{family.instance.name}-copy.db"
    family.database.scrub()
    shutil.copy(family.instance / "oval.db", kept)
    family.leave()
    erase(ann.public_id, family.world.zara.public_id)
    family.database.dispose()
    shutil.move(kept, family.instance / "oval.db")
    assert ADDRESS in family.found_in_files(ADDRESS)
    for _again in range(2):
        with family.database.writing() as db:
            noted = evidence.noted_erasures(family.instance)
            assert len(noted) == 2
            for one in evidence.unapplied_erasures(db, noted):
                evidence.erase_again(db, one, actor=SYSTEM)
            for one in noted:
                retention.reapply(db, one)
        assert retention.finish(family.database, family.instance)
    assert family.found_in_files(*NEEDLES, "Zara Khan") == set()
    with family.database.reading() as db:
        assert evidence.verify(db).ok
        assert people.person(db, ann.public_id).erased
        assert [row.status for row in retention.erasures(db)] == ["done", "done"]
        assert len(evidence.entries_of_kind(db, "erased")) == 2


def test_contact_details_erased_alone_go_again_after_a_restore(family: Family) -> None:
    ann = family.world.ann
    kept = family.instance.parent / f"{family.instance.name}-contact.db"
    family.database.scrub()
    shutil.copy(family.instance / "oval.db", kept)
    family.leave()
    answers = entries_with_details(family, by=ann)
    with family.database.reading() as db:
        planned = retention.plan(db, [ann.public_id], basis="objection", contact_only=True)
    decide(family, planned)
    assert retention.carry_out(family.database, family.instance) == 1
    with family.database.reading() as db:
        (first,) = retention.erasures(db)
    family.database.dispose()
    shutil.move(kept, family.instance / "oval.db")
    with family.database.reading() as db:
        assert people.guardian(db, ann.person_id).email == ADDRESS
    for _again in range(2):
        with family.database.writing() as db:
            (noted,) = evidence.noted_erasures(family.instance)
            for one in evidence.unapplied_erasures(db, [noted]):
                evidence.erase_again(db, one, actor=SYSTEM)
            retention.reapply(db, noted)
        retention.finish(family.database, family.instance)
    with family.database.reading() as db:
        guardian = people.guardian(db, ann.person_id)
        (row,) = retention.erasures(db)
        assert (guardian.email, guardian.mobile, guardian.full_name) == ("", "", "Ann Khan")
        assert not {message.to_address for message in notifications.messages_to(db, ann.pseudonym)} - {""}
        assert (row.what, row.status, row.removed) == ("contact", "done", first.removed)
        assert evidence.verify(db).ok
    assert entries_with_details(family, by=ann) == answers, "the record of answers stays"


def test_a_document_that_is_being_made_meanwhile_is_not_kept(family: Family, erase: Erase) -> None:
    ann = family.world.ann
    with family.database.writing() as db:
        documents.request_document(
            db, kind="record", subject=ann.pseudonym, params={"person_id": ann.person_id}, dedupe_key="late"
        )
    claim = documents.claim_document(family.database)
    assert claim is not None
    family.leave()
    erase(ann.public_id)
    with family.database.writing() as db:
        assert documents.store_document(db, claim, f"%PDF {TYPED}".encode()).status == "erased"
    assert family.found_in_files(TYPED) == set()


def test_who_recorded_for_others_stays_named_there_until_those_go(family: Family, erase: Erase) -> None:
    eve, cass, hal = family.world.eve, family.world.cass, family.world.hal
    with family.database.writing() as db:
        campaigns.record_on_behalf(
            db,
            person_id=hal.person_id,
            school_year=worlds.YEAR,
            channel="paper",
            signer_name="Hal Stone",
            note="Handed in by Cass Nowak",
            idempotency_key="paper",
            school=SCHOOL,
            actor=family.eve,
        )
        accounts.set_role(db, accounts.account_of(db, family.world.gov.person_id).public_id, "admin", actor=SYSTEM)  # type: ignore[union-attr]
        accounts.disable(db, accounts.account_of(db, eve.person_id).public_id, actor=SYSTEM)  # type: ignore[union-attr]
    family.leave(eve.person_id)
    with family.database.reading() as db:
        reach = retention.plan(db, [eve.public_id], basis="no-longer-needed").reaches[0]
    assert reach.recorded == 2
    erase(eve.public_id)
    own = entries_with_details(family, by=cass)
    assert own
    with family.database.reading() as db:
        details = evidence.details(db, [row.ledger_seq for row in signing.signatures_of(db, hal.person_id)])
        assert [each["recorded_by_name"] for each in details.values()] == ["Eve Office"]
        assert accounts.account_of(db, eve.person_id) is None
        assert evidence.verify(db).ok


def test_where_the_family_was_written_about_it_goes_only_when_asked_for(family: Family, erase: Erase) -> None:
    bob, ayaan = family.world.bob, family.world.ayaan
    with family.database.writing() as db:
        campaigns.record_on_behalf(
            db,
            person_id=bob.person_id,
            school_year=worlds.YEAR,
            channel="phone",
            outcome="declined",
            reason=f"Does not want {CHILD} on a tablet",
            idempotency_key="call",
            school=SCHOOL,
            actor=family.eve,
        )
    family.leave(ayaan.person_id)
    with family.database.reading() as db:
        plain = retention.plan(db, [ayaan.public_id], basis="objection")
        whole = retention.plan(db, [ayaan.public_id], basis="objection", with_mentions=True)
    assert len(plain.reaches[0].mentions) == 1
    assert whole.entries == plain.entries + 1
    assert plain.fingerprint != whole.fingerprint
    erase(ayaan.public_id, basis="objection", mentions=True)
    assert family.found_in_files(CHILD) == set()


def test_nothing_can_be_sent_to_an_erased_person(family: Family, erase: Erase) -> None:
    ann = family.world.ann
    with family.database.writing() as db:
        campaigns.send_new_link(db, ADDRESS, school=SCHOOL)
    family.leave()
    erase(ann.public_id)
    with family.database.reading() as db:
        rows = notifications.messages_to(db, ann.pseudonym)
        assert {row.status for row in rows} <= {"sent", "cancelled"}
        assert {(row.to_address, row.text, row.html) for row in rows} == {("", "", "")}
        assert people.search(db, "ann") == ()
        assert clock.today() == LEFT_ON


def test_the_papers_of_the_family_stay_where_they_do_not_show_the_person(family: Family, erase: Erase) -> None:
    bob, cass, maja = family.world.bob, family.world.cass, family.world.maja
    with family.database.writing() as db:
        ayaan = people.person_by_id(db, family.world.ayaan.person_id)
        receipt = documents.request_document(
            db, kind="receipt", subject=cass.pseudonym, params={"entries": [1]}, dedupe_key="of something else"
        )
        record = documents.request_document(
            db, kind="record", subject=cass.pseudonym, params={"person_id": cass.person_id}, dedupe_key="of all"
        )
        retention.hold(db, ayaan, reason="A claim", review_on=LEFT_ON.replace(year=2027), actor=family.eve)
    family.leave(maja.person_id, bob.person_id)
    erase(maja.public_id, bob.public_id)
    with family.database.reading() as db:
        states = {row.public_id: row.status for row in documents.documents_about(db, cass.pseudonym)}
    assert states[receipt.public_id] == "pending"
    assert states[record.public_id] == "erased", "it prints whose parent she is"


def test_whoever_ordered_a_pack_that_went_is_told_once_and_no_name_with_it(family: Family, erase: Erase) -> None:
    settings = config.load({"OVAL_INSTANCE": str(family.instance)})
    with family.database.writing() as db:
        reports.order_pack(db, reports.Scope("audience", "parents"), actor=family.eve)
        reports.order_pack(db, reports.Scope("school"), actor=worlds.OFFICE)  # by a command: there is nobody to tell
        cancelled = reports.order_pack(db, reports.Scope("audience", "children"), actor=family.eve)
        packs.cancel_pack(db, cancelled.public_id)
    family.leave()
    erase(family.world.ann.public_id)
    for _again in range(2):
        with family.database.writing() as db:
            campaigns.tell_of_erased_packs(db, school=settings.school)
    with family.database.reading() as db:
        (told,) = [one for one in notifications.messages_in(db, ["queued"]) if one.kind == "pack-erased"]
        assert packs.untold_packs(db) == ()
        assert len(packs.erased_packs(db, since=clock.now() - dt.timedelta(days=1))) == 2
        words = db.execute(
            sa.text("SELECT subject || text || html FROM message WHERE kind = 'pack-erased'")
        ).scalar_one()
    assert told.to_address == "eve@oval.example.org"
    assert "Parents and carers" in words
    assert [name for name in ("Ann", "Khan", "Ayaan", "Zara") if name in words] == []


def test_packs_go_with_the_person_and_no_new_record_is_made_of_them(family: Family, erase: Erase) -> None:
    with family.database.writing() as db:
        order = reports.Scope("school", "", None, None)
        pack = reports.order_pack(db, order, actor=worlds.OFFICE)
    file = family.instance / packs.PACKS_FOLDER / f"{pack.public_id}.zip"
    file.parent.mkdir()
    file.write_bytes(f"PK {TYPED}".encode())
    family.leave()
    with family.database.reading() as db:
        planned = retention.plan(db, [family.world.ann.public_id, family.world.zara.public_id], basis="objection")
    assert planned.counts["packs"] == 1, "what goes is said before, and once however many are chosen"
    erase(family.world.ann.public_id)
    with family.database.reading() as db:
        assert retention.erasures(db)[0].removed["packs"] == 1
    assert not file.exists()
    with family.database.reading() as db:
        assert packs.packs(db) == ()
    clock.travel_to(clock.now() + dt.timedelta(days=1))
    with family.database.reading() as db:
        mine = documents.documents_about(db, family.world.ann.pseudonym)
    assert {row.status for row in mine} == {"erased"}
