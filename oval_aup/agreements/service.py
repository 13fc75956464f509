"""Publishes wordings once and for good, and finds the one that is in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from oval_aup.agreements import text
from oval_aup.agreements.models import Agreement, Version, VersionText
from oval_aup.agreements.registry import AGREEMENTS
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.agreements.text import Clause, Note
from oval_aup.core import clock
from oval_aup.core.actor import Actor
from oval_aup.core.db import fetch
from oval_aup.core.errors import Conflict, Invalid, NotFound
from oval_aup.core.i18n import _

FALLBACK_LANGUAGE = "en"

KNOWN_TEXTS_KEPT = 256

_known_texts: dict[str, text.Text] = {}
_NEWEST_KNOWN = "agreements.newest"
_NEWEST_KNOWN_AT = "agreements.newest-at"
"""Under which name a database session remembers what is in force."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A published wording in one language and reading level, ready to show."""

    version_text_id: int
    agreement_key: str
    version_number: int
    language: str
    reading_level: str
    title: str
    intro: str
    acknowledgement: str
    """What ticking or signing means, in the signer's words."""
    clauses: tuple[Clause, ...]
    notes: tuple[Note, ...]
    text_sha256: str
    published_at: dt.datetime
    material: bool
    """True when people who signed an earlier version must sign again."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """One language and reading level in which a version exists."""

    version_text_id: int
    language: str
    reading_level: str
    text_sha256: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One published version and the texts it exists in."""

    public_id: str
    agreement_key: str
    number: int
    material: bool
    published_at: dt.datetime
    published_by_id: int | None
    texts: tuple[TextRow, ...]


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A published wording as it is kept: the bytes that were hashed, and the same words as plain text."""

    agreement_key: str
    version_number: int
    language: str
    reading_level: str
    canonical: bytes
    text_sha256: str
    plain: str


def publish(
    db: Session, wordings: Sequence[Mapping[str, Any]], *, material: bool = True, actor: Actor
) -> tuple[Wording, ...]:
    """Publish one version in all the languages and reading levels given; return those that are new.

    Each wording has the shape of a file in ``rulesets``. A wording already published with the same words is passed
    over; other words under a published number raise Conflict. A translation may join a published version later if its
    clauses match. Raises Invalid when a wording is unfit or the texts of the version do not say the same clauses.
    """
    canonicals = [text.to_canonical(wording) for wording in wordings]
    texts = [text.from_canonical(canonical) for canonical in canonicals]
    by_place = dict(zip(((each.language, each.reading_level) for each in texts), canonicals, strict=True))
    if len(by_place) != len(wordings) or len({(each.agreement_key, each.version_number) for each in texts}) != 1:
        raise Invalid(_("Publish one version at a time, each language and reading level once."))
    version = _version(db, texts[0], material=material, actor=actor)
    known = {
        (row.language, row.reading_level): row
        for row in db.scalars(sa.select(VersionText).where(VersionText.version_id == version.id))
    }
    _check_same_clauses([*texts, *(text.from_canonical(row.canonical) for row in known.values())])
    new: list[VersionText] = []
    for place, canonical in by_place.items():
        digest = text.sha256(canonical)
        if place not in known:
            row = VersionText(language=place[0], reading_level=place[1], canonical=canonical, text_sha256=digest)
            row.version = version
            db.add(row)
            new.append(row)
        elif known[place].text_sha256 != digest:
            raise Conflict(_("This version is already published in other words. Give the new words a new number."))
    db.flush()
    db.info.pop(_NEWEST_KNOWN, None)
    db.info.pop(_NEWEST_KNOWN_AT, None)
    added = {row.id for row in new}
    return tuple(row for row in _found(db, VersionText.version_id == version.id) if row.version_text_id in added)


def install_rulesets(db: Session, *, actor: Actor) -> tuple[Wording, ...]:
    """Publish whatever shipped wordings are not published yet; again changes nothing.

    A school that has published a version keeps its words, also where the shipped ones read differently by now.
    """
    places = sa.select(Agreement.key, Version.number, VersionText.language, VersionText.reading_level)
    joined = places.join(Version, Version.agreement_id == Agreement.id).join(VersionText)
    known = {tuple(row) for row in db.execute(joined)}
    new: list[Wording] = []
    for wordings in shipped_versions():
        missing = [each for each in wordings if _place(each) not in known]
        if missing:
            new.extend(publish(db, missing, actor=actor))
    return tuple(new)


def _place(wording: Mapping[str, Any]) -> tuple[Any, ...]:
    return wording["agreement"], wording["version"], wording["language"], wording.get("reading_level", "full")


def current(
    db: Session,
    key: str,
    *,
    language: str = FALLBACK_LANGUAGE,
    reading_level: str = "full",
    at: dt.datetime | None = None,
) -> Wording:
    """The newest published wording, or the newest of a moment; English where the language is missing.

    Raises NotFound, also for a moment before the first version.
    """
    newest = _newest(db) if at is None else _newest_at(db, at)
    for spoken in (language, FALLBACK_LANGUAGE):
        if found := newest.get((key, reading_level, spoken)):
            return _wording(_read(db, found[0], found[1]), *found)
    raise NotFound(_("No such rules have been published."))


def is_published(db: Session, key: str) -> bool:
    """Whether any version of these rules has been published."""
    return any(agreement == key for agreement, _level, _language in _newest(db))


def wording(db: Session, version_text_id: int) -> Wording:
    """One published wording by id; raises NotFound."""
    found = _found(db, VersionText.id == version_text_id)
    if not found:
        raise NotFound(_("No such wording has been published."))
    return found[0]


def wordings(db: Session, version_text_ids: Iterable[int]) -> dict[int, Wording]:
    """Many published wordings at once; unknown ids are left out."""
    return {row.version_text_id: row for row in _found(db, VersionText.id.in_(set(version_text_ids)))}


def wordings_by_hash(db: Session, hashes: Collection[str]) -> dict[str, Wording]:
    """Published wordings by the hash that entries of the ledger name; unknown hashes are left out."""
    return {row.text_sha256: row for row in _found(db, VersionText.text_sha256.in_(hashes))} if hashes else {}


def damaged_texts(db: Session) -> tuple[TextRow, ...]:
    """The stored texts whose bytes have lost the hash they were published under: empty unless something is wrong."""
    rows = db.scalars(sa.select(VersionText).order_by(VersionText.id))
    return tuple(_text_row(row) for row in rows if text.sha256(row.canonical) != row.text_sha256)


def versions(db: Session, key: str) -> tuple[VersionRow, ...]:
    """Every published version of an agreement, newest first."""
    rows = db.scalars(
        sa.select(VersionText)
        .join(VersionText.version)
        .join(Version.agreement)
        .where(Agreement.key == key, Version.status == "published")
        .order_by(Version.number.desc(), VersionText.language, VersionText.reading_level)
    )
    texts: dict[Version, list[VersionText]] = {}
    for row in rows:
        texts.setdefault(row.version, []).append(row)
    return tuple(_version_row(version, rows) for version, rows in texts.items())


def published_texts(db: Session) -> tuple[PublishedText, ...]:
    """Every wording ever published, to be taken away and checked elsewhere; raises Conflict when one is damaged."""
    rows = db.scalars(
        sa.select(VersionText).join(Version).where(Version.status == "published").order_by(VersionText.id)
    )
    found = []
    for row in rows:
        read = _read(db, row.id, row.text_sha256)
        identity = (read.agreement_key, read.version_number, read.language, read.reading_level)
        found.append(PublishedText(*identity, row.canonical, row.text_sha256, text.as_text(read)))
    return tuple(found)


def form_code(text_sha256: str) -> str:
    """The code that a printed form bears, by which the office finds the wording on it: ``4F2A-91BC``."""
    return f"{text_sha256[:4]}-{text_sha256[4:8]}".upper()


def wording_by_code(db: Session, code: str) -> Wording:
    """The published wording whose printed form bears this code, however it was typed; raises NotFound."""
    typed = "".join(letter for letter in code.lower() if letter.isalnum())
    found = db.scalars(
        sa.select(VersionText.id)
        .join(Version)
        .where(Version.status == "published", VersionText.text_sha256.startswith(typed))
    ).all()
    if len(typed) != 8 or len(found) != 1:
        raise NotFound(_("No form has this code."))
    return wording(db, found[0])


def wording_of_version(
    db: Session, key: str, number: int, *, language: str = FALLBACK_LANGUAGE, reading_level: str = "full"
) -> Wording:
    """The wording of one published version; English where the language is missing. Raises NotFound."""
    for version in versions(db, key):
        for spoken in (language, FALLBACK_LANGUAGE):
            for each in version.texts:
                if (version.number, each.language, each.reading_level) == (number, spoken, reading_level):
                    return wording(db, each.version_text_id)
    raise NotFound(_("No such wording has been published."))


def changed_clauses(earlier: Wording, later: Wording) -> frozenset[str]:
    """The keys of the later wording's clauses that are new or say something else than in the earlier one."""
    before = {clause.key: clause for clause in earlier.clauses}
    return frozenset(clause.key for clause in later.clauses if before.get(clause.key) != clause)


