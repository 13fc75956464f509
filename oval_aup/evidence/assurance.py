"""Says in plain words how a person was identified and by what way an act reached the school."""

from __future__ import annotations

from oval_aup.core.i18n import later

# Read at import, when the language is English: these are the keys that records and pages translate on use.
ASSURANCES: dict[str, str] = {
    "staff-login": later("Logged in with a staff e-mail address and its own password."),
    "link-and-birth-date": later(
        "Opened a private link sent to the e-mail address that the school holds, and gave a child’s date of birth."
    ),
    "letter-code": later("Typed the code from a letter that the school handed over, and gave a child’s date of birth."),
    "in-person": later("In person at the school, with a named member of staff present."),
    "in-class": later("In class, with a named teacher present."),
    "paper-scan": later("Signed a paper form, which the school office holds and entered here."),
    "telephone": later("By telephone with the school office, which entered the answers here."),
    "shared-link-and-birth-date": later(
        "Opened a private link sent to an e-mail address that more than one person uses, and gave a child’s date of "
        "birth. Another user of that address could have done the same."
    ),
    "none": later("Not identified: recorded by the system itself."),
}
"""Code to plain words; the codes are in the ledger and never change their meaning."""

CHANNELS: dict[str, str] = {
    "link": later("through their private link"),
    "login": later("logged in as staff"),
    "class": later("in a class session"),
    "office": later("entered by the school office"),
    "paper": later("on paper"),
    "phone": later("by telephone"),
    "person": later("in person"),
    "cli": later("by a command on the school’s server"),
    "system": later("by the system"),
}
"""Channel to the words that follow “recorded”."""
