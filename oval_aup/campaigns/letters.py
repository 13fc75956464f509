"""What each email says: one function per kind, none of which puts a child's name or a choice into words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import lru_cache

from markupsafe import escape

from oval_aup.core import i18n, templating
from oval_aup.core.i18n import _
from oval_aup.core.school import School
from oval_aup.notifications import LINK_MARK, Letter

_NAME_MARK = "FORENAME-GOES-HERE"


def ask(
    school: School,
    *,
    forename: str,
    language: str,
    tasks: Sequence[str],
    due_on: dt.date,
    works_here: bool = False,
    no_password: bool = False,
) -> Letter:
    """Ask a guardian for everything they owe; one who also works here is sent to the staff rules as well."""
    return letter(
        "ask",
        school,
        language=language,
        forename=forename,
        tasks=tasks,
        due_on=due_on,
        link=LINK_MARK,
        no_password=no_password,
        staff_link=_staff_link(school, no_password=no_password) if works_here else "",
    )


def staff_ask(school: School, *, forename: str, due_on: dt.date, no_password: bool = False) -> Letter:
    """Ask a staff member to read and sign the staff rules; without a password the letter brings the link for one."""
    return letter(
        "staff-ask",
        school,
        forename=forename,
        due_on=due_on,
        no_password=no_password,
        staff_link=LINK_MARK if no_password else _staff_link(school),
    )


def reminder(
    school: School,
    *,
    forename: str,
    language: str,
    tasks: Sequence[str],
    due_on: dt.date,
    today: dt.date,
    family: bool,
    works_here: bool,
    no_password: bool = False,
    last: bool = False,
) -> Letter:
    """Remind an adult of everything that is still open; the last one says that it is the last."""
    staff_link = _staff_link(school, no_password=no_password) if works_here else ""
    return letter(
        "last-reminder" if last else "reminder",
        school,
        language=language,
        forename=forename,
        tasks=tasks,
        due_on=due_on,
        overdue=today > due_on,
        link=LINK_MARK if family else "",
        no_password=no_password,
        staff_link=LINK_MARK if no_password and not family else staff_link,
    )


def escalation(school: School, *, forename: str, families: int, colleagues: int, office: bool = False) -> Letter:
    """Tell a class teacher, line manager or the office how many have stayed silent; the list is behind the log-in."""
    return letter(
        "escalation",
        school,
        forename=forename,
        families=families,
        colleagues=colleagues,
        office=office,
        list_link=f"{school.base_url}/office/outstanding" if office else f"{school.base_url}/staff/unanswered",
    )


def receipt(school: School, *, forename: str, language: str, next_year: int, family: bool) -> Letter:
    """Send the receipt that travels as an attachment; a guardian's letter carries the link to their family page."""
    unnamed = _unnamed_receipt(school, language, next_year, family, bool(forename))
    return Letter(
        subject=unnamed.subject,
        text=unnamed.text.replace(_NAME_MARK, forename),
        html=unnamed.html.replace(_NAME_MARK, escape(forename)),
    )


@lru_cache(maxsize=64)
def _unnamed_receipt(school: School, language: str, next_year: int, family: bool, named: bool) -> Letter:
    """Put together once: it differs in the name alone, and every family's last post waits for it."""
    return letter(
        "receipt",
        school,
        language=language,
        forename=_NAME_MARK if named else "",
        next_year=next_year,
        link=LINK_MARK if family else "",
    )


def new_link(school: School, *, forename: str, language: str, only_for: str = "") -> Letter:
    """Replace a private link that ran out; ``only_for`` names the person where several share the mailbox."""
    return letter("new-link", school, language=language, forename=forename, only_for=only_for, link=LINK_MARK)


def set_password(school: School, *, forename: str, first: bool = False) -> Letter:
    """Let a staff member choose a password, the first one or another."""
    return letter("set-password", school, forename=forename, first=first, link=LINK_MARK)


def declined(school: School, *, person_public_id: str) -> Letter:
    """Tell the office that somebody does not agree; who and why is behind the log-in."""
    return letter("declined", school, page=f"{school.base_url}/office/people/{person_public_id}")


def head(school: School, *, today: dt.date, size: int, line: str, checker: str, checker_sha256: str) -> Letter:
    """Send a witness the signed head of the ledger, and by which hash the checker of packs is known."""
    return letter(
        "head",
        school,
        today=today,
        size=size,
        line=line,
        checker=checker,
        checker_sha256=checker_sha256,
        page=f"{school.base_url}/verify",
    )


def ledger_alarm(school: School, *, today: dt.date, finding: str) -> Letter:
    """Tell the office and the witnesses that the ledger is not what was written."""
    return letter("ledger-alarm", school, today=today, finding=finding)


def papers_late(school: School, *, number: int, reason: str) -> Letter:
    """Tell the office that receipts and records are not getting made, and why."""
    return letter("papers-late", school, number=number, reason=reason, page=f"{school.base_url}/office/evidence")


def erasure_proposed(school: School, *, batch: str) -> Letter:
    """To the second person, who approves or refuses that a record goes before its time."""
    page = f"{school.base_url}/office/retention/decisions/{batch}/approve"
    return letter("erasure-proposed", school, page=page)


def pack_erased(school: School, *, forename: str, title: str, at: dt.datetime) -> Letter:
    """Tell whoever ordered an evidence pack that an erasure deleted it; whose is nobody's business."""
    page = f"{school.base_url}/office/packs"
    return letter("pack-erased", school, forename=forename, title=title, at=at, page=page)


def test(school: School, *, asked_at: dt.datetime) -> Letter:
    """Show that email leaves the school."""
    return letter("test", school, asked_at=asked_at)


def certificate(school: School, *, ends_on: dt.date, days: int) -> Letter:
    """Warn the office that the certificate which seals is about to end."""
    return letter("certificate", school, ends_on=ends_on, days=days)


def permission_ended(school: School, *, forename: str, children: int, page: str) -> Letter:
    """Tell a class teacher, or the office, at once that pictures may not be used any more; whose is behind the log-in.

    Without a forename it is written to the office, about classes that have no teacher.
    """
    return letter("choice-changed", school, forename=forename, children=children, page=page)


def permissions_changed(school: School, *, forename: str, children: int, page: str) -> Letter:
    """Tell a class teacher, or the office, once a day for how many children permission has changed."""
    return letter("choices-today", school, forename=forename, children=children, page=page)


def letter(kind: str, school: School, *, language: str = "en", **context: object) -> Letter:
    """Render ``templates/email/<kind>`` in a language."""
    spoken = i18n.languages(language)
    with i18n.use_language(spoken):
        shared: dict[str, object] = {"school": school, "language": spoken, **context}
        shared["greeting"] = greeting(str(context.get("forename", "")))
        subject = " ".join(templating.page(f"email/{kind}/subject.txt", **shared).split())
        return Letter(
            subject=subject,
            text=templating.page(f"email/{kind}/body.txt", subject=subject, **shared).strip() + "\n",
            html=templating.page(f"email/{kind}/body.html", subject=subject, **shared),
        )


def greeting(name: str) -> str:
    """The first line of a letter, which is never made from half a name: without one nobody is named."""
    return _("Dear %(name)s,", name=name) if name else _("Hello,")


def _staff_link(school: School, *, no_password: bool = False) -> str:
    """Where the staff rules wait, or where whoever has no password asks for the link to choose one."""
    return f"{school.base_url}/staff/forgotten" if no_password else f"{school.base_url}/staff"
