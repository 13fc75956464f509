"""Who is reminded today, by plan or by hand, and who else is told when somebody stays silent."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from oval_aup import evidence, notifications, people
from oval_aup.campaigns import letters, planning, schedule, steps
from oval_aup.campaigns.invitations import letter_for, what_is_asked
from oval_aup.campaigns.owed import Owed, owed_by
from oval_aup.campaigns.planning import CampaignRow
from oval_aup.core import clock
from oval_aup.core.actor import SYSTEM, Actor
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.core.school import School


@dataclass(frozen=True, slots=True)
class PlannedReminder:
    """One step that is due: whom it is about and, in ``to_address``, who hears of it."""

    person_id: int
    full_name: str
    step: str
    fell_due_on: dt.date
    to_address: str


@dataclass(frozen=True, slots=True)
class RemindersSent:
    """The outcome of reminders sent by hand: how many messages were queued, and why the others were not."""

    sent: int
    skipped: dict[int, str]
    """Person id to ``nothing-owed``, ``no-address``, ``trouble`` or ``reminded-today``."""


@dataclass(frozen=True, slots=True)
class ReminderPlan:
    """Whom a reminder by hand would reach, and whom not and why; by name."""

    reached: tuple[Owed, ...]
    unreachable: tuple[Owed, ...]
    """There is no address, or mail does not reach it."""
    reminded_today: tuple[Owed, ...]
    nothing_owed: tuple[int, ...]
    """Person ids of those who have answered or declined, have left, or may not be written to."""


@dataclass(frozen=True, slots=True)
class _Listener:
    """Somebody who is told that others stay silent."""

    pseudonym: str
    forename: str
    address: str
    is_office: bool = False


def remind(
    db: Session, *, on: dt.date, dry_run: bool = False, school: School, actor: Actor
) -> tuple[PlannedReminder, ...]:
    """Take every step that is due on a day, or with ``dry_run`` only say which; a step taken is never due again."""
    campaign = planning.campaign_of(db, people.school_year(on))
    if campaign is None or campaign.status != "open":
        return ()
    if not dry_run:
        planning.hold(db, campaign)
    terms = planning.terms_of(school, campaign)
    taken = steps.taken_steps(db, campaign.id)
    due: list[tuple[Owed, schedule.Step]] = []
    for adult in owed_by(db, campaign.school_year, choices=campaign.asks_families).values():
        step = schedule.due_step(_facts(campaign, adult, taken[adult.person_id]), on, terms)
        if step is not None:
            due.append((adult, step))
    reminders = [(adult, step) for adult, step in due if step.name != schedule.ESCALATION]
    silent = [
        (adult, replace(step, name=taken[adult.person_id].named(step.name)))
        for adult, step in due
        if step.name == schedule.ESCALATION
    ]
    planned = [PlannedReminder(a.person_id, a.full_name, s.name, s.fell_due_on, a.address) for a, s in reminders]
    if not dry_run:
        planned = []
        for adult, step in reminders:
            name = taken[adult.person_id].named(step.name)
            if _send(db, campaign, adult, name, last=step.is_last, school=school, actor=actor):
                planned.append(
                    PlannedReminder(adult.person_id, adult.full_name, step.name, step.fell_due_on, adult.address)
                )
    return (*planned, *_escalate(db, campaign, silent, on=on, dry_run=dry_run, school=school, actor=actor))


def _facts(campaign: CampaignRow, adult: Owed, taken: steps.StepsTaken) -> schedule.Facts:
    return schedule.Facts(
        asked_on=taken.asked_on,
        due_on=adult.due_on or campaign.due_on,
        reminder_days=campaign.reminder_days,
        last_day=people.school_year_ends(campaign.school_year),
        reachable=adult.reachable,
        taken=taken.automatic,
        reminded_by_hand_on=taken.reminded_by_hand_on,
    )


def _send(
    db: Session,
    campaign: CampaignRow,
    adult: Owed,
    step: str,
    *,
    last: bool,
    school: School,
    actor: Actor,
) -> bool:
    kind = "last-reminder" if last else "reminder"
    letter = letter_for(campaign, adult, kind, school)
    message = notifications.enqueue(
        db,
        kind=kind,
        recipient=adult.pseudonym,
        to_address=adult.address,
        letter=letter,
        link_purpose=adult.link_purpose,
        dedupe_key=f"{campaign.public_id}:{adult.person_id}:{step}",
        not_before=schedule.sending_time(clock.now(), planning.terms_of(school, campaign)),
    )
    about = reminded(campaign, adult, step, actor)
    return steps.claim(db, campaign.id, adult.person_id, step, message=message.public_id, about=about)


def reminded(campaign: CampaignRow, adult: Owed, step: str, actor: Actor) -> steps.About:
    """What the ledger is to say of a reminder once its letter has left."""
    return {"act": what_is_asked(campaign, adult, step), "by": actor.person_id}


def note_sent(db: Session, message: notifications.MessageRow) -> None:
    """Write into the ledger that people were reminded, once the letter that did it has left; safe to repeat."""
    for campaign, person_id, step, about in steps.taken_with(db, message.public_id):
        evidence.append(
            db,
            "reminded",
            subject=people.person_by_id(db, person_id).pseudonym,
            act={**about["act"], "message": message.public_id},
            details={"sent_to": message.to_address},
            idempotency_key=f"reminded:{campaign.public_id}:{person_id}:{step}",
            actor=_who(db, about["by"]),
        )


def _who(db: Session, person_id: int | None) -> Actor:
    if person_id is None:
        return SYSTEM
    return Actor(
        role="office", person_id=person_id, pseudonym=people.person_by_id(db, person_id).pseudonym, channel="office"
    )


def reminder_plan(db: Session, person_ids: Iterable[int] | None) -> ReminderPlan:
    """What ``send_reminders`` would do with these people, or all who owe something; raises Conflict as it does."""
    return _reminder_plan(db, _open_round(db), person_ids)


def send_reminders(db: Session, person_ids: Iterable[int], *, school: School, actor: Actor) -> RemindersSent:
    """Remind chosen people now, at most once a day each; raises Conflict when no round is open."""
    campaign, today = _open_round(db), clock.today()
    if planning.year_of_delivery(school) != campaign.school_year:
        raise Conflict(_("The letters would arrive after the end of this school year. Nobody was reminded."))
    planning.hold(db, campaign)
    planned = _reminder_plan(db, campaign, person_ids)
    skipped = dict.fromkeys(planned.nothing_owed, "nothing-owed")
    skipped |= {adult.person_id: adult.why_unreachable for adult in planned.unreachable}
    skipped |= {adult.person_id: "reminded-today" for adult in planned.reminded_today}
    sent, step = 0, _manual_step(today)
    for adult in planned.reached:
        if _send(db, campaign, adult, step, last=False, school=school, actor=actor):
            sent += 1
        else:
            skipped[adult.person_id] = "reminded-today"
    return RemindersSent(sent, skipped)


def _open_round(db: Session) -> CampaignRow:
    campaign = planning.campaign_of(db, people.school_year(clock.today()))
    if campaign is None or campaign.status != "open":
        raise Conflict(_("Send this year’s sign-up first."))
    return campaign


def _manual_step(on: dt.date) -> str:
    return f"{steps.BY_HAND}{on}"


def _reminder_plan(db: Session, campaign: CampaignRow, person_ids: Iterable[int] | None) -> ReminderPlan:
    wanted = None if person_ids is None else tuple(dict.fromkeys(person_ids))
    owed = owed_by(db, campaign.school_year, None if wanted is None else set(wanted), choices=campaign.asks_families)
    reminded_by_hand = steps.who_took(db, campaign.id, _manual_step(clock.today()))
    adults = sorted(owed.values(), key=lambda adult: (adult.full_name, adult.person_id))
    return ReminderPlan(
        reached=tuple(one for one in adults if one.reachable and one.person_id not in reminded_by_hand),
        unreachable=tuple(one for one in adults if not one.reachable),
        reminded_today=tuple(one for one in adults if one.reachable and one.person_id in reminded_by_hand),
        nothing_owed=tuple(person_id for person_id in wanted or () if person_id not in owed),
    )


def _escalate(
    db: Session,
    campaign: CampaignRow,
    silent: list[tuple[Owed, schedule.Step]],
    *,
    on: dt.date,
    dry_run: bool,
    school: School,
    actor: Actor,
) -> list[PlannedReminder]:
    if not silent:
        return []
    listeners = _Listeners(db, school)
    planned: list[PlannedReminder] = []
    families: Counter[_Listener] = Counter()
    colleagues: Counter[_Listener] = Counter()
    told = {adult.person_id: listeners.of(adult) for adult, _step in silent}
    for adult, step in silent:
        for listener in told[adult.person_id]:
            planned.append(
                PlannedReminder(
                    adult.person_id, adult.full_name, schedule.ESCALATION, step.fell_due_on, listener.address
                )
            )
            (families if adult.is_family else colleagues)[listener] += 1
    if dry_run:
        return planned
    letters_of = {
        listener: _tell(db, campaign, listener, families[listener], colleagues[listener], on=on, school=school)
        for listener in sorted(families.keys() | colleagues.keys(), key=lambda each: each.address)
    }
    for adult, step in silent:
        about, message = reminded(campaign, adult, step.name, actor), letters_of[told[adult.person_id][0]]
        steps.claim(db, campaign.id, adult.person_id, step.name, message=message, about=about)
    return planned


def _tell(
    db: Session,
    campaign: CampaignRow,
    listener: _Listener,
    families: int,
    colleagues: int,
    *,
    on: dt.date,
    school: School,
) -> str:
    letter = letters.escalation(
        school, forename=listener.forename, families=families, colleagues=colleagues, office=listener.is_office
    )
    return notifications.enqueue(
        db,
        kind="escalation",
        recipient=listener.pseudonym,
        to_address=listener.address,
        letter=letter,
        dedupe_key=f"{campaign.public_id}:escalation:{listener.address}:{on}",
        not_before=schedule.sending_time(clock.now(), planning.terms_of(school, campaign)),
    ).public_id


class _Listeners:
    """Class teachers and line managers; the office where there is neither."""

    def __init__(self, db: Session, school: School) -> None:
        staff = [member for member in people.staff(db) if member.work_email]
        self._by_id = {member.person_id: _listener(member) for member in staff}
        self._by_class: dict[int, list[_Listener]] = {}
        for member in staff:
            if member.class_id is not None and member.staff_group in ("teaching", "leadership"):
                self._by_class.setdefault(member.class_id, []).append(self._by_id[member.person_id])
        self._office = _Listener("school", _("colleague"), school.email, is_office=True)

    def of(self, adult: Owed) -> list[_Listener]:
        """Who is told about one silent adult."""
        if adult.is_family:
            found = [each for class_id in sorted(adult.class_ids) for each in self._by_class.get(class_id, ())]
            return list(dict.fromkeys(found)) or [self._office]
        manager = self._by_id.get(adult.line_manager_id or 0)
        return [manager or self._office]


def _listener(member: people.StaffRow) -> _Listener:
    return _Listener(member.pseudonym, member.greeting_name, member.work_email)