def _version(db: Session, first: text.Text, *, material: bool, actor: Actor) -> Version:
    """The version these texts belong to: a published one, or a new one with the next number."""
    if first.agreement_key not in AGREEMENTS:
        raise Invalid(_("There is no such agreement."))
    agreement = db.scalar(sa.select(Agreement).where(Agreement.key == first.agreement_key))
    if agreement is None:
        agreement = Agreement(key=first.agreement_key, audience=AGREEMENTS[first.agreement_key].audience)
        db.add(agreement)
        db.flush()
    found = {row.number: row for row in db.scalars(sa.select(Version).where(Version.agreement_id == agreement.id))}
    if first.version_number in found:
        version = found[first.version_number]
        if version.status != "published":
            raise Conflict(_("A draft already has this number."))
        return version
    if first.version_number != max(found, default=0) + 1:
        raise Conflict(_("The next version of these rules is number %(number)s.", number=max(found, default=0) + 1))
    version = Version(
        number=first.version_number,
        status="published",
        material=material,
        published_at=clock.now(),
        published_by_id=actor.person_id,
    )
    version.agreement = agreement
    db.add(version)
    db.flush()
    return version


def _check_same_clauses(texts: Sequence[text.Text]) -> None:
    """Every text of a version must say the same clauses, in the same order and strength, and English must be there."""
    if not any(each.language == FALLBACK_LANGUAGE and each.reading_level == "full" for each in texts):
        raise Invalid(_("A version needs its full English text."))
    outlines = {
        tuple((clause.key, clause.kind, clause.source, clause.basis) for clause in each.clauses) for each in texts
    }
    if len(outlines) != 1:
        raise Invalid(_("The texts of one version must have the same clauses."))


