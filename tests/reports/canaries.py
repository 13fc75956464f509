"""A school in which nobody's name looks like anything else, and in which everybody turns up in everybody's records."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, campaigns, consent, documents, notifications, people, signing
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.db import Database
from oval_aup.core.school import School
from tests.people import builders, makers
from tests.signing.small_school import guardian_actor, staff_actor

SCHOOL = School("The Oval School", "0121 496 0000", "office@oval.example.org", "https://oval.example.org")
YEAR = 2026
MARK = [[[1, 1], [90, 40], [12, 60]]]


@dataclass(frozen=True)
class Canary:
    """One person and every string by which they could be recognised."""

    id: int
    public_id: str
    names: tuple[str, ...]
    others: tuple[str, ...]
    """Address, telephone, dates of birth as written anywhere."""


@dataclass
class Aviary:
    """Everybody, and who may be named in whose file."""

    database: Database
    canaries: dict[str, Canary] = field(default_factory=dict)
    own_children: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[str, people.ChildRow | people.GuardianRow | people.StaffRow] = field(default_factory=dict)


def build(database: Database) -> Aviary:
    """Two children of one class and one of another, five guardians and three staff, and every kind of act."""
    aviary = Aviary(database)
    clock.travel_to(dt.datetime(2026, 9, 14, 8, 0, tzinfo=dt.UTC))
    with database.writing() as db:
        agreements.install_rulesets(db, actor=SYSTEM)
        _people(db, aviary)
        round_ = campaigns.plan(
            db, school_year=YEAR, opens_on=dt.date(2026, 9, 14), due_on=dt.date(2026, 10, 5), actor=_eve(aviary)
        )
        campaigns.open_campaign(db, round_, school=SCHOOL, actor=_eve(aviary))
        notifications.assume_sent(db)
    for day, act in enumerate((_answers, _lesson, _on_paper, _second_thoughts, _office, _visits), start=1):
        clock.travel_to(dt.datetime(2026, 9, 15 + day, 10, 30, tzinfo=dt.UTC))
        with database.writing() as db:
            act(db, aviary)
    clock.travel_to(dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC))
    return aviary


def child(aviary: Aviary, name: str) -> people.ChildRow:
    row = aviary.rows[name]
    assert isinstance(row, people.ChildRow)
    return row


def guardian(aviary: Aviary, name: str) -> people.GuardianRow:
    row = aviary.rows[name]
    assert isinstance(row, people.GuardianRow)
    return row


def member(aviary: Aviary, name: str) -> people.StaffRow:
    row = aviary.rows[name]
    assert isinstance(row, people.StaffRow)
    return row


def _eve(aviary: Aviary) -> Actor:
    return Actor("admin", member(aviary, "eve").person_id, member(aviary, "eve").pseudonym, "staff-login", "office")


def _people(db: Session, aviary: Aviary) -> None:
    older = builders.add_class(db, name="4C", year_group="4")
    younger = builders.add_class(db, name="1A", year_group="1")
    pupils = (
        ("max", "Qwillon", "Vertrax", dt.date(2017, 10, 19), older),
        ("cy", "Zebdor", "Hulmick", dt.date(2018, 2, 27), older),
        ("mia", "Jofrina", "Oskwell", dt.date(2020, 12, 8), younger),
    )
    for number, (key, forename, surname, born_on, room) in enumerate(pupils, start=1):
        row = builders.add_child(
            db,
            forename=forename,
            surname=surname,
            born_on=born_on,
            year_group=room.year_group,
            class_id=room.id,
            upn=makers.upn(700 + number),
            mis_id=f"7000{number}",
            actor=SYSTEM,
        )
        aviary.rows[key] = row
        dates = (born_on.isoformat(), f"{born_on:%d/%m/%Y}", f"{born_on.day} {born_on:%B %Y}")
        _note(aviary, key, row, (forename, surname), (makers.upn(700 + number), *dates))
    adults = (
        ("ann", "Brixanne", "Tolvane", "max", "Mother", "yes", True),
        ("bob", "Drobert", "Unwicke", "max", "Father", "yes", True),
        ("gran", "Fennimore", "Pastelby", "max", "Grandmother", "no", True),
        ("bill", "Kelvinor", "Rastable", "max", "Father", "yes", False),
        ("cass", "Lysandra", "Wexcombe", "cy", "Mother", "unknown", True),
    )
    for number, (key, forename, surname, of, relation, responsible, allowed) in enumerate(adults, start=1):
        mobile = f"07700 90{number:04d}"
        row_of = builders.add_guardian(
            db,
            child_id=child(aviary, of).person_id,
            forename=forename,
            surname=surname,
            email=f"{key}.canary@families.example",
            mobile=mobile,
            relationship_name=relation,
            parental_responsibility=responsible,
            contact_allowed=allowed,
            contact_id=f"K{number}",
            actor=SYSTEM,
        ).guardian
        aviary.rows[key] = row_of
        _note(aviary, key, row_of, (forename, surname), (row_of.email, mobile))
    builders.link_guardian(
        db,
        child_id=child(aviary, "mia").person_id,
        guardian_id=guardian(aviary, "ann").person_id,
        relationship_name="Mother",
        parental_responsibility="yes",
        actor=SYSTEM,
    )
    aviary.own_children = {"ann": ("max", "mia"), "bob": ("max",), "cass": ("cy",)}
    for key, forename, surname, role, group, class_id in (
        ("eve", "Evelstan", "Yarrowick", "admin", "office", None),
        ("di", "Dimetra", "Gollinger", "teacher", "teaching", older.id),
        ("hal", "Halvrick", "Stonebeam", "head", "leadership", None),
    ):
        staff = people.add_staff_member(
            db,
            forename=forename,
            surname=surname,
            work_email=f"{key}.canary@school.example",
            post="Post",
            staff_group=group,
            class_id=class_id,
            actor=SYSTEM,
        )
        accounts.open_account(db, person_id=staff.person_id, email=staff.work_email, role=role)
        aviary.rows[key] = staff
        _note(aviary, key, staff, (forename, surname), (staff.work_email,))


def _note(
    aviary: Aviary,
    key: str,
    row: people.ChildRow | people.GuardianRow | people.StaffRow,
    names: tuple[str, ...],
    others: tuple[str, ...],
) -> None:
    aviary.canaries[key] = Canary(row.person_id, row.public_id, names, others)


def everybody(aviary: Aviary) -> str:
    """A remark that names the whole school."""
    return "; ".join(
        f"{' '.join(each.names)}, {each.names[0]} and {each.names[1]}’s, {', '.join(each.others)}"
        for each in aviary.canaries.values()
    )


def _answers(db: Session, aviary: Aviary) -> None:
    """Ann signs for herself and Mia and chooses for both; Bob declines, and what he says names everybody in full."""
    wording = agreements.current(db, "parents")
    for key, outcome in (("ann", "signed"), ("bob", "declined")):
        signer = guardian(aviary, key)
        request = next(row for row in signing.standing(db, signer.person_id, YEAR) if row.agreement_key == "parents")
        names = ", ".join(" ".join(each.names) for each in aviary.canaries.values())
        signing.sign(
            db,
            request.id,
            wording=wording,
            shown_sha256=wording.text_sha256,
            typed_name=signer.full_name if outcome == "signed" else "",
            mark=MARK,
            signed_by_id=signer.person_id,
            outcome=outcome,
            reason="" if outcome == "signed" else f"Own words about {names}",
            idempotency_key=f"own:{key}",
            actor=guardian_actor(signer),
        )
    ann, mia = guardian(aviary, "ann"), child(aviary, "mia")
    younger = agreements.current(db, "children", reading_level="younger")
    signing.sign(
        db,
        signing.standing(db, mia.person_id, YEAR)[0].id,
        wording=younger,
        shown_sha256=younger.text_sha256,
        typed_name=ann.full_name,
        mark=MARK,
        signed_by_id=ann.person_id,
        idempotency_key="for:mia",
        extra={"child_name": mia.full_name, "relationship": "Mother"},
        actor=guardian_actor(ann),
    )
    for key, of, answer in (("ann", "max", "yes"), ("ann", "mia", "yes"), ("cass", "cy", "yes"), ("bob", "max", "yes")):
        choosing = guardian(aviary, key)
        consent.record(
            db,
            child=child(aviary, of),
            guardian=choosing,
            answers={use.key: answer for use in consent.asked_purposes(db)},
            wording=agreements.current(db, "image-uses"),
            school_year=YEAR,
            idempotency_key=f"pictures:{key}:{of}",
            details={
                "typed_name": choosing.full_name,
                "signer_name": choosing.full_name,
                "child_name": child(aviary, of).full_name,
                "mark": MARK,
            },
            actor=guardian_actor(choosing),
        )


def _lesson(db: Session, aviary: Aviary) -> None:
    """Max makes a mark of his own, the teacher records Cy and takes Max's back."""
    di = staff_actor(member(aviary, "di"), "teacher")
    lesson = signing.open_class_session(
        db, people.class_by_id(db, child(aviary, "max").class_id or 0).public_id, school_year=YEAR, actor=di
    )
    wording = agreements.current(db, "children")
    signing.make_mark(
        db,
        lesson.public_id,
        child(aviary, "max").public_id,
        wording=wording,
        shown_sha256=wording.text_sha256,
        mark=MARK,
        actor=di,
    )
    signing.record_present(db, lesson.public_id, [child(aviary, "cy").public_id], wording=wording, actor=di)
    signing.undo(db, lesson.public_id, child(aviary, "max").public_id, reason=everybody(aviary), actor=di)


