"""Plays the weeks since the asking: who signed when, what they chose, which classes have had their lesson."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy.orm import Session

from oval_aup import agreements, campaigns, consent, documents, notifications, people, signing
from oval_aup.config import Settings
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import Database

PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36"
SIGNED, DECLINED, STARTED = 0.72, 0.735, 0.765
"""Of guardians: the share that signed, then those who declined, then those who only began; the rest stay silent."""
AGREED = 0.96
"""The share of second parents who choose as the first one did."""
LEFT_TO_TRY = 6
REMINDER_DAYS = (7, 21, 35)
CLASSES_DONE = {"3": 2, "4": 1, "5": 2, "6": 3}
"""Classes per year group that have had their lesson."""


@dataclass(order=True)
class DemoEvent:
    """Something that happened at a moment."""

    at: dt.datetime
    number: int
    act: Callable[[Session], object] = field(compare=False)


@dataclass
class DemoWeeks:
    """What the events need to know; always the same for the same school."""

    settings: Settings
    year: int
    asked_on: dt.date
    until: dt.datetime
    random: random.Random
    events: list[DemoEvent] = field(default_factory=list)
    answered: dict[str, dict[str, str]] = field(default_factory=dict)
    """What the first parent chose, by the child's public id and then by use."""
    bounced: set[str] = field(default_factory=set)
    """Addresses whose letters came back: these people can answer on paper alone."""

    def at(self, moment: dt.datetime, act: Callable[[Session], object]) -> None:
        """Let something happen, unless its time has not come yet."""
        if moment <= self.until:
            self.events.append(DemoEvent(moment, len(self.events), act))

    def some_time(self) -> dt.datetime:
        """A likely moment for an answer: soon after the asking, or soon after a reminder."""
        start = self.random.choices((0, 7, 21, 35), (46, 26, 18, 10))[0]
        days = start + min(int(self.random.expovariate(0.45)), 9)
        hour = self.random.choices((7, 8, 12, 16, 18, 20, 21), (10, 14, 10, 16, 18, 22, 10))[0]
        moment = clock.at_london(self.asked_on + dt.timedelta(days=days), hour, self.random.randrange(60))
        return moment + dt.timedelta(seconds=self.random.randrange(60))


def play(database: Database, settings: Settings, *, year: int, asked_on: dt.date, until: dt.datetime) -> None:
    """Let everything happen in the order of its time, each act with the clock at that moment."""
    story = DemoWeeks(settings, year, asked_on, until, random.Random(year))  # noqa: S311 - a made-up past
    with database.reading() as db:
        for plan in (_mail, _families, _staff, _lessons, _afterwards):
            plan(db, story)
    story.events.sort()
    for batch in _batches(story.events, 40):
        with database.writing() as db:
            for event in batch:
                clock.travel_to(event.at)
                event.act(db)
    # Their letters have left, and the machine is to be of use while the receipts are made.
    with database.writing() as db:
        documents.make_in_advance(db, besides=notifications.awaited_documents(db))


def _batches(events: list[DemoEvent], size: int) -> Iterator[list[DemoEvent]]:
    for start in range(0, len(events), size):
        yield events[start : start + size]


def _mail(db: Session, story: DemoWeeks) -> None:
    """The letters went out on their days, and a few came back."""
    asked = notifications.messages_in(db, ("queued",), limit=5000)
    came_back = [row for row in asked if row.kind == "ask"][25:700:170]
    story.bounced |= {row.to_address for row in came_back}
    story.at(clock.at_london(story.asked_on, 9, 20), notifications.assume_sent)
    for number, row in enumerate(came_back):
        reason = ("550 5.1.1 The address does not exist", "552 5.2.2 The mailbox is full")[number % 2]
        moment = clock.at_london(story.asked_on, 9, 30 + number)
        story.at(moment, partial(notifications.bounce, public_id=row.public_id, reason=reason))
    for number in (fell_due + late for fell_due in (0, *REMINDER_DAYS) for late in range(1, 4)):
        day = story.asked_on + dt.timedelta(days=number)
        story.at(clock.at_london(day, 8, 30), partial(_remind, story=story, on=day))


def _remind(db: Session, story: DemoWeeks, on: dt.date) -> None:
    campaigns.remind(db, on=on, school=story.settings.school, actor=Actor(role="system"))
    notifications.assume_sent(db)