# Built once: every page of rules asks, and putting the statement together costs more than its answer.
_PUBLISHED = (
    sa.select(VersionText.id, VersionText.text_sha256, Version.published_at, Version.material)
    .join(Version, VersionText.version_id == Version.id)
    .where(Version.status == "published")
)
_later = aliased(Version)
_NEWEST = (
    _PUBLISHED.add_columns(Agreement.key, VersionText.reading_level, VersionText.language)
    .join(Agreement, Agreement.id == Version.agreement_id)
    .where(
        Version.number
        == sa.select(sa.func.max(_later.number))
        .where(_later.agreement_id == Version.agreement_id, _later.status == "published")
        .scalar_subquery()
    )
)
_ALL_AT = (
    _PUBLISHED.add_columns(Agreement.key, VersionText.reading_level, VersionText.language, Version.number)
    .join(Agreement, Agreement.id == Version.agreement_id)
    .where(Version.published_at <= sa.bindparam("at"))
)


def _newest(db: Session) -> dict[tuple[str, str, str], tuple[int, str, dt.datetime | None, bool]]:
    """Where each newest text is found: read once in a unit of work, as a page needs several of them."""
    known: dict[tuple[str, str, str], tuple[int, str, dt.datetime | None, bool]] | None = db.info.get(_NEWEST_KNOWN)
    if known is None:
        known = {
            (key, level, language): (id_, digest, at, material)
            for id_, digest, at, material, key, level, language in fetch(db, _NEWEST)
        }
        db.info[_NEWEST_KNOWN] = known
    return known


