"""What a page may say about messages: that they are being sent, when they will be, or that none can be just now."""

from __future__ import annotations

import datetime as dt

from flask import Flask, g

from oval_aup import notifications
from oval_aup.core import clock
from oval_aup.core.i18n import _, ngettext
from oval_aup.core.templating import when


def install(app: Flask) -> None:
    """Let templates ask whether messages leave, and what a refusal says; asked only by pages about messages."""
    app.jinja_env.globals.update(mail_outage=outage, mailbox_is_full=notifications.mailbox_is_full)


def outage() -> notifications.Outage | None:
    """Why no message can leave at the moment, or None."""
    if not hasattr(g, "mail_outage"):
        g.mail_outage = notifications.outage(g.db)
    found: notifications.Outage | None = g.mail_outage
    return found


def of_messages(number: int, leave_at: dt.datetime) -> str:
    """What to say of messages that were queued just now, to be sent at a moment or at once."""
    if not number:
        return _("No message was sent.")
    if outage() is not None:
        return ngettext(
            "%(num)s message is waiting: email is not leaving the school at the moment. It will be sent when it does.",
            "%(num)s messages are waiting: email is not leaving the school at the moment."
            " They will be sent when it does.",
            number,
        )
    if leave_at > clock.now():
        return ngettext(
            "%(num)s message will be sent on %(when)s.",
            "%(num)s messages will be sent on %(when)s.",
            number,
            when=when(leave_at),
        )
    return ngettext("%(num)s message is being sent.", "%(num)s messages are being sent.", number)


def of_message(row: notifications.MessageRow) -> str:
    """The same of one message, which may have been asked for a while ago."""
    address = row.to_address
    if row.status == "sent":
        return _("A message was sent to %(address)s within the last few minutes.", address=address)
    if row.status in ("failed", "bounced", "uncertain"):
        return _("The message to %(address)s could not be sent: %(reason)s", address=address, reason=row.error)
    if outage() is not None:
        return _(
            "The message to %(address)s is waiting: email is not leaving the school at the moment."
            " It will be sent when it does.",
            address=address,
        )
    if row.next_attempt_at > clock.now():
        return _(
            "The message to %(address)s will be sent on %(when)s.", address=address, when=when(row.next_attempt_at)
        )
    return _("A message to %(address)s is being sent.", address=address)


def state(row: notifications.MessageRow) -> tuple[str, str] | None:
    """Tone and words for a message that waits, with the reason and the time; None for one that does not wait."""
    if row.status == "waiting":
        return "none", _("Waiting for its document")
    if row.status != "queued":
        return None
    if row.next_attempt_at > clock.now():
        again = bool(row.error)
        said = _("Next try: %(when)s", when=when(row.next_attempt_at)) if again else _will_be_sent(row.next_attempt_at)
        return ("wait" if again else "none"), said
    return ("wait", _("Waiting: no email leaves")) if outage() is not None else ("none", _("Being sent"))


def _will_be_sent(moment: dt.datetime) -> str:
    return _("Will be sent on %(when)s", when=when(moment))
