"""Says in plain words how a person was identified and by what way an act reached the school."""

from __future__ import annotations

from oval_aup.core.i18n import gettext_noop

# Read at import, when the language is English: these are the keys that records and pages translate on use.
ASSURANCES: dict[str, str] = {
    "staff-login": gettext_noop("Logged in with a staff email address and its own password."),
    "link-and-birth-date": gettext_noop(
        "Opened a private link sent to the email address that the school holds, and gave a child’s date of birth."
    ),
    "letter-code": gettext_noop(
        "Typed the code from a letter that the school handed over, and gave a child’s date of birth."
    ),
    "in-person": gettext_noop("In person at the school, with a named member of staff present."),
    "in-class": gettext_noop("In class, with a named teacher present."),
    "paper-scan": gettext_noop("Signed a paper form, which the school office holds and entered here."),
    "telephone": gettext_noop("By telephone with the school office, which entered the answers here."),
    "shared-link-and-birth-date": gettext_noop(
        "Opened a private link sent to an email address that more than one person uses, and gave a child’s date of "
        "birth. Another user of that address could have done the same."
    ),
    "none": gettext_noop("Not identified: recorded by the system itself."),
}
"""Code to plain words; the codes are in the ledger and never change their meaning."""

CHANNELS: dict[str, str] = {
    "link": gettext_noop("through their private link"),
    "login": gettext_noop("logged in as staff"),
    "class": gettext_noop("in a class session"),
    "office": gettext_noop("entered by the school office"),
    "paper": gettext_noop("on paper"),
    "phone": gettext_noop("by telephone"),
    "person": gettext_noop("in person"),
    "cli": gettext_noop("by a command on the school’s server"),
    "system": gettext_noop("by the system"),
}
"""Channel to the words that follow “recorded”."""
