"""Decides how anyone proves who they are and what that lets them do: log-ins, private links, sessions, limits."""

from oval_aup.accounts.links import LinkRow, link, mint_link, revoke_links
from oval_aup.accounts.policy import PERMISSIONS, ROLES, allows
from oval_aup.accounts.service import (
    AccountRow,
    WrongAnswer,
    account,
    account_by_email,
    account_of,
    accounts_with_role,
    close_accounts,
    disable,
    log_in,
    open_account,
    open_accounts,
    pass_family_check,
    password_holds,
    set_password,
    set_role,
)
from oval_aup.accounts.sessions import Visitor, end, end_all, start, touch, visitor
from oval_aup.accounts.throttle import TooMany, bucket, check, note_failure

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "AccountRow",
    "LinkRow",
    "TooMany",
    "Visitor",
    "WrongAnswer",
    "account",
    "account_by_email",
    "account_of",
    "accounts_with_role",
    "allows",
    "bucket",
    "check",
    "close_accounts",
    "disable",
    "end",
    "end_all",
    "link",
    "log_in",
    "mint_link",
    "note_failure",
    "open_account",
    "open_accounts",
    "pass_family_check",
    "password_holds",
    "revoke_links",
    "set_password",
    "set_role",
    "start",
    "touch",
    "visitor",
]
