"""Opening a sign-up and keeping up with the roster: who gets a request, and the one message that lists all they owe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, notifications, people, signing
from oval_aup.campaigns import letters, planning, steps
from oval_aup.campaigns.audiences import members_of, needed
from oval_aup.campaigns.owed import Owed, owed_by
from oval_aup.campaigns.planning import CampaignRow
from oval_aup.campaigns.rule_publishing import rules_published
from oval_aup.campaigns.schedule import sending_time
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import analyze_tables
from oval_aup.core.errors import Conflict
from oval_aup.core.i18n import _
from oval_aup.core.school import School

ASKING_KINDS = ("ask", "staff-ask", "reminder", "last-reminder")
"""Messages that are pointless once everything is answered."""
JOINERS_HAVE = dt.timedelta(days=21)
"""How long somebody who joins late is given."""


@dataclass(frozen=True, slots=True)
class RosterFollowUp:
    """What a change of the roster led to."""

    cancelled: int
    opened: int
    asked: int


def open_campaign(
    db: Session,
    campaign: CampaignRow,
    *,
    again: bool = False,
    old_list: bool = False,
    school: School,
    actor: Actor,
) -> int:
    """Open a planned round: a request for everybody, one message to everybody who can be written to.

    Safe to repeat: whoever was asked is not asked again. A sign-up that was ended is opened only where ``again`` says
    that it is meant, and one for which no list of this school year was loaded only with ``old_list``.
    Returns how many messages were queued.
    """
    campaign = planning.campaign(db, campaign.public_id)
    planning.hold(db, campaign)
    if campaign.status == "closed" and not again:
        raise Conflict(_("This sign-up has ended."))
    if campaign.status == "planned" and campaign.due_on < clock.today():
        raise Conflict(_("The due date of this plan has passed. Change the plan first."))
    if not rules_published(db):
        raise Conflict(_("No rules have been published yet. Nobody can be asked to sign them."))
    arrives = planning.year_of_delivery(school)
    if arrives < campaign.school_year:
        raise Conflict(_("The letters would arrive in the old school year. Send them in the summer holidays."))
    if arrives > campaign.school_year:
        raise Conflict(_("The letters would arrive after the end of this school year. Plan the next one instead."))
    if campaign.status == "planned" and not old_list and planning.list_is_old(db, campaign.school_year):
        raise Conflict(
            _("The list of children is from last school year. Load the new one, or tick the box to use this one.")
        )
    planning.set_status(db, campaign, "open")
    campaign = planning.campaign(db, campaign.public_id)
    asked = _open_and_ask(db, campaign, school=school, actor=actor)[1]
    analyze_tables(db)
    return asked


def ask_joiners(db: Session, *, school: School, actor: Actor) -> int:
    """Ask people who joined since the sign-up was opened; returns how many messages were queued.

    Whoever would get the letter, or be given time to answer, after the end of the school year waits for the next round.
    """
    campaign = _joiners_round(db, school)
    if campaign is None:
        return 0
    planning.hold(db, campaign)
    return _open_and_ask(db, campaign, school=school, actor=actor)[1]


def _joiners_round(db: Session, school: School) -> CampaignRow | None:
    """The open round in whose school year somebody who joins now gets the letter and answers it, or None."""
    campaign = planning.campaign_of(db, planning.year_of_delivery(school))
    if campaign is None or campaign.status != "open":
        return None
    answered_by = planning.delivery_day(school) + JOINERS_HAVE
    return campaign if answered_by <= planning.last_school_day(school, campaign.school_year) else None


def follow_roster(db: Session, *, school: School, actor: Actor) -> RosterFollowUp:
    """Do what a changed roster asks for: cancel what leavers and barred contacts owe, ask joiners, count afresh."""
    campaign = _joiners_round(db, school)
    years = {people.school_year(clock.today()), planning.year_of_delivery(school)}
    cancelled = sum(_cancel_for_leavers(db, school_year, school) for school_year in sorted(years))
    opened, asked = 0, 0
    if campaign is not None:
        planning.hold(db, campaign)
        opened, asked = _open_and_ask(db, campaign, school=school, actor=actor)
    for school_year in sorted(years):
        signing.rebuild_coverage(db, school_year)
    return RosterFollowUp(cancelled, opened, asked)


def _cancel_for_leavers(db: Session, school_year: int, school: School) -> int:
    """Cancel the requests of everybody who left the audience they are for, whatever else they are here."""
    current = {audience: {row.person_id for row in members_of(db, audience)} for audience in agreements.AUDIENCES}
    gone: dict[str, set[int]] = {}
    for row in signing.unanswered(db, school_year, ways=("self", "guardian", "class")):
        if row.person_id not in current[agreements.AGREEMENTS[row.agreement_key].audience]:
            gone.setdefault(row.agreement_key, set()).add(row.person_id)
    cancelled = sum(signing.cancel_for_leavers(db, ids, agreement_key=key) for key, ids in gone.items())
    for person in people.persons_by_id(db, set().union(*gone.values())).values():
        restate_letters(db, person, school_year, school)
    return cancelled


def _open_and_ask(db: Session, campaign: CampaignRow, *, school: School, actor: Actor) -> tuple[int, int]:
    due_on, arrives_on = campaign.due_on, planning.delivery_day(school)
    if arrives_on > campaign.opens_on and arrives_on + JOINERS_HAVE > due_on:
        due_on = planning.due_day(planning.terms_of(school, campaign), arrives_on + JOINERS_HAVE, campaign.school_year)
    opened = signing.open_requests(
        db, needed(db, campaign.audiences, school), school_year=campaign.school_year, due_on=due_on
    )
    newcomers = {row.person_id for row in opened}
    taken = steps.taken_steps(db, campaign.id)
    asked = 0
    for adult in owed_by(db, campaign.school_year, choices=campaign.asks_families).values():
        first = taken[adult.person_id].asked_on is None
        concerns_newcomer = bool(
            newcomers & {adult.person_id, *adult.choosing, *(row.person_id for row in adult.for_children)}
        )
        if adult.reachable and (first or concerns_newcomer):
            asked += _ask(db, campaign, adult, first=first, school=school, actor=actor)
    return len(opened), asked


def set_writing(db: Session, person: people.PersonRow, *, stopped: bool, actor: Actor) -> None:
    """Stop asking and reminding somebody, what has not been sent yet included, or begin again. NotFound."""
    people.set_writing(db, person.person_id, stopped=stopped, actor=actor)
    if stopped:
        notifications.cancel(db, person.pseudonym, ASKING_KINDS)


def planned_letters(db: Session, campaign: CampaignRow, *, school: School) -> int:
    """How many messages ``open_campaign`` would queue for a planned campaign: one for each adult, whatever they owe."""
    planned = needed(db, campaign.audiences, school)
    adults = owed_by(db, campaign.school_year, choices=campaign.asks_families, planned=planned)
    return sum(adult.reachable for adult in adults.values())


def _ask(db: Session, campaign: CampaignRow, adult: Owed, *, first: bool, school: School, actor: Actor) -> int:
    step = steps.ASK if first else f"{steps.ASK}-{clock.today()}"
    kind = "ask" if adult.is_family else "staff-ask"
    letter = letter_for(campaign, adult, kind, school)
    message = notifications.enqueue(
        db,
        kind=kind,
        recipient=adult.pseudonym,
        to_address=adult.address,
        letter=letter,
        link_purpose=adult.link_purpose,
        dedupe_key=f"{campaign.public_id}:{adult.person_id}:{step}",
        not_before=sending_time(clock.now(), planning.terms_of(school, campaign)),
    )
    at = max(clock.now(), message.next_attempt_at)
    if not steps.claim(db, campaign.id, adult.person_id, step, message=message.public_id, at=at):
        return 0
    signing.mark_asked(db, [row.id for row in adult.requests])
    note(db, "requested", campaign, adult, step=step, message=message.public_id, actor=actor)
    return 1


def note(
    db: Session, kind: str, campaign: CampaignRow, adult: Owed, *, step: str, message: str, actor: Actor
) -> evidence.EntryRow:
    """Write into the ledger that an adult was asked: one entry for everything the message lists."""
    return evidence.append(
        db,
        kind,
        subject=adult.pseudonym,
        act={**what_is_asked(campaign, adult, step), "message": message},
        details={"sent_to": adult.address},
        idempotency_key=f"{kind}:{campaign.public_id}:{adult.person_id}:{step}",
        actor=actor,
    )


def what_is_asked(campaign: CampaignRow, adult: Owed, step: str) -> steps.AskedFor:
    """What a letter asks of an adult, for the ledger."""
    return {
        "school_year": campaign.school_year,
        "step": step,
        "agreements": sorted({row.agreement_key for row in adult.requests}),
        "image_choices": bool(adult.choosing),
        "requests": [row.public_id for row in adult.requests],
    }


def ask_again(db: Session, person_ids: Iterable[int], *, school: School, actor: Actor) -> int:
    """Ask these adults again, as what they had answered no longer counts; returns how many messages were queued.

    The reminders of the plan follow anew. Nobody is asked while no sign-up is open, or who was asked today already.
    """
    campaign = planning.campaign_of(db, planning.year_of_delivery(school))
    if campaign is None or campaign.status != "open":
        return 0
    owed = owed_by(db, campaign.school_year, set(person_ids), choices=campaign.asks_families)
    return sum(
        _ask(db, campaign, adult, first=False, school=school, actor=actor) for adult in owed.values() if adult.reachable
    )


def restate_letters(
    db: Session, person: people.PersonRow | people.GuardianRow, school_year: int, school: School
) -> None:
    """Make unsent letters ask for what is still owed and nothing else; take them back once nothing is."""
    campaign = planning.campaign_of(db, school_year)
    owed = owed_by(db, school_year, {person.person_id}, choices=campaign is not None and campaign.asks_families)
    adult = owed.get(person.person_id)
    if adult is None or campaign is None:
        notifications.cancel(db, person.pseudonym, ASKING_KINDS)
        return
    for row in notifications.messages_to(db, person.pseudonym):
        if row.kind not in ASKING_KINDS or row.status != "queued":
            continue
        letter = letter_for(campaign, adult, row.kind, school)
        notifications.rewrite(db, row.public_id, letter, link_purpose=adult.link_purpose)


def letter_for(campaign: CampaignRow, adult: Owed, kind: str, school: School) -> notifications.Letter:
    """The asking letter of a kind for what an adult owes now."""
    due_on = adult.due_on or campaign.due_on
    if kind in ("ask", "staff-ask"):
        if not adult.is_family:
            return letters.staff_ask(school, forename=adult.forename, due_on=due_on, no_password=adult.no_password)
        return letters.ask(
            school,
            forename=adult.forename,
            language=adult.language,
            tasks=adult.tasks(),
            due_on=due_on,
            works_here=adult.is_staff,
            no_password=adult.no_password,
        )
    return letters.reminder(
        school,
        forename=adult.forename,
        language=adult.language,
        tasks=adult.tasks(),
        due_on=due_on,
        today=clock.today(),
        family=adult.is_family,
        works_here=adult.is_staff,
        no_password=adult.no_password,
        last=kind == "last-reminder",
    )