def _on_paper(db: Session, aviary: Aviary) -> None:
    """The office records Cass's form, and the remark beside it names everybody."""
    cass, cy = guardian(aviary, "cass"), child(aviary, "cy")
    campaigns.record_on_behalf(
        db,
        person_id=cass.person_id,
        school_year=YEAR,
        channel="paper",
        answers={cy.public_id: {use.key: "no" for use in consent.asked_purposes(db)}},
        signer_name=cass.full_name,
        note=everybody(aviary)[:1900],
        idempotency_key="paper:cass",
        school=SCHOOL,
        actor=_eve(aviary),
    )


def _second_thoughts(db: Session, aviary: Aviary) -> None:
    """Bob changes his mind, his answers are declared void with a reason that names everybody, Ann takes hers back."""
    bob, max_ = guardian(aviary, "bob"), child(aviary, "max")
    campaigns.change_choice(
        db,
        guardian_id=bob.person_id,
        child_public_id=max_.public_id,
        purpose_key="website",
        answer="no",
        school_year=YEAR,
        language="en",
        school=SCHOOL,
        actor=guardian_actor(bob),
    )
    consent.invalidate(
        db,
        child=max_,
        guardian=bob,
        school_year=YEAR,
        reason=everybody(aviary),
        idempotency_key="void:bob",
        actor=_eve(aviary),
    )
    first = next(row for row in signing.signatures_of(db, guardian(aviary, "ann").person_id) if row.stands)
    signing.withdraw(db, first.public_id, reason=everybody(aviary)[:1900], actor=_eve(aviary))


