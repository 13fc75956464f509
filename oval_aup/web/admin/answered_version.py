"""Which words were in a person's hands when they answered on paper or by telephone, and which answers that replaces."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from flask import g, request

from oval_aup import agreements, campaigns, consent, evidence, people, signing
from oval_aup.core import clock
from oval_aup.core.errors import Invalid, NotFound
from oval_aup.core.i18n import _
from oval_aup.web.forms import ticked, typed


@dataclass(frozen=True, slots=True)
class InHand:
    """One agreement: the wording that the answers will be recorded for, and every version to choose from."""

    key: str
    wording: agreements.Wording
    versions: tuple[agreements.VersionRow, ...]
    reading_level: str
    newest: int

    @property
    def is_old(self) -> bool:
        """Whether another version is in force today."""
        return self.wording.version_number != self.newest

    @property
    def has_several(self) -> bool:
        """Whether there is more than one version to choose from."""
        return len(self.versions) > 1

    @property
    def uses(self) -> tuple[consent.Purpose, ...]:
        """The uses of pictures that it asks about."""
        return tuple(use for use in consent.purposes_in(self.wording) if use.basis == "consent")

    def code(self, version: agreements.VersionRow) -> str:
        """The code on the printed form of a version; empty where it has no such form."""
        found = [row for row in version.texts if row.reading_level == self.reading_level]
        return agreements.form_code(found[0].text_sha256) if found else ""


def in_hand(keys: Mapping[str, str], received: dt.date | None, faults: dict[str, str]) -> dict[str, InHand]:
    """Agreement to the words that were in hand: by the form's code, as chosen, or in force on the day it came.

    ``keys`` maps each agreement to its reading level. What was typed and fits nothing is added to ``faults``.
    """
    coded = _coded(keys, faults)
    found: dict[str, InHand] = {}
    for key, level in keys.items():
        now = agreements.current(g.db, key, reading_level=level)
        try:
            wording = _wording(key, level, coded, received)
        except NotFound:
            faults[f"version-{key}"] = _("No version had been published by that day. Choose the version that they had.")
            wording = now
        found[key] = InHand(key, wording, agreements.versions(g.db, key), level, now.version_number)
    return found


def _coded(keys: Mapping[str, str], faults: dict[str, str]) -> agreements.Wording | None:
    code = typed("code", 20)
    if not code:
        return None
    try:
        coded = agreements.wording_by_code(g.db, code)
    except NotFound:
        faults["code"] = _("No form has this code. Check it, or leave it empty and choose the version.")
        return None
    if keys.get(coded.agreement_key) != coded.reading_level:
        faults["code"] = _("This code is from a form that is not recorded here: %(title)s.", title=coded.title)
        return None
    chosen = typed(f"version-{coded.agreement_key}", 6)
    if chosen and chosen != str(coded.version_number):
        faults["code"] = _(
            "The code says version %(number)s, and another version is chosen.", number=coded.version_number
        )
    return coded


def _wording(key: str, level: str, coded: agreements.Wording | None, received: dt.date | None) -> agreements.Wording:
    if coded is not None and coded.agreement_key == key:
        return coded
    chosen = typed(f"version-{key}", 6)
    if chosen:
        if not (chosen.isascii() and chosen.isdigit()):
            raise NotFound
        return agreements.wording_of_version(g.db, key, int(chosen), reading_level=level)
    at = None
    if received is not None and received < clock.today():
        at = clock.at_london(received + dt.timedelta(days=1), 0) - dt.timedelta(microseconds=1)
    return agreements.current(g.db, key, reading_level=level, at=at)


def check_shown(found: Mapping[str, InHand], faults: dict[str, str]) -> None:
    """Refuse a form whose page showed the words of another version than the one it would be recorded for."""
    for key, each in found.items():
        shown = request.form.get(f"shown-{key}", "")
        if shown and shown != str(each.wording.version_number):
            faults.setdefault(
                f"version-{key}",
                _(
                    "They had version %(number)s of “%(title)s”. The page now shows that version: check the answers.",
                    number=each.wording.version_number,
                    title=each.wording.title,
                ),
            )


@dataclass(frozen=True, slots=True)
class Replaced:
    """One answer that stands and would be replaced."""

    child: people.ChildRow
    use: consent.Purpose
    before: str
    after: str
    at: dt.datetime
    way: str
    is_newer: bool
    """Whether it was given after the day on which the new answer came."""


def standing_choices(guardian_id: int, each: campaigns.FamilyChild, school_year: int) -> dict[str, consent.DecisionRow]:
    """Use to the recorded choice that stands, of one guardian for one child."""
    made = consent.decisions(g.db, child_id=each.child.person_id, guardian_id=guardian_id)
    last = {row.purpose_key: row for row in made if row.school_year == school_year}
    return {key: row for key, row in last.items() if key in each.answers}


def replaced(
    guardian_id: int,
    choosing: tuple[campaigns.FamilyChild, ...],
    answers: Mapping[str, Mapping[str, str]],
    uses: Mapping[str, consent.Purpose],
    received: dt.date | None,
    school_year: int,
) -> tuple[Replaced, ...]:
    """The choices that the new answers would replace by something else."""
    found: list[Replaced] = []
    for each in choosing:
        stands = standing_choices(guardian_id, each, school_year)
        for key, answer in answers.get(each.child.public_id, {}).items():
            row = stands.get(key)
            if row is None or each.answers[key] == answer:
                continue
            newer = received is not None and clock.london(row.decided_at).date() > received
            way = _(evidence.CHANNELS.get(row.channel, row.channel))
            found.append(Replaced(each.child, uses[key], each.answers[key], answer, row.decided_at, way, newer))
    return tuple(found)


def refused_before(own: tuple[signing.RequestRow, ...], outcome: str) -> tuple[signing.RequestRow, ...]:
    """The rules that the person had said no to, where the new answer is that they agree."""
    return tuple(row for row in own if row.status == "declined") if outcome == "signed" else ()


def confirm(replaces: bool) -> None:
    """Raise Invalid on ``confirm`` where answers that stand would be replaced and nobody has said that they may."""
    if replaces and not ticked("confirm"):
        raise Invalid(
            fields={"confirm": _("This replaces an answer that stands. Read what changes, then tick the box.")}
        )
