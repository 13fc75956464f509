"""The read views of other rooms that heavy reads are made of, under one name each."""

from __future__ import annotations

import sqlalchemy as sa

from oval_aup import campaigns, notifications, people, signing

reminder = campaigns.views.reminder
trouble = notifications.views.trouble
person = people.views.person
child = people.views.child
guardian = people.views.guardian
guardianship = people.views.guardianship
staff_member = people.views.staff_member
school_class = people.views.school_class
request = signing.views.request


def shown_forename(table: sa.FromClause = person) -> sa.ColumnElement[str]:
    """The forename people use, as one expression."""
    return sa.case((table.c.preferred_forename != "", table.c.preferred_forename), else_=table.c.forename)


def shown_name(table: sa.FromClause = person) -> sa.ColumnElement[str]:
    """The name people use, forename first, as one expression."""
    return shown_forename(table) + " " + table.c.surname