def _families(db: Session, story: DemoWeeks) -> None:
    guardians = people.guardians_asked(db)
    dissent = {guardians[number].person_id for number in range(31, len(guardians), 190)}
    kept = _left_to_try(db, story, guardians)
    for guardian in guardians:
        if guardian.person_id in kept:
            continue
        chance = story.random.random()
        moment = story.some_time()
        temper = story.random.choices(("open", "careful", "private"), (60, 31, 9))[0]
        if guardian.person_id in dissent:
            chance, temper = 0.0, "private"
        if not guardian.email or guardian.email in story.bounced:
            if chance < 0.4:
                story.at(moment, partial(_on_paper, story=story, guardian=guardian, temper=temper))
        elif chance < SIGNED:
            story.at(moment, partial(_signs, story=story, guardian=guardian, temper=temper))
        elif chance < DECLINED:
            story.at(moment, partial(_declines, story=story, guardian=guardian))
        elif chance < STARTED:
            story.at(moment, partial(_begins, story=story, guardian=guardian))


def _left_to_try(db: Session, story: DemoWeeks, guardians: Sequence[people.GuardianRow]) -> set[int]:
    """A few guardians of two children, young and older, and of one, whom nobody plays: visitors may be them."""
    two: list[int] = []
    one: list[int] = []
    links = people.children_of_guardians(db, [guardian.person_id for guardian in guardians])
    for guardian in guardians:
        mine = [link for link in links.get(guardian.person_id, ()) if link.may_choose and link.lives_with]
        ways = {campaigns.way_of(link.child.year_group, story.settings.school) for link in mine}
        if guardian.email and len(mine) == 2 and len(ways) == 2:
            two.append(guardian.person_id)
        elif guardian.email and len(mine) == 1:
            one.append(guardian.person_id)
    return {*two[:LEFT_TO_TRY], *one[:LEFT_TO_TRY]}


def _guardian_actor(guardian: people.GuardianRow) -> Actor:
    return Actor(
        "guardian",
        guardian.person_id,
        guardian.pseudonym,
        assurance="link-and-birth-date",
        channel="link",
        sent_to=guardian.email,
        browser=PHONE,
    )


def _begins(db: Session, story: DemoWeeks, guardian: people.GuardianRow) -> signing.SigningSessionRow | None:
    if not campaigns.family(db, guardian.person_id, story.year).owes_anything:
        return None
    actor = _guardian_actor(guardian)
    return campaigns.begin_for_family(db, guardian.person_id, story.year, language="en", actor=actor)


def _answers(story: DemoWeeks, uses: tuple[consent.Purpose, ...], temper: str) -> dict[str, str]:
    shy = {"social-media": 0.75, "press": 0.7, "website": 0.35, "name-with-picture": 0.5, "prospectus": 0.2}
    if temper == "careful":
        return {use.key: "no" if story.random.random() < shy.get(use.key, 0.04) else "yes" for use in uses}
    return dict.fromkeys((use.key for use in uses), "no" if temper == "private" else "yes")


def _as_agreed(story: DemoWeeks, child_public_id: str, answers: dict[str, str]) -> dict[str, str]:
    """Most parents answer as the other one did; a few do not agree."""
    if story.random.random() < AGREED:
        return story.answered.setdefault(child_public_id, answers)
    return answers


def _signs(db: Session, story: DemoWeeks, guardian: people.GuardianRow, temper: str, *, reason: str = "") -> None:
    """Answer every page; with a ``reason`` the parents' rules are declined."""
    signing_session = _begins(db, story, guardian)
    if signing_session is None:
        return
    visit = campaigns.family_visit(db, signing_session)
    answers = _answers(story, consent.purposes_in(visit.uses), temper)
    asked = {key: answer for key, answer in answers.items() if key in _asked_keys(visit.uses)}
    pictures = {each.child.public_id: _as_agreed(story, each.child.public_id, asked) for each in visit.family.choosing}
    draft = campaigns.Draft(
        rules_sha256=visit.rules.text_sha256 if visit.family.wants_rules else "",
        rules_declined=bool(reason) and visit.family.wants_rules,
        rules_reason=reason,
        pictures=pictures,
        pictures_sha256=visit.uses.text_sha256 if visit.family.choosing else "",
        younger_sha256=visit.children_rules.text_sha256 if visit.family.younger else "",
    )
    signing.save_draft(db, signing_session.public_id, draft.kept())
    campaigns.sign_for_family(
        db,
        signing_session.person_id,
        signing_session.school_year,
        typed_name=guardian.full_name,
        fingerprint=draft.fingerprint,
        school=story.settings.school,
        actor=_guardian_actor(guardian),
    )


def _asked_keys(wording: agreements.Wording) -> set[str]:
    return {use.key for use in consent.purposes_in(wording) if use.basis == "consent"}


def _declines(db: Session, story: DemoWeeks, guardian: people.GuardianRow) -> None:
    _signs(db, story, guardian, "careful", reason="I would like to talk to the head teacher first.")


def _office_actor(db: Session) -> Actor:
    clerk = people.staff_by_email(db, "office@oval.example.org")
    return Actor("admin", clerk.person_id, clerk.pseudonym, assurance="staff-login", channel="login")


