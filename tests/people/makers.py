"""Small made-up exports in the shapes that school systems write."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.orm import Session

from oval_aup.core.actor import SYSTEM
from oval_aup.people import roster

CONTACT_HEADERS = [
    "Adno",
    "UPN",
    "Legal Forename",
    "Legal Surname",
    "Preferred Forename",
    "Date of Birth",
    "Year",
    "Reg",
    "Contact ID",
    "Priority",
    "Title",
    "Contact Forename",
    "Contact Surname",
    "Relationship",
    "Parental Responsibility",
    "Court Order",
    "Lives With Pupil",
    "Email",
    "Mobile",
]
CLASS_HEADERS = [
    "CHILD_FIRST_NAME",
    "CHILD_LAST_NAME",
    "CHILD_PREFERRED_FIRST_NAME",
    "CHILD_DATE_OF_BIRTH",
    "CHILD_YEAR_GROUP",
    "CHILD_REGISTRATION",
    "CHILD_UPN",
    "PARENT_1_NAME",
    "PARENT_1_RELATIONSHIP",
    "PARENT_1_EMAIL",
    "PARENT_1_PHONE",
    "PARENT_2_NAME",
    "PARENT_2_RELATIONSHIP",
    "PARENT_2_EMAIL",
    "PARENT_2_PHONE",
]
STAFF_HEADERS = [
    "Staff Code",
    "Title",
    "Forename",
    "Surname",
    "Post",
    "Class",
    "Work Email",
    "Start Date",
    "Line Manager",
]


def upn(number: int) -> str:
    """A sound UPN for a small number."""
    digits = f"330{number:09d}"
    weighed = sum(weight * int(digit) for weight, digit in zip(range(2, 14), digits, strict=True))
    return "ABCDEFGHJKLMNPQRTUVWXYZ"[weighed % 23] + digits


def sheet(
    headers: Sequence[str], rows: Iterable[Mapping[str, str]], *, delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    """The bytes of an export with these rows; cells not given are empty."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(headers)
    writer.writerows([row.get(header, "") for header in headers] for row in rows)
    return buffer.getvalue().encode(encoding)


def link(child: int, contact: int, **cells: str) -> dict[str, str]:
    """A row of a contacts list: child 1 is Leo Brown of 4C, contact 1 is Ann Brown, and so on."""
    forenames = ("Leo", "Maja", "Yusuf", "Zara", "Siân", "Ştefan")
    adults = ("Ann", "Bob", "Cass", "Dilys", "Ewa", "Farid")
    surnames = ("Brown", "Nowak", "Khan", "O'Neill", "Li", "Muñoz")
    row = {
        "Adno": str(10000 + child),
        "UPN": upn(child),
        "Legal Forename": forenames[(child - 1) % 6],
        "Legal Surname": surnames[(child - 1) // 6 % 6],
        "Date of Birth": f"{child % 27 + 1:02d}/06/2018",
        "Year": "4",
        "Reg": "4C",
        "Contact ID": f"C{contact}",
        "Priority": "1",
        "Title": "Mrs",
        "Contact Forename": adults[(contact - 1) % 6],
        "Contact Surname": surnames[(contact - 1) // 6 % 6],
        "Relationship": "Mother",
        "Parental Responsibility": "T",
        "Court Order": "N",
        "Lives With Pupil": "T",
        "Email": f"adult{contact}@example.org",
        "Mobile": f"07700 900{contact:03d}",
    }
    return row | {key.replace("_", " "): value for key, value in cells.items()}


def contacts(*rows: Mapping[str, str]) -> bytes:
    """A contacts list."""
    return sheet(CONTACT_HEADERS, rows)


def class_row(child: int, **cells: str) -> dict[str, str]:
    """The row of a class list for the same child as ``link`` makes, without parents."""
    same = link(child, 1)
    day, month, year = same["Date of Birth"].split("/")
    row = {
        "CHILD_FIRST_NAME": same["Legal Forename"],
        "CHILD_LAST_NAME": same["Legal Surname"],
        "CHILD_DATE_OF_BIRTH": f"{year}-{month}-{day}",
        "CHILD_YEAR_GROUP": same["Year"],
        "CHILD_REGISTRATION": same["Reg"],
        "CHILD_UPN": same["UPN"],
    }
    return row | cells


def class_list(*rows: Mapping[str, str]) -> bytes:
    """A class list with two parents per row."""
    return sheet(CLASS_HEADERS, rows)


def member(code: int, **cells: str) -> dict[str, str]:
    """A row of a staff list: 1 is Gwen Hughes, the head teacher."""
    forenames = ("Gwen", "Hana", "Idris", "Joan", "Kofi", "Lena")
    row = {
        "Staff Code": f"S{code:03d}",
        "Forename": forenames[(code - 1) % 6],
        "Surname": f"Hughes{code if code > 1 else ''}",
        "Post": "Head teacher" if code == 1 else "Class teacher",
        "Work Email": f"staff{code}@oval.example.org",
        "Start Date": "01/09/2015",
        "Line Manager": "" if code == 1 else "S001",
    }
    return row | {key.replace("_", " "): value for key, value in cells.items()}


def staff_list(*rows: Mapping[str, str]) -> bytes:
    """A staff list."""
    return sheet(STAFF_HEADERS, rows)


def look(db: Session, content: bytes, **options: object) -> roster.Preview:
    """Preview a list as the system."""
    return roster.preview(db, "list.csv", content, actor=SYSTEM, **options)  # type: ignore[arg-type]


def bring_in(db: Session, content: bytes, **options: object) -> roster.Applied:
    """Preview and apply a list as the system, meaning every leaver."""
    shown = look(db, content, **options)
    return roster.apply(db, shown.public_id, confirm_leavers=True, actor=SYSTEM)


def plan_of(shown: roster.Preview) -> roster.ImportPlan:
    """The plan of a preview that has one."""
    assert shown.plan is not None, shown.gaps
    return shown.plan


def sentences(shown: roster.Preview, severity: str = "") -> list[str]:
    """The problems of a preview as ``row: sentence``."""
    return [f"{p.row}: {p.sentence}" for p in plan_of(shown).problems if severity in {"", p.severity}]
