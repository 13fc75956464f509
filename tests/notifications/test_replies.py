"""What a refusal is about, in the words of real servers; only the recipient's own fault marks an address."""

from __future__ import annotations

import pytest

from oval_aup.notifications import mailbox_is_full, spoke_of_recipient
from oval_aup.notifications.smtp_replies import MESSAGE, MOMENT, RECIPIENT, SENDER, SERVER, about

AT_RECIPIENT = [
    (550, "550 5.1.1 No such mailbox", RECIPIENT),
    (550, "550-5.1.1 The email account that you tried to reach does not exist. Check the recipient", RECIPIENT),
    (550, "550 User unknown", RECIPIENT),
    (550, "550", RECIPIENT),
    (550, "550 5.4.1 Recipient address rejected: Access denied", RECIPIENT),
    (550, "550 5.5.0 Requested action not taken: mailbox unavailable", RECIPIENT),
    (550, "550 5.2.1 The email account that you tried to reach is disabled", RECIPIENT),
    (552, "552 5.2.2 The mailbox of the recipient exceeded its quota", RECIPIENT),
    (550, "550 5.4.5 Daily user sending limit exceeded", SENDER),
    (550, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", SENDER),
    (550, "550 Blocked by reputation of your IP", SENDER),
    (550, "550 5.7.1 Unable to relay", SERVER),
    (554, "554 5.7.1 <x@example.org>: Relay access denied", SERVER),
    (530, "530 5.7.57 Client not authenticated to send mail", SERVER),
    (550, "550 Administrative prohibition", MESSAGE),
    (421, "421 4.3.2 Service not available, closing transmission channel", SERVER),
    (450, "450 4.7.1 Greylisted, come back later", MOMENT),
    (452, "452 4.2.2 Mailbox full", MOMENT),
    (450, "450 4.2.1 The user you are trying to contact is receiving mail at a rate that is too high", MOMENT),
    (550, "550 5.2.1 The user you are trying to contact is receiving mail at a rate that is too high", MOMENT),
    (451, "451 4.7.500 Server busy", SENDER),
    (452, "452 4.3.1 Insufficient system storage", SERVER),
    (454, "454 4.7.0 Temporary authentication failure", SERVER),
]
AFTER_TEXT = [
    (554, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", SENDER),
    (550, "550 5.1.90 Your message can't be sent because you've reached your daily limit for recipients", SENDER),
    (550, "550 5.1.8 Access denied, bad outbound sender", SENDER),
    (550, "550 5.7.233 Your tenant exceeded its daily limit for external recipients", SENDER),
    (550, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", SENDER),
    (432, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", SENDER),
    (552, "552 5.2.2 Mailbox full", RECIPIENT),
    (550, "550 5.1.1 Mailbox does not exist", RECIPIENT),
    (552, "552 5.3.4 Message too big for system", MESSAGE),
    (552, "552 5.2.3 Message too large for this recipient", MESSAGE),
    (554, "554 5.7.1 Looks like spam", MESSAGE),
    (554, "554 5.6.0 Attachment not allowed", MESSAGE),
    (554, "554", MESSAGE),
]


@pytest.mark.parametrize(("code", "words", "expected"), AT_RECIPIENT)
def test_a_refusal_while_the_recipient_is_named(code: int, words: str, expected: str) -> None:
    assert about(code, words, of_recipient=True) == expected


@pytest.mark.parametrize(("code", "words", "expected"), AFTER_TEXT)
def test_a_refusal_of_the_whole_message(code: int, words: str, expected: str) -> None:
    assert about(code, words) == expected


@pytest.mark.parametrize(("code", "words", "expected"), AT_RECIPIENT + AFTER_TEXT)
def test_a_kept_reply_is_judged_as_it_was(code: int, words: str, expected: str) -> None:
    assert spoke_of_recipient(words) == (expected == RECIPIENT)


@pytest.mark.parametrize(
    ("reply", "full"),
    [
        ("552 5.2.2 Mailbox full", True),
        ("552 5.2.2 The recipient's inbox is out of storage space", True),
        ("550 Mailbox is full", True),
        ("552 The user is over quota", True),
        ("550 5.1.1 No such mailbox", False),
        ("550 5.2.1 Full name unknown, mailbox disabled", False),
        ("550 User unknown", False),
    ],
)
def test_a_full_mailbox_is_told_from_a_wrong_address(reply: str, full: bool) -> None:
    assert mailbox_is_full(reply) == full