def _on_paper(db: Session, story: DemoWeeks, guardian: people.GuardianRow, temper: str) -> None:
    mine = campaigns.family(db, guardian.person_id, story.year)
    if not mine.owes_anything:
        return
    uses = consent.asked_purposes(db)
    answers = _answers(story, uses, temper)
    campaigns.record_on_behalf(
        db,
        person_id=guardian.person_id,
        school_year=story.year,
        channel="paper",
        answers={each.child.public_id: answers for each in mine.choosing},
        for_children=[each.child.public_id for each in mine.younger],
        signer_name=guardian.full_name,
        note="Form handed in at the office",
        idempotency_key=f"demo-paper-{guardian.public_id}",
        school=story.settings.school,
        actor=_office_actor(db),
    )


def _staff(db: Session, story: DemoWeeks) -> None:
    for member in people.staff(db):
        left_to_try = member.work_email.startswith(("staff@", "teacher@"))
        if left_to_try or story.random.random() > 0.91:
            continue
        story.at(story.some_time(), partial(_staff_signs, story=story, member=member))


def _staff_signs(db: Session, story: DemoWeeks, member: people.StaffRow) -> None:
    actor = Actor("staff", member.person_id, member.pseudonym, assurance="staff-login", channel="login")
    signing_session = campaigns.begin_for_staff(db, member.person_id, actor=actor)
    campaigns.sign_for_staff(
        db,
        signing_session,
        typed_name=member.full_name,
        shown_sha256=agreements.current(db, "staff").text_sha256,
        school=story.settings.school,
        actor=actor,
    )


def _lessons(db: Session, story: DemoWeeks) -> None:
    teachers = {member.class_id: member for member in people.staff(db) if member.post == "Class teacher"}
    had = dict.fromkeys(CLASSES_DONE, 0)
    for school_class in people.classes(db):
        year_group = school_class.year_group
        teacher = teachers.get(school_class.id)
        if teacher is None or had.get(year_group, 0) >= CLASSES_DONE.get(year_group, 0):
            continue
        had[year_group] += 1
        day = story.asked_on + dt.timedelta(days=4 + 3 * sum(had.values()))
        day -= dt.timedelta(days=max(0, day.isoweekday() - 5))
        moment = clock.at_london(day, 10, 15)
        story.at(moment, partial(_lesson, story=story, school_class=school_class, teacher=teacher))


def _lesson(db: Session, story: DemoWeeks, school_class: people.ClassRow, teacher: people.StaffRow) -> None:
    actor = Actor("teacher", teacher.person_id, teacher.pseudonym, assurance="staff-login", channel="login")
    lesson = signing.open_class_session(db, school_class.public_id, school_year=story.year, actor=actor)
    wording = agreements.current(db, "children")
    here = [child for child in people.children(db, school_class.id) if story.random.random() > 0.06]
    device = Actor("kiosk", channel="class", assurance="in-class")
    for child in here:
        clock.travel_to(clock.now() + dt.timedelta(seconds=35))
        signing.make_mark(
            db, lesson.public_id, child.public_id, wording=wording, shown_sha256=wording.text_sha256, actor=device
        )
    signing.close(db, lesson.public_id, actor=actor)


def _afterwards(_db: Session, story: DemoWeeks) -> None:
    """A change of mind here, a safeguarding block there."""
    moment = story.until - dt.timedelta(days=1, hours=2)
    story.at(moment - dt.timedelta(hours=1), partial(_tell_teachers, story=story))
    story.at(moment, partial(_change_of_mind, story=story))
    story.at(moment + dt.timedelta(minutes=20), partial(_block_one, story=story))


def _tell_teachers(db: Session, story: DemoWeeks) -> None:
    """What the families answered is noticed and told, so that only what happens afterwards is new."""
    campaigns.follow_permissions(db, school=story.settings.school)
    notifications.assume_sent(db)


def _change_of_mind(db: Session, story: DemoWeeks) -> None:
    left = 2
    for guardian in people.guardians_asked(db)[60:]:
        for each in campaigns.family(db, guardian.person_id, story.year).children:
            if left and each.answers.get("website") == "yes":
                campaigns.change_choice(
                    db,
                    guardian_id=guardian.person_id,
                    child_public_id=each.child.public_id,
                    purpose_key="website",
                    answer="no",
                    school_year=story.year,
                    school=story.settings.school,
                    actor=_guardian_actor(guardian),
                )
                left -= 1
                break
        if not left:
            break
    notifications.assume_sent(db)


def _block_one(db: Session, story: DemoWeeks) -> None:
    children = people.children(db)
    consent.block(db, children[len(children) // 3], school_year=story.year, actor=_office_actor(db))
