"""Whatever a small school looks like, importing it twice changes nothing, and each list meets what the other made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from sqlalchemy.orm import Session

from oval_aup import people
from tests.people.makers import bring_in, class_list, class_row, contacts, link, look, plan_of

NAMES = st.sampled_from(["Ann", "Bob", "Siân", "Jean-Luc", "Zoë", "Ali"])
SURNAMES = st.sampled_from(["Brown", "O'Neill", "de la Cruz", "Khan", "Łukasik"])


@st.composite
def families(draw: st.DrawFn) -> list[dict[str, str]]:
    """Rows of a contacts list: up to five children and six adults, who may share names, mailboxes and children."""
    adults = [
        {
            "Contact_Forename": draw(NAMES),
            "Contact_Surname": draw(SURNAMES),
            "Email": draw(st.sampled_from(["", "home@example.org", f"adult{number}@example.org"])),
            "Mobile": draw(st.sampled_from(["", "07700 900123", f"07700 9002{number:02d}"])),
        }
        for number in range(6)
    ]
    rows = []
    for child in range(1, draw(st.integers(1, 5)) + 1):
        about = {
            "Legal_Forename": draw(NAMES),
            "Legal_Surname": draw(SURNAMES),
            "Reg": draw(st.sampled_from(["4A", "4B"])),
        }
        chosen = draw(st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True))
        for place, adult in enumerate(chosen, start=1):
            more = {"Relationship": f"Contact {adult}"}  # or else two who are the same in all are one person
            more |= {"Priority": str(place), "Parental_Responsibility": draw(st.sampled_from(["T", "F", ""]))}
            more["Court_Order"] = draw(st.sampled_from(["Y", "N", ""]))
            rows.append(link(child, adult + 1, **about, **adults[adult], **more))
    return rows


@contextmanager
def _undone(db: Session) -> Iterator[None]:
    """Take back whatever an example did, also where it failed."""
    savepoint = db.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()
        db.expire_all()


quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(rows=families())
def test_a_contacts_list_applied_twice_changes_nothing(db: Session, rows: list[dict[str, str]]) -> None:
    with _undone(db):
        bring_in(db, contacts(*rows))
        assert len(people.children(db)) == len({row["UPN"] for row in rows})
        known = {
            link.guardian.person_id
            for child in people.children(db)
            for link in people.guardians_of(db, child.person_id)
        }
        assert len(known) == len({row["Contact ID"] for row in rows})
        assert plan_of(look(db, contacts(*rows))).is_empty


@quick
@given(rows=families())
def test_a_class_list_applied_twice_changes_nothing(db: Session, rows: list[dict[str, str]]) -> None:
    with _undone(db):
        children: dict[str, dict[str, str]] = {}
        for row in rows:
            place = 1 if row["UPN"] not in children else 2
            told = children.setdefault(
                row["UPN"],
                class_row(
                    int(row["Adno"]) - 10000,
                    CHILD_FIRST_NAME=row["Legal Forename"],
                    CHILD_LAST_NAME=row["Legal Surname"],
                    CHILD_REGISTRATION=row["Reg"],
                ),
            )
            told[f"PARENT_{place}_NAME"] = f"{row['Contact Forename']} {row['Contact Surname']}"
            told[f"PARENT_{place}_EMAIL"] = row["Email"]
            told[f"PARENT_{place}_PHONE"] = row["Mobile"]
        content = class_list(*children.values())
        bring_in(db, content)
        again = plan_of(look(db, content))
        assert again.is_empty, again
