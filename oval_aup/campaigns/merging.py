"""One adult with two records becomes one again: what they signed and chose follows them, and nothing is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import accounts, agreements, consent, evidence, notifications, people, signing
from oval_aup.campaigns.invitations import ASKING_KINDS, follow_roster
from oval_aup.campaigns.permission_changes import tell_of_changes
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.errors import Conflict, NotAllowed
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.core.templating import day


def join_people(db: Session, *, kept_id: int, joined_id: int, school: School, actor: Actor) -> evidence.EntryRow:
    """Join one record of an adult to another, in the caller's transaction; the same call twice joins once.

    Children, open requests and links follow to the record that is kept, and so does the later of two answers of this
    school year or the next: entered anew, by whom and from where it came. Everything done under the other record
    stays under it. Raises Conflict where the two cannot be one adult.
    """
    if actor.person_id is None:
        raise NotAllowed(_("Only a person can say that two records are one person."))
    kept, joined = people.person_by_id(db, kept_id), people.person_by_id(db, joined_id)
    key = f"joined:{joined.pseudonym}:{kept.pseudonym}"
    if known := evidence.find(db, key):
        return known
    people.check_joining(db, kept_id=kept_id, joined_id=joined_id)
    if actor.person_id in (kept_id, joined_id):
        raise Conflict(_("Ask a colleague to join your own record with another."))
    carry = _Carrying(db, kept, joined, actor, actor.person_id)
    children = people.take_over_children(db, kept_id=kept_id, joined_id=joined_id, actor=actor)
    this_year = people.school_year(clock.today())
    for year in (this_year, this_year + 1):
        carry.signatures(year)
        carry.choices(year, children)
    same_address = people.guardian(db, kept_id).email == people.guardian(db, joined_id).email
    accounts.hand_links_on(db, joined_id, kept_id if same_address else None)
    people.close_joined(db, kept_id=kept_id, joined_id=joined_id, actor=actor)
    notifications.cancel(db, joined.pseudonym, ASKING_KINDS)
    names = {"kept_name": kept.full_name, "joined_name": joined.full_name}
    entry = evidence.append(
        db,
        "records_joined",
        subject=kept.pseudonym,
        act={"joined": joined.pseudonym, "entries": carry.made},
        refs=[evidence.Ref(seq, "carried over") for seq in carry.origins],
        details=names,
        idempotency_key=key,
        actor=actor,
    )
    evidence.append(
        db,
        "records_joined",
        subject=joined.pseudonym,
        act={"kept": kept.pseudonym},
        refs=[evidence.Ref(entry.seq, "joined")],
        details=names,
        idempotency_key=f"{key}:other",
        actor=actor,
    )
    follow_roster(db, school=school, actor=actor)
    tell_of_changes(db, school=school)
    return entry


class _Carrying:
    """Enters under the kept record what stands under the other one and is newer."""

    def __init__(
        self, db: Session, kept: people.PersonRow, joined: people.PersonRow, actor: Actor, recorder_id: int
    ) -> None:
        self.db, self.kept, self.joined = db, kept, joined
        self.actor, self.recorder_id = replace(actor, sent_to="", browser=""), recorder_id
        self.made: list[int] = []
        self.origins: list[int] = []

    def signatures(self, year: int) -> None:
        """Sign or decline for the kept record what was signed or declined under the other and is open here."""
        marks = {mark.request_id: mark for mark in signing.signatures_of(self.db, self.joined.person_id) if mark.stands}
        for theirs in signing.standing(self.db, self.joined.person_id, year):
            mark = marks.get(theirs.id)
            if theirs.way != "self" or theirs.status not in ("signed", "declined") or mark is None:
                continue
            mine = self._request(theirs)
            if mine is None or mine.status in ("signed", theirs.status):
                continue
            wording = agreements.wording(self.db, mark.version_text_id)
            row = signing.sign(
                self.db,
                mine.id,
                wording=wording,
                shown_sha256=wording.text_sha256,
                typed_name="",
                signed_by_id=self.kept.person_id,
                outcome=theirs.status,
                recorded_by_id=self.recorder_id,
                idempotency_key=f"joined:{mark.public_id}",
                extra=self._details(mark.ledger_seq),
                actor=replace(self.actor, channel=mark.channel, assurance=mark.assurance),
            )
            self._carried(mark.ledger_seq, row.ledger_seq)

    def _request(self, theirs: signing.RequestRow) -> signing.RequestRow | None:
        def found() -> signing.RequestRow | None:
            rows = signing.standing(self.db, self.kept.person_id, theirs.school_year)
            return next((row for row in rows if row.agreement_key == theirs.agreement_key), None)

        mine = found()
        if mine is None or mine.status == "cancelled":
            asked = [signing.NewRequest(self.kept.person_id, theirs.agreement_key)]
            signing.open_requests(self.db, asked, school_year=theirs.school_year, due_on=theirs.due_on)
            mine = found()
        return mine

    def choices(self, year: int, child_ids: tuple[int, ...]) -> None:
        """Record for the kept record the answers about pictures that are newer under the other."""
        children = people.children_by_id(self.db, child_ids)
        guardian = people.guardian(self.db, self.kept.person_id)
        standing = consent.standing_answers(self.db, child_ids, year)
        channels = {
            row.ledger_seq: row.channel for row in consent.decisions(self.db, guardian_id=self.joined.person_id)
        }
        for child_id, by_guardian in standing.items():
            mine, theirs = (by_guardian.get(row.person_id, {}) for row in (self.kept, self.joined))
            newer: dict[tuple[int, int], dict[str, str]] = defaultdict(dict)
            for purpose, answer in theirs.items():
                if purpose not in mine or mine[purpose].ledger_seq < answer.ledger_seq:
                    newer[answer.version_text_id, answer.ledger_seq][purpose] = answer.answer
            for (version_text_id, seq), answers in sorted(newer.items(), key=lambda item: item[0][1]):
                child = children[child_id]
                try:
                    entry = consent.record(
                        self.db,
                        child=child,
                        guardian=guardian,
                        answers=answers,
                        only=set(answers),
                        wording=agreements.wording(self.db, version_text_id),
                        school_year=year,
                        idempotency_key=f"joined:{seq}:{child.public_id}",
                        details=self._details(seq) | {"signer_name": guardian.full_name, "child_name": child.full_name},
                        recorded_by_id=self.recorder_id,
                        actor=replace(self.actor, channel=channels[seq]),
                    )
                except NotAllowed:  # without responsibility for this child, whichever record it stood under
                    break
                self._carried(seq, entry.seq)
            else:
                self._settle(children[child_id], year, theirs)

    def _settle(self, child: people.ChildRow, year: int, theirs: Mapping[str, Any]) -> None:
        """Let what was answered under the other record count no more: the same person answers under the kept one."""
        if theirs:
            consent.invalidate(
                self.db,
                child=child,
                guardian=people.guardian(self.db, self.joined.person_id),
                school_year=year,
                reason=_("Carried over to the other record of the same person."),
                idempotency_key=f"joined-settled:{self.joined.pseudonym}:{child.public_id}:{year}",
                actor=self.actor,
            )

    def _carried(self, origin: int, made: int) -> None:
        self.origins.append(origin)
        self.made.append(made)

    def _details(self, seq: int) -> dict[str, str]:
        at = clock.london(evidence.entries(self.db, [seq])[seq].at).date()
        note = _("Given on %(day)s as %(name)s, who is the same person.", day=day(at), name=self.joined.full_name)
        recorder = people.person_by_id(self.db, self.recorder_id)
        return {"recorded_by_name": recorder.full_name, "note": note}
