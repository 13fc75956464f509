"""Reads ledger entries back as a story for people: who agreed to which words, what was chosen, how they were known."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from oval_aup import agreements, documents, evidence, people, printing
from oval_aup.core import i18n, templating
from oval_aup.core.i18n import _, gettext_noop
from oval_aup.core.school import School
from oval_aup.reports import document_labels as words
from oval_aup.reports.document_labels import Moment
from oval_aup.reports.namesakes import with_birthday
from oval_aup.reports.participants import Participants, participants, pseudonyms_in, signer_of

MARKS = frozenset({"signed", "declined", "witnessed"})
CHOICES = frozenset({"consent_recorded", "consent_withdrawn"})
READ_ME = gettext_noop(
    "Each entry_hash is SHA-256 over one zero byte followed by the UTF-8 bytes of body. Each details_commitment "
    "inside a body is SHA-256 over the byte 0x02, the 32 bytes that salt decodes to, and the UTF-8 bytes of "
    "details. prev inside a body is the entry_hash of the entry before it. head is the state of the whole ledger "
    "when this document was made: its signature is Ed25519, by the key of that name, over the byte 0x04 followed by "
    "the JSON of at, entry_hash, key, size and v in this order, without spaces. The name of a key is SHA-256 over "
    "its public form. The school can compare all of it with its ledger."
)


@dataclass(frozen=True, slots=True)
class ShownClause:
    """One clause of a wording as printed."""

    kind: str
    heading: str
    body: Markup


@dataclass(frozen=True, slots=True)
class ShownWording:
    """A wording as printed in full."""

    title: str
    version: int
    language: str
    direction: str
    intro: Markup
    acknowledgement: str
    clauses: tuple[ShownClause, ...]
    notes: tuple[ShownClause, ...]
    text_sha256: str
    published_at: Moment
    agreement: str

    @property
    def advises(self) -> bool:
        """Whether it tells what must be done from what is advised, so that each rule has to say which it is."""
        return any(clause.kind == "advised" for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Act:
    """One entry that somebody made about themselves or a child.

    ``choices`` is filled for choices about pictures: heading, explanation and ``yes`` or ``no`` for each.
    """

    seq: int
    entry_hash: str
    kind: str
    headline: str
    at: Moment
    wording: ShownWording | None
    about: str
    """Whom the entry is about, told apart from others of the same name."""
    by: str
    on_behalf: bool
    who: Participants
    typed_name: str
    name_given: str
    """In which way that name came: typed, or picked out of the names of a class."""
    mark: str
    reason: str
    note: str
    """What the office noted beside an answer that it entered: when it came and how the person was identified."""
    declarations: tuple[tuple[str, str], ...]
    choices: tuple[tuple[str, str, str], ...]
    act: Mapping[str, Any]
    details: Mapping[str, Any]
    refs: tuple[int, ...]
    assurance: str
    channel: str
    erased: bool
    taken_back: bool
    clock_suspect: bool
    what: str = ""
    """What was changed about somebody, in words."""

    @property
    def answers(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The choices by answer: each answer in words and the uses it was given to, no first."""
        found = (
            (word, tuple(heading for heading, _hint, answer in self.choices if answer == code))
            for code, word in (("no", _("No")), ("yes", _("Yes")))
        )
        return tuple((word, headings) for word, headings in found if headings)

    @property
    def counted(self) -> str:
        """How many uses were allowed and how many not."""
        given = [answer for _heading, _hint, answer in self.choices]
        return _("%(yes)s yes, %(no)s no", yes=given.count("yes"), no=given.count("no"))


def acts(
    db: Session,
    entries: Sequence[evidence.EntryRow],
    *,
    language: str = "en",
    details: Mapping[int, dict[str, Any]] | None = None,
    texts: Mapping[str, agreements.Wording] | None = None,
) -> tuple[Act, ...]:
    """The entries as acts, oldest first, with everything needed to print them.

    ``details`` by number of the entry and ``texts`` by hash are read here unless they have been read already.
    """
    found = sorted(entries, key=lambda entry: entry.seq)
    if details is None:
        details = evidence.details(db, [entry.seq for entry in found])
    if texts is None:
        texts = wordings_named(db, [entry.body["document"] for entry in found])
    replaced = {ref["seq"] for entry in found if entry.kind in {"withdrawn", "corrected"} for ref in entry.body["refs"]}
    with i18n.use_language(language):
        names = _names(db, found)
        who = participants(db, found, details, names)
        return tuple(
            _act(entry, details.get(entry.seq), names, texts, who[entry.seq], entry.seq in replaced) for entry in found
        )


def wordings_of(shown: Iterable[Act], kinds: frozenset[str] = MARKS) -> tuple[ShownWording, ...]:
    """Each wording the acts were about once, in the order first met."""
    seen: dict[str, ShownWording] = {}
    for act in shown:
        if act.wording is not None and act.kind in kinds:
            seen.setdefault(act.wording.text_sha256, act.wording)
    return tuple(seen.values())


def evidence_file(
    db: Session,
    entries: Iterable[evidence.BareEntry],
    *,
    document: documents.DocumentRow,
    school: School,
    head: evidence.SignedHead,
) -> bytes:
    """The entries as a file that proves itself: exact bodies, details and salts, the signed head, the public keys.

    ``verifier/rules.py`` checks it; its form is that module's second.
    """
    proofs = [
        {
            "seq": entry.seq,
            "entry_hash": entry.entry_hash,
            "body": entry.body.decode("utf-8"),
            "details": (entry.details or b"").decode("utf-8"),
            "salt": base64.b64encode(entry.salt or b"").decode("ascii"),
        }
        for entry in entries
    ]
    facts = {
        "v": 2,
        "read_me": _(READ_ME),
        "school": school.name,
        "document": document.public_id,
        "kind": document.kind,
        "head": head.facts,
        "keys": [key.facts for key in evidence.register(db)],
        "entries": proofs,
    }
    return json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8")


