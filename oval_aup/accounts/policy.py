"""Which role may do what: one table, everything not in it refused."""

from __future__ import annotations

ROLES = ("admin", "head", "teacher", "staff", "governor")

_STAFF = frozenset({"sign.own", "account.own"})
_CLASS = frozenset({"class.own", "class.session", "photos.check"})
_READ = frozenset({"coverage.read", "reports.read", "agreements.read"})
_KEEPING = frozenset({"retention.read", "retention.decide"})
_PEOPLE = frozenset({"people.read", "choices.read", "records.read", "images.block", "notes.write"})

GRANTS: dict[str, frozenset[str]] = {
    "admin": _STAFF
    | _READ
    | _PEOPLE
    | _KEEPING
    | {
        "office",
        "roster.import",
        "people.write",
        "campaign.run",
        "answers.record",
        "reports.make",
        "accounts.write",
        "class.any",
        "class.session",
        "photos.check",
    },
    "head": _STAFF
    | _READ
    | _PEOPLE
    | _KEEPING
    | {"office", "reports.make", "agreements.approve", "class.any", "photos.check"},
    "teacher": _STAFF | _CLASS,
    "staff": _STAFF | {"photos.check"},
    "governor": _STAFF | _READ | {"office"},
    "family": frozenset({"family"}),
    "kiosk": frozenset({"kiosk"}),
}
"""Role to permissions. ``family`` and ``kiosk`` come with a private link and a class device; no account has them."""

PERMISSIONS = frozenset().union(*GRANTS.values())


def allows(role: str, permission: str) -> bool:
    """Whether a role carries a permission; an unknown role carries none."""
    return permission in GRANTS.get(role, frozenset())
