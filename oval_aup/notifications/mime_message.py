"""Builds the email itself: the same Message-ID on every attempt, text and HTML side by side, the PDF attached."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from oval_aup.core import clock
from oval_aup.notifications.outbox import LINK_MARK, MessageRow


@dataclass(frozen=True, slots=True)
class Sender:
    """Who letters come from: the school's name and the address that replies and bounces reach."""

    name: str
    address: str


def compose(
    message: MessageRow, *, sender: Sender, link: str = "", attachment: tuple[str, bytes] | None = None
) -> EmailMessage:
    """Build the email for one message; raises ValueError for an address or header that cannot be written."""
    letter = EmailMessage()
    letter["From"] = Address(sender.name, addr_spec=sender.address)
    letter["To"] = Address(addr_spec=message.to_address)
    letter["Subject"] = message.subject
    letter["Date"] = format_datetime(clock.now())
    letter["Message-ID"] = f"<{message.public_id}@{sender.address.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"  # what Exchange listens to instead
    letter.set_content(message.text.replace(LINK_MARK, link), cte="quoted-printable")
    letter.add_alternative(message.html.replace(LINK_MARK, link), subtype="html", cte="quoted-printable")
    if attachment is not None:
        file_name, content = attachment
        letter.add_attachment(content, maintype="application", subtype="pdf", filename=file_name)
    return letter
