"""How passwords are judged, hashed and compared."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from oval_aup.core.errors import Invalid
from oval_aup.core.i18n import _

LEAST_LENGTH = 12
_TOO_COMMON = ("password", "qwerty", "letmein", "welcome", "iloveyou", "123456", "abcdef", "football", "birmingham")


HASHER = PasswordHasher()
"""Argon2id at the library’s own cost."""


@cache
def _decoy() -> str:
    return HASHER.hash("nobody has this password")


def judge(password: str, *, email: str, school_name: str) -> None:
    """Refuse a password that is short or easy to guess; raises Invalid for the field ``password``."""
    flat = password.casefold().replace(" ", "")
    guessable = {part for part in (email.split("@")[0], *school_name.split()) if len(part) > 3}
    if len(password) < LEAST_LENGTH:
        problem = _("Use at least %(least)s characters. Three words in a row work well.", least=LEAST_LENGTH)
    elif len(password) > 200:
        problem = _("Use at most 200 characters.")
    elif len(set(flat)) < 5 or any(flat.startswith(word) and len(flat) < len(word) + 8 for word in _TOO_COMMON):
        problem = _("This password is easy to guess. Try three words that do not belong together.")
    elif any(word.casefold() in flat and len(flat) < len(word) + 8 for word in guessable):
        problem = _("Leave your own name and the school’s name out of your password.")
    else:
        return
    raise Invalid(fields={"password": problem})


def hash_password(password: str) -> str:
    """An argon2id hash, parameters and salt included."""
    return HASHER.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Compare in constant effort: an account without a password costs as much as one with."""
    try:
        return HASHER.verify(password_hash or _decoy(), password) and bool(password_hash)
    except (VerificationError, InvalidHashError):
        return False
