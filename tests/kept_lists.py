"""Finds any way in which the school's lists were changed without a state of them being kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

_LINKS = """
SELECT child_id, guardian_id, relationship_name, parental_responsibility, contact_allowed, ended_on FROM guardianship
EXCEPT
SELECT child_id, guardian_id, relationship_name, parental_responsibility, contact_allowed, ended_on
FROM guardianship_state WHERE id IN (SELECT max(id) FROM guardianship_state GROUP BY child_id, guardian_id)
"""
_CLASSES = """
SELECT child.person_id, coalesce(school_class.name, ''), child.year_group, child.archived_on
FROM child LEFT JOIN school_class ON school_class.id = child.class_id
EXCEPT
SELECT child_id, class_name, year_group, left_on
FROM child_class_state WHERE id IN (SELECT max(id) FROM child_class_state GROUP BY child_id)
"""
_STAFF = """
SELECT person_id, archived_on FROM staff_member
EXCEPT
SELECT person_id, left_on FROM staff_state WHERE id IN (SELECT max(id) FROM staff_state GROUP BY person_id)
"""
FIRST_KEPT_IN = {_LINKS: "0007", _CLASSES: "0007", _STAFF: "0010"}
"""The revision of a database, by its number, from which on these states are kept."""


def unkept(db: Session) -> list[tuple[object, ...]]:
    """What the lists say at present and the newest states do not; empty when both say the same."""
    db.flush()
    # Straight to the driver, so that tests which count statements count those of the product alone.
    driver: Any = db.connection().connection.driver_connection
    revision = driver.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    kept = [statement for statement, first in FIRST_KEPT_IN.items() if revision >= first]
    return [tuple(row) for statement in kept for row in driver.execute(statement).fetchall()]


def check(db: Session) -> None:
    """Refuse to go on with a change of the lists that left no state; before every commit and after every verb."""
    found = unkept(db)
    assert found == [], "the lists were changed without people.history.keep"