def shown_wording(wording: agreements.Wording) -> ShownWording:
    """A published wording, ready to print."""
    return ShownWording(
        title=wording.title,
        version=wording.version_number,
        language=wording.language,
        direction=i18n.direction(wording.language),
        intro=agreements.as_html(wording.intro),
        acknowledgement=wording.acknowledgement,
        clauses=tuple(ShownClause(c.kind, c.heading, agreements.as_html(c.body)) for c in wording.clauses),
        notes=tuple(ShownClause("information", n.heading, agreements.as_html(n.body)) for n in wording.notes),
        text_sha256=wording.text_sha256,
        published_at=Moment(wording.published_at),
        agreement=wording.agreement_key,
    )


def _act(
    entry: evidence.EntryRow,
    details: Mapping[str, Any] | None,
    names: Mapping[str, str],
    texts: Mapping[str, agreements.Wording],
    who: Participants,
    taken_back: bool,
) -> Act:
    body, personal = entry.body, details or {}
    facts = body["act"]
    wording = texts.get(body["document"].get("text_sha256", ""))
    subject, by = body["subject"]["pseudonym"], signer_of(entry)
    return Act(
        seq=entry.seq,
        entry_hash=entry.entry_hash,
        kind=entry.kind,
        headline=words.channel_of(entry.kind, words.KINDS),
        at=Moment(entry.at),
        wording=None if wording is None else shown_wording(wording),
        about=names.get(subject, ""),
        by=names.get(by, ""),
        on_behalf=by != subject,
        who=who,
        typed_name=str(personal.get("typed_name") or personal.get("picked_name") or ""),
        name_given=_name_given(personal),
        mark=printing.mark_image(personal.get("mark") or []),
        reason=str(personal.get("reason") or ""),
        note=_note(personal),
        declarations=tuple((str(key), str(value)) for key, value in dict(personal.get("declarations") or {}).items()),
        choices=_choices(facts.get("answers") or {}, wording),
        act=facts,
        details=personal,
        refs=tuple(ref["seq"] for ref in body["refs"]),
        assurance=words.channel_of(body["assurance"], evidence.ASSURANCES),
        channel=words.channel_of(body["channel"], evidence.CHANNELS),
        erased=bool(body["details_commitment"]) and details is None,
        taken_back=taken_back,
        clock_suspect=bool(body.get("clock_suspect")),
        what=words.change_words(entry.kind, facts, personal, names.get(facts.get("guardian", ""), "")),
    )


def _name_given(personal: Mapping[str, Any]) -> str:
    """How the name came, and whether it is the one the school holds."""
    if not personal.get("typed_name"):
        return _("name picked in class")
    confirmed, signer = personal.get("name_confirmed"), str(personal.get("signer_name") or "")
    if confirmed == "spelling":
        return _("name as typed, which the signer confirmed is theirs")
    if confirmed and signer:
        return _("not the name the school holds: asked about it, the signer said they are %(name)s", name=signer)
    if personal.get("name_matches") is False:
        return _("name as typed, which is not the name the school holds")
    return _("name as typed")


def _note(personal: Mapping[str, Any]) -> str:
    """What the office noted beside an answer that it entered."""
    received = personal.get("received_on")
    identified = str(personal.get("identified") or "").rstrip(".")
    parts = (
        _("Received on %(day)s.", day=templating.day(dt.date.fromisoformat(str(received)))) if received else "",
        _("How we confirmed who it was: %(how)s.", how=identified) if identified else "",
        str(personal.get("note") or ""),
    )
    return " ".join(part for part in parts if part)


def _choices(answers: Mapping[str, str], wording: agreements.Wording | None) -> tuple[tuple[str, str, str], ...]:
    if wording is None:
        return tuple((key, "", answer) for key, answer in answers.items())
    uses = [
        (clause.heading, agreements.as_plain(clause.body), answers[clause.key])
        for clause in wording.clauses
        if clause.key in answers
    ]
    return tuple(uses)


def _names(db: Session, entries: Sequence[evidence.EntryRow]) -> dict[str, str]:
    """Everybody in the entries by pseudonym; children who share a name with anybody here bear their birthday."""
    pseudonyms = {entry.body["subject"]["pseudonym"] for entry in entries}
    pseudonyms.update(entry.body["actor"]["pseudonym"] for entry in entries)
    pseudonyms.update(*pseudonyms_in(db, entries).values())
    pseudonyms.update(str(entry.body["act"].get("guardian", "")) for entry in entries)
    found = people.persons_by_pseudonym(db, pseudonyms - {"", "school"})
    shared = Counter(row.full_name for row in found.values())
    return {"school": _("the school")} | {
        pseudonym: with_birthday(row.full_name, people.child_by_id(db, row.person_id))
        if row.is_child and shared[row.full_name] > 1
        else row.full_name
        for pseudonym, row in found.items()
    }


def wordings_named(db: Session, documents: Iterable[Mapping[str, Any]]) -> dict[str, agreements.Wording]:
    """The published wordings that the ``document`` of ledger entries names, by their hash."""
    return agreements.wordings_by_hash(db, {document["text_sha256"] for document in documents if document})
