"""Publishing happens once, finding falls back to English, and what was published stays as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import sqlalchemy as sa

from oval_aup import agreements
from oval_aup.agreements import service
from oval_aup.agreements.shipped import shipped_versions
from oval_aup.core.actor import SYSTEM
from oval_aup.core.db import Database
from oval_aup.core.errors import Conflict, Invalid, NotFound


def shipped(agreement: str) -> list[dict[str, Any]]:
    return copy.deepcopy(next(version for version in shipped_versions() if version[0]["agreement"] == agreement))


def install(database: Database) -> tuple[agreements.Wording, ...]:
    with database.writing() as db:
        return agreements.install_rulesets(db, actor=SYSTEM)


def test_a_school_keeps_the_words_it_published_when_other_ones_ship(database: Database) -> None:
    (shipped,) = [each for each in shipped_versions() if each[0]["agreement"] == "children"]
    own = [{**wording, "title": f"{wording['title']} (ours)"} for wording in shipped]
    with database.writing() as db:
        agreements.publish(db, own, actor=SYSTEM)
    assert "children" not in {row.agreement_key for row in install(database)}
    with database.reading() as db:
        assert agreements.current(db, "children").title.endswith("(ours)")
        assert agreements.current(db, "staff").version_number == 1


def test_installing_publishes_every_shipped_wording_once(database: Database) -> None:
    assert {(row.agreement_key, row.reading_level) for row in install(database)} == {
        ("staff", "full"),
        ("parents", "full"),
        ("children", "full"),
        ("children", "younger"),
        ("image-uses", "full"),
    }
    assert install(database) == ()


@pytest.mark.parametrize(("key", "count"), [("staff", 17), ("parents", 7), ("children", 6), ("image-uses", 14)])
def test_the_current_wording_is_found_by_key(database: Database, key: str, count: int) -> None:
    install(database)
    with database.reading() as db:
        wording = agreements.current(db, key)
        assert len(wording.clauses) == count
        assert agreements.wording(db, wording.version_text_id) == wording
        assert agreements.wordings(db, [wording.version_text_id, 10_000]) == {wording.version_text_id: wording}


def test_the_younger_level_is_another_text_of_the_same_version(database: Database) -> None:
    install(database)
    with database.reading() as db:
        younger = agreements.current(db, "children", reading_level="younger")
        full = agreements.current(db, "children")
    assert younger.version_number == full.version_number
    assert younger.text_sha256 != full.text_sha256


def test_what_was_never_published_is_not_found(database: Database) -> None:
    with database.reading() as db:
        for key in ("parents", "nonsense"):
            with pytest.raises(NotFound):
                agreements.current(db, key)
        with pytest.raises(NotFound):
            agreements.wording(db, 1)
    install(database)
    with database.reading() as db, pytest.raises(NotFound):
        agreements.current(db, "parents", reading_level="younger")


def test_a_missing_language_falls_back_to_english_and_says_so(database: Database) -> None:
    install(database)
    translation = {**shipped("parents")[0], "language": "ur", "title": "والدین اور سرپرستوں کے لیے اصول"}
    with database.writing() as db:
        assert agreements.current(db, "parents", language="ur").language == "en"
        agreements.publish(db, [shipped("parents")[0], translation], actor=SYSTEM)
        assert agreements.current(db, "parents", language="ur").title == translation["title"]
        assert agreements.current(db, "parents", language="pl").language == "en"


def test_a_translation_that_drops_a_clause_is_refused(database: Database) -> None:
    install(database)
    translation = {**shipped("parents")[0], "language": "ur"}
    translation["clauses"] = translation["clauses"][:-1]
    with database.writing() as db, pytest.raises(Invalid):
        agreements.publish(db, [translation], actor=SYSTEM)


def test_a_published_number_never_takes_other_words(database: Database) -> None:
    install(database)
    (wording,) = shipped("parents")
    wording["clauses"][0]["body"] = "Phones may stay on."
    with database.writing() as db, pytest.raises(Conflict):
        agreements.publish(db, [wording], actor=SYSTEM)


def test_the_next_version_takes_the_next_number_and_becomes_current(database: Database) -> None:
    install(database)
    (wording,) = shipped("parents")
    wording["clauses"][0]["body"] = "Phones may stay on."
    with database.writing() as db:
        first = agreements.current(db, "parents")
        with pytest.raises(Conflict):
            agreements.publish(db, [{**wording, "version": 3}], actor=SYSTEM)
        agreements.publish(db, [{**wording, "version": 2}], material=False, actor=SYSTEM)
        second = agreements.current(db, "parents")
        assert (second.version_number, second.material) == (2, False)
        assert agreements.changed_clauses(first, second) == {"phones-off-inside"}
        assert agreements.wording(db, first.version_text_id) == first
        newest, oldest = agreements.versions(db, "parents")
    assert (newest.number, oldest.number) == (2, 1)
    assert [text.text_sha256 for text in oldest.texts] == [first.text_sha256]


def test_a_version_without_its_full_english_text_is_refused(database: Database) -> None:
    younger = next(text for text in shipped("children") if text["reading_level"] == "younger")
    with database.writing() as db:
        for wordings in (
            [younger],
            [],
            [*shipped("staff"), *shipped("parents")],
            [*shipped("staff"), *shipped("staff")],
        ):
            with pytest.raises(Invalid):
                agreements.publish(db, wordings, actor=SYSTEM)


def test_an_unknown_agreement_is_refused(database: Database) -> None:
    with database.writing() as db, pytest.raises(Invalid):
        agreements.publish(db, [{**shipped("parents")[0], "agreement": "visitors"}], actor=SYSTEM)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE version_text SET canonical = x'7b7d'",
        "UPDATE version_text SET text_sha256 = 'x'",
        "UPDATE agreement_version SET material = 0",
        "UPDATE agreement_version SET status = 'draft'",
        "DELETE FROM version_text",
        "DELETE FROM agreement_version",
        "REPLACE INTO version_text SELECT id, version_id, language, reading_level, x'7b7d', '' FROM version_text",
    ],
)
def test_the_database_itself_refuses_to_change_what_was_published(database: Database, statement: str) -> None:
    install(database)
    with pytest.raises(sa.exc.DatabaseError, match="history"), database.writing() as db:
        db.execute(sa.text(statement))


def test_bytes_that_changed_behind_our_back_are_never_shown(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(database)
    with database.writing() as db:
        assert agreements.damaged_texts(db) == ()
        text_id = agreements.current(db, "parents").version_text_id
        db.execute(sa.text("DROP TRIGGER version_text_no_update"))
        db.execute(
            sa.text("UPDATE version_text SET canonical = :canonical WHERE id = :id"),
            {"id": text_id, "canonical": b'{"title":"Phones on"}'},
        )
        assert [row.version_text_id for row in agreements.damaged_texts(db)] == [text_id]
        monkeypatch.setattr(service, "_known_texts", {})
        with pytest.raises(Conflict):
            agreements.current(db, "parents")
