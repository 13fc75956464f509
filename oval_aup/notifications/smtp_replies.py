"""Decides what a mail server's refusal is about; only a refusal of the recipient ever marks an address as bad.

The server spoken to is the school's own, so its refusals are as often about the school's account and its limits as
about a family's mailbox. Where a reply does not say clearly that the recipient is the reason, no address is blamed.
"""

from __future__ import annotations

import re

RECIPIENT, MESSAGE, SENDER, SERVER, MOMENT = "recipient", "message", "sender", "server", "moment"
"""Whom or what a refusal is about. ``moment``: nothing is wrong, this message should be tried again later."""

_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
"""The enhanced status code (RFC 3463)."""

_RECIPIENT_CODES = frozenset(
    {"1.0", "1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1", "2.2", "4.310"}  # 4.310: the domain does not exist
)
_MESSAGE_CODES = re.compile(r"2\.3|3\.4|6\.\d+")
_SENDER_CODES = re.compile(
    r"1\.7|1\.8|1\.90"  # bad sender, blocked sender, daily recipient limit
    r"|4\.5"  # daily sending limit (Google)
    r"|7\.(?:2[5-9]|60|23[0-9]|5[01]\d|7\d\d)"  # sender not proved, may not send as, limits of a tenant, banned, limits
)
_SERVER_CODES = re.compile(r"3\.[0-35]|5\.\d+|7\.(?:3|8|9|11|14|30|57)")
_TEMPORARY_SENDER_CODES = re.compile(r"7\.28|7\.[57]\d\d")

_SENDER_WORDS = re.compile(
    r"submission\W*quota|quotaexceeded(?:exception)?\b|user sending|outbound|sender thread limit"
    r"|(?:daily|hourly|monthly|sending|message|rate|relay|submission|outgoing)[ -](?:\w+[ -]){0,3}(?:limit|quota)"
    r"|(?:limit|quota) for (?:message |external )?(?:recipients|messages|sending)"
    r"|rate[ -]?limit|throttl|too many (?:messages|recipients|e-?mails|log-?ins)"
    r"|(?:bad|invalid|denied|blocked|unverified|suspended|unauthenticated) sender|sender (?:address |domain )?"
    r"(?:rejected|denied|blocked|banned|not |is not|verif|suspended)|not (?:allowed|permitted|authori[sz]ed) to send"
    r"|your (?:account|tenant|organi[sz]ation|domain|ip|server)\b|reputation|spamhaus|block ?list|blacklist",
    re.IGNORECASE,
)
_SERVER_WORDS = re.compile(
    r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|unable to relay|cannot relay|authenticat|starttls"
    r"|service (?:not|un)\s?available|shutting down|closing (?:transmission|connection)|insufficient system"
    r"|out of (?:disk|memory)|too many connections|concurrent connections",
    re.IGNORECASE,
)
_RECIPIENT_WORDS = re.compile(
    r"\b(?:user|mailbox|recipient|address|account|domain|host|addressee)\b.{0,80}"
    r"\b(?:unknown|not found|doesn.?t exist|does not exist|not exist|unavailable|invalid|disabled|inactive|full"
    r"|over ?quota|not (?:a )?(?:known|valid)|unrouteable|undeliverable|no longer)"
    r"|\b(?:no such|unknown|invalid|bad|nonexistent) (?:local )?(?:user|mailbox|recipient|address|account|domain|host"
    r"|person)\b|over (?:its |their )?quota",
    re.IGNORECASE,
)
_MOMENT_WORDS = re.compile(
    r"receiving (?:mail|messages) (?:at a rate|too quickly)|recipient thread limit", re.IGNORECASE
)

_FULL_WORDS = re.compile(r"\b(?:mail)?box\b.{0,40}\bfull\b|\bfull\b.{0,20}mailbox|quota", re.IGNORECASE)

_MAILBOX_REPLIES = frozenset({550, 551, 553})
"""Replies that RFC 5321 keeps for the mailbox."""


def about(code: int, words: str, *, of_recipient: bool = False) -> str:
    """What one refusal is about; ``of_recipient`` says that the server was asked to accept the recipient just then."""
    found = _ENHANCED.search(words)
    status = f"{int(found[2])}.{int(found[3])}" if found else ""
    if _MOMENT_WORDS.search(words):
        return MOMENT
    if code == 421:
        return SENDER if _SENDER_WORDS.search(words) else SERVER
    if not 500 <= code < 600:
        return _temporary(status, words)
    if _SENDER_CODES.fullmatch(status) or (status not in {"2.2"} and _SENDER_WORDS.search(words)):
        return SENDER
    if status in _RECIPIENT_CODES or (status == "4.1" and "recipient address" in words.casefold()):
        return RECIPIENT  # 5.4.1 is how Exchange refuses an address that its directory does not have
    if _MESSAGE_CODES.fullmatch(status):
        return MESSAGE
    if _SERVER_CODES.fullmatch(status) and not _RECIPIENT_WORDS.search(words):
        return SERVER
    if _SERVER_WORDS.search(words):
        return SERVER
    if _RECIPIENT_WORDS.search(words) and (of_recipient or code in _MAILBOX_REPLIES):
        return RECIPIENT
    said = words.removeprefix(str(code)).strip(" -")
    return RECIPIENT if of_recipient and code in _MAILBOX_REPLIES and not said else MESSAGE


def _temporary(status: str, words: str) -> str:
    if _TEMPORARY_SENDER_CODES.fullmatch(status) or _SENDER_WORDS.search(words):
        return SENDER
    return SERVER if status == "3.2" or _SERVER_WORDS.search(words) else MOMENT


def spoke_of_recipient(reply: str) -> bool:
    """Whether a reply as it was kept, code first, gives the recipient as the reason."""
    code = reply[:3]
    return not code.isdigit() or about(int(code), reply, of_recipient=True) == RECIPIENT


def mailbox_is_full(reply: str) -> bool:
    """Whether a reply that refused the recipient says that their mailbox is full: then the address itself is right."""
    found = _ENHANCED.search(reply)
    if found:
        return (found[2], found[3]) == ("2", "2")
    return bool(_FULL_WORDS.search(reply))
