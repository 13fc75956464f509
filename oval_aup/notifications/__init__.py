"""How a message leaves the house: the outbox, the channels, the sending, and the addresses that mail does not reach.

It takes finished letters and pseudonyms and knows nothing of why anyone is written to.
"""

from oval_aup.notifications import views
from oval_aup.notifications.bounced_addresses import BouncedAddressRow, all_trouble, clear_trouble, troubled_addresses
from oval_aup.notifications.channels import (
    Channel,
    ChannelDown,
    FolderChannel,
    NoMailServer,
    PermanentRefusal,
    TemporaryRefusal,
    UncertainDelivery,
)
from oval_aup.notifications.erasing import erase_messages, mail_file, messages_with_words, old_messages
from oval_aup.notifications.mime_message import Sender
from oval_aup.notifications.oauth import Google, Microsoft, Tokens, google_from_file
from oval_aup.notifications.outages import Outage, outage, try_now
from oval_aup.notifications.outbox import (
    LINK_MARK,
    GivenUp,
    Letter,
    MessageRow,
    OutboxCounts,
    assume_sent,
    awaited_documents,
    bounce,
    cancel,
    enqueue,
    given_up,
    latest,
    message,
    messages_in,
    messages_to,
    outbox_counts,
    release,
    retry,
    rewrite,
    send_at_once,
)
from oval_aup.notifications.sending import SendCounts, send_due
from oval_aup.notifications.smtp import LOOPBACK, SmtpChannel, smtp_channel
from oval_aup.notifications.smtp_replies import mailbox_is_full, spoke_of_recipient

__all__ = [
    "LINK_MARK",
    "LOOPBACK",
    "BouncedAddressRow",
    "Channel",
    "ChannelDown",
    "FolderChannel",
    "GivenUp",
    "Google",
    "Letter",
    "MessageRow",
    "Microsoft",
    "NoMailServer",
    "Outage",
    "OutboxCounts",
    "PermanentRefusal",
    "SendCounts",
    "Sender",
    "SmtpChannel",
    "TemporaryRefusal",
    "Tokens",
    "UncertainDelivery",
    "all_trouble",
    "assume_sent",
    "awaited_documents",
    "bounce",
    "cancel",
    "clear_trouble",
    "enqueue",
    "erase_messages",
    "given_up",
    "google_from_file",
    "latest",
    "mail_file",
    "mailbox_is_full",
    "message",
    "messages_in",
    "messages_to",
    "messages_with_words",
    "old_messages",
    "outage",
    "outbox_counts",
    "release",
    "retry",
    "rewrite",
    "send_at_once",
    "send_due",
    "smtp_channel",
    "spoke_of_recipient",
    "troubled_addresses",
    "try_now",
    "views",
]