def _newest_at(db: Session, at: dt.datetime) -> dict[tuple[str, str, str], tuple[int, str, dt.datetime | None, bool]]:
    """What ``_newest`` would have found at that moment, read once in a unit of work."""
    known: dict[dt.datetime, dict[tuple[str, str, str], tuple[int, str, dt.datetime | None, bool]]]
    known = db.info.setdefault(_NEWEST_KNOWN_AT, {})
    if at not in known:
        found = fetch(db, _ALL_AT, at=at).all()
        numbers: dict[str, int] = {}
        for *_text, key, _level, _language, number in found:
            numbers[key] = max(number, numbers.get(key, 0))
        known[at] = {
            (key, level, language): (id_, digest, published_at, material)
            for id_, digest, published_at, material, key, level, language, number in found
            if number == numbers[key]
        }
    return known[at]


def _found(db: Session, *conditions: sa.ColumnElement[bool]) -> list[Wording]:
    return _wordings_in(db, db.execute(_PUBLISHED.where(*conditions)))


def _wordings_in(db: Session, rows: Iterable[Any]) -> list[Wording]:
    """Published wordings; their bytes are fetched only when a text is not yet known by its hash."""
    return [_wording(_read(db, id_, digest), id_, digest, at, material) for id_, digest, at, material in list(rows)]


def _read(db: Session, version_text_id: int, digest: str) -> text.Text:
    """The parsed text; one already read is known by its hash, which holds for every database."""
    if digest not in _known_texts:
        canonical = db.scalar(sa.select(VersionText.canonical).where(VersionText.id == version_text_id)) or b""
        if text.sha256(canonical) != digest:
            raise Conflict(_("The stored wording is not the one that was published. Please tell the school office."))
        if len(_known_texts) >= KNOWN_TEXTS_KEPT:
            _known_texts.clear()
        _known_texts[digest] = text.from_canonical(canonical)
    return _known_texts[digest]


def _wording(
    read: text.Text, version_text_id: int, digest: str, published_at: dt.datetime | None, material: bool
) -> Wording:
    if published_at is None:
        raise NotFound(_("No such wording has been published."))
    return Wording(
        version_text_id=version_text_id,
        agreement_key=read.agreement_key,
        version_number=read.version_number,
        language=read.language,
        reading_level=read.reading_level,
        title=read.title,
        intro=read.intro,
        acknowledgement=read.acknowledgement,
        clauses=read.clauses,
        notes=read.notes,
        text_sha256=digest,
        published_at=published_at,
        material=material,
    )


def _version_row(version: Version, texts: Sequence[VersionText]) -> VersionRow:
    if version.published_at is None:
        raise NotFound(_("No such version has been published."))
    return VersionRow(
        public_id=version.public_id,
        agreement_key=version.agreement.key,
        number=version.number,
        material=version.material,
        published_at=version.published_at,
        published_by_id=version.published_by_id,
        texts=tuple(map(_text_row, texts)),
    )


def _text_row(row: VersionText) -> TextRow:
    return TextRow(row.id, row.language, row.reading_level, row.text_sha256)
