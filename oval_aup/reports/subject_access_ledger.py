"""Tells one person the ledger's entries by and about them, with what belongs to others taken out of each."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from oval_aup import agreements, consent, evidence, printing, signing
from oval_aup.core.i18n import _
from oval_aup.reports import document_labels as words
from oval_aup.reports.ledger_acts import wordings_named
from oval_aup.reports.subject_access_names import OtherNames
from oval_aup.reports.subject_access_who import Who

SIGNERS_OWN = frozenset({"typed_name", "signer_name", "mark", "name_matches", "name_confirmed", "relationship"})
"""Details that are the signer's own, whomever the entry is about."""

TEXTS = frozenset({"reason", "note", "remark", "declarations", "places", "identified"})
DAYS = frozenset({"received_on"})
"""Details that are about the answer itself."""

ADDRESSES = frozenset({"sent_to", "address", "old", "new"})
ABOUT = frozenset({"child_name", "picked_name", "class_name"})
"""Details that name the child an entry is about."""

AGREED = frozenset({"signed", "declined", "witnessed", "consent_recorded", "consent_withdrawn"})
"""The kinds of entry that hold an answer to some wording."""

_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_PUBLIC_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Told:
    """One entry as the person is told it."""

    seq: int
    at: dt.datetime
    headline: str
    concerns: bool
    """False for what the person did about somebody else, of which little more than that they did it is told."""
    facts: dict[str, Any]
    """All of it for a computer: number, hash, time, kind, who, about whom, act, details, and what was held back."""
    mark: str
    """The person's own drawn mark as a picture, or empty."""


@dataclass(frozen=True, slots=True)
class _Stand:
    """How one entry stands to the person."""

    by_me: bool
    """Their own device or log-in made it."""
    signed_by_me: bool
    """The answer is theirs, whoever recorded it."""
    about_me: bool
    about_my_child: bool

    @property
    def concerns_me(self) -> bool:
        """Whether what the entry says is about the person, is an answer of theirs, or their doing for their child."""
        return self.about_me or self.signed_by_me or (self.about_my_child and self.by_me)


def wordings_answered(db: Session, told: Iterable[Told]) -> tuple[agreements.Wording, ...]:
    """Every wording that an answer of the person, or about them, was given to: each once, in the order first met."""
    named = [each.facts["wording"] for each in told if each.concerns and each.facts["kind"] in AGREED]
    found = wordings_named(db, named)
    hashes = dict.fromkeys(each["text_sha256"] for each in named if each)
    return tuple(found[digest] for digest in hashes if digest in found)


def entries_told(db: Session, who: Who, names: OtherNames) -> tuple[Told, ...]:
    """Every entry by or about the person, or that holds an answer of theirs, oldest first."""
    found: dict[int, evidence.EntryRow] = {}
    for pseudonym in who.pseudonyms:
        found |= {entry.seq: entry for entry in evidence.entries_about(db, pseudonym)}
        found |= {entry.seq: entry for entry in evidence.entries_by(db, pseudonym)}
    marks, chosen = set[int](), set[int]()
    for record in who.records:
        marks |= {row.ledger_seq for row in signing.signatures_of(db, record.person_id)}
        if record.is_guardian:
            chosen |= {row.ledger_seq for row in consent.decisions(db, guardian_id=record.person_id)}
        if record.is_child:
            chosen |= {row.ledger_seq for row in consent.decisions(db, child_id=record.person_id)}
    found |= evidence.entries(db, (marks | chosen) - set(found))
    details = evidence.details(db, found)
    who.prefetch(
        pseudonyms={entry.body[part]["pseudonym"] for entry in found.values() for part in ("actor", "subject")}
    )
    return tuple(_told(entry, details.get(seq), who, names) for seq, entry in sorted(found.items()))


def _told(entry: evidence.EntryRow, details: Mapping[str, Any] | None, who: Who, names: OtherNames) -> Told:
    body = entry.body
    stand = _stand(entry, who)
    given, held_back = _details(details or {}, stand, who, names)
    headline = words.channel_of(entry.kind, words.KINDS)
    facts: dict[str, Any] = {
        "seq": entry.seq,
        "entry_hash": entry.entry_hash,
        "at": entry.at,
        "kind": entry.kind,
        "by": who.of_pseudonym(body["actor"]["pseudonym"]) or body["actor"]["role"],
        "about": who.of_pseudonym(body["subject"]["pseudonym"]),
        "assurance": body["assurance"],
        "channel": body["channel"],
        "wording": {
            key: body["document"][key]
            for key in ("agreement", "version", "language", "reading_level", "text_sha256")
            if body["document"]
        },
        "act": _act(body["act"], who) if stand.concerns_me else {},
        "refers_to": [ref["seq"] for ref in body["refs"]],
        "details": given,
        "held_back": held_back,
        "details_erased": bool(body["details_commitment"]) and details is None,
    }
    mark = printing.mark_image(given["mark"]) if given.get("mark") else ""
    return Told(entry.seq, entry.at, headline, stand.concerns_me, facts, mark)


def _stand(entry: evidence.EntryRow, who: Who) -> _Stand:
    body, mine = entry.body, who.pseudonyms
    subject, actor = body["subject"]["pseudonym"], body["actor"]["pseudonym"]
    recorded = subject if "recorded_by" in body["act"] or actor == subject else ""
    signer = body["act"].get("guardian") or body["act"].get("on_behalf_by") or recorded
    return _Stand(actor in mine, signer in mine, subject in mine, who.is_own_child(subject))


def _act(facts: Mapping[str, Any], who: Who) -> dict[str, Any]:
    """The act with people as what they are, and without the keys by which the system finds its own rows."""
    return {key: kept for key, value in facts.items() if (kept := _fact(value, who)) is not None}


def _fact(value: Any, who: Who) -> Any:
    if isinstance(value, Mapping):
        return _act(value, who)
    if isinstance(value, list):
        return [kept for each in value if (kept := _fact(each, who)) is not None]
    if isinstance(value, str) and _PSEUDONYM.fullmatch(value):
        return who.of_pseudonym(value)
    return None if isinstance(value, str) and _PUBLIC_ID.fullmatch(value) else value


def _details(
    details: Mapping[str, Any], stand: _Stand, who: Who, names: OtherNames
) -> tuple[dict[str, Any], list[str]]:
    """What of the personal details is the person's, and the names of those that are not; unknown ones are not."""
    given: dict[str, Any] = {}
    for key, value in details.items():
        if (key in ADDRESSES and stand.about_me and not who.person.is_child) or (
            key in ABOUT and stand.concerns_me and (stand.about_me or stand.about_my_child)
        ):
            given[key] = value
        elif (key == "came_by" and stand.by_me) or (key in SIGNERS_OWN and stand.signed_by_me):
            given[key] = _text(value, names, own_words=True) if isinstance(value, str | Mapping) else value
        elif key in DAYS and stand.concerns_me:
            given[key] = value
        elif key in TEXTS and stand.concerns_me:
            given[key] = _text(value, names, own_words=stand.signed_by_me and stand.by_me)
    return given, sorted(set(details) - set(given))


def _text(value: Any, names: OtherNames, *, own_words: bool) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _text(each, names, own_words=own_words) for key, each in value.items()}
    return names.out_of(value, own_words=own_words) if isinstance(value, str) else _("[not text]")