def _office(db: Session, aviary: Aviary) -> None:
    """A stop, a finished take-down, a failed document, a letter that came back and a list not yet decided on."""
    eve, max_ = _eve(aviary), child(aviary, "max")
    consent.block(db, max_, school_year=YEAR, actor=eve)
    for task in consent.take_downs(db):
        consent.finish_take_down(db, task.public_id, places=everybody(aviary), actor=eve)
    for key, row in aviary.rows.items():
        documents.request_document(
            db,
            kind="record",
            subject=row.pseudonym,
            params={"person_id": row.person_id},
            dedupe_key=f"record:{key}",
            requested_by_id=eve.person_id,
        )
    notifications.enqueue(
        db,
        kind="escalation",
        recipient=member(aviary, "di").pseudonym,
        to_address=member(aviary, "di").work_email,
        letter=notifications.Letter("About others", everybody(aviary), f"<p>{everybody(aviary)}</p>"),
        dedupe_key="names-everybody",
    )
    letter = notifications.messages_to(db, guardian(aviary, "ann").pseudonym)[0]
    notifications.bounce(db, letter.public_id, f"550 {everybody(aviary)}")
    rows = [
        makers.link(50 + number, 50 + number, Contact_Forename=each.names[0], Contact_Surname=each.names[1])
        for number, each in enumerate(aviary.canaries.values())
    ]
    people.roster.preview(db, f"{everybody(aviary)[:200]}.csv", makers.contacts(*rows), actor=eve)


def _visits(db: Session, aviary: Aviary) -> None:
    """Links, sessions and wrong answers."""
    for key in ("ann", "bob"):
        row = guardian(aviary, key)
        accounts.mint_link(db, purpose="family", person_id=row.person_id, sent_to=row.email)
        accounts.start(db, "family", person_id=row.person_id, assurance="link-and-birth-date")
        accounts.note_failure(db, accounts.bucket("account", f"new-link {row.email}"))
    account = accounts.account_of(db, member(aviary, "di").person_id)
    assert account is not None
    accounts.start(db, "login", person_id=account.person_id, account_id=account.id, assurance="staff-login")
