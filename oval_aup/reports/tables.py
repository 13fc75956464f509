"""The tables of other rooms that heavy reads look into, by name and column: nothing here is ever written."""

from __future__ import annotations

import sqlalchemy as sa

from oval_aup.core.db import UtcDateTime

request = sa.table(
    "signature_request",
    sa.column("id", sa.Integer),
    sa.column("public_id", sa.String),
    sa.column("school_year", sa.Integer),
    sa.column("agreement_key", sa.String),
    sa.column("person_id", sa.Integer),
    sa.column("way", sa.String),
    sa.column("status", sa.String),
    sa.column("asked_at", UtcDateTime),
    sa.column("due_on", sa.Date),
    sa.column("settled_at", UtcDateTime),
)
person = sa.table(
    "person",
    sa.column("id", sa.Integer),
    sa.column("public_id", sa.String),
    sa.column("pseudonym", sa.String),
    sa.column("forename", sa.String),
    sa.column("surname", sa.String),
    sa.column("preferred_forename", sa.String),
)
child = sa.table(
    "child",
    sa.column("person_id", sa.Integer),
    sa.column("class_id", sa.Integer),
    sa.column("archived_on", sa.Date),
)
guardian = sa.table(
    "guardian",
    sa.column("person_id", sa.Integer),
    sa.column("email", sa.String),
    sa.column("mobile", sa.String),
    sa.column("archived_on", sa.Date),
)
guardianship = sa.table(
    "guardianship",
    sa.column("child_id", sa.Integer),
    sa.column("guardian_id", sa.Integer),
    sa.column("parental_responsibility", sa.String),
    sa.column("contact_allowed", sa.Boolean),
    sa.column("lives_with", sa.Boolean),
    sa.column("ended_on", sa.Date),
)
staff_member = sa.table(
    "staff_member",
    sa.column("person_id", sa.Integer),
    sa.column("work_email", sa.String),
    sa.column("archived_on", sa.Date),
)
school_class = sa.table(
    "school_class",
    sa.column("id", sa.Integer),
    sa.column("public_id", sa.String),
    sa.column("name", sa.String),
    sa.column("year_group", sa.String),
    sa.column("archived_on", sa.Date),
)
trouble = sa.table(
    "address_trouble",
    sa.column("address", sa.String),
    sa.column("reason", sa.String),
    sa.column("noticed_at", UtcDateTime),
)
reminder = sa.table(
    "reminder",
    sa.column("campaign_id", sa.Integer),
    sa.column("person_id", sa.Integer),
    sa.column("step", sa.String),
    sa.column("taken_at", UtcDateTime),
)


def shown_forename(table: sa.FromClause = person) -> sa.ColumnElement[str]:
    """The forename people use, as one expression."""
    return sa.case((table.c.preferred_forename != "", table.c.preferred_forename), else_=table.c.forename)


def shown_name(table: sa.FromClause = person) -> sa.ColumnElement[str]:
    """The name people use, forename first, as one expression."""
    return shown_forename(table) + " " + table.c.surname
