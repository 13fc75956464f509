"""What the office does about email as a whole: see whether it leaves, and correct what was wrongly called a bounce."""

from __future__ import annotations

from flask import flash, g, url_for
from flask.typing import ResponseReturnValue

from oval_aup import accounts, campaigns
from oval_aup.core.i18n import _, ngettext
from oval_aup.web import delivery_status
from oval_aup.web.access import allow, current_actor, current_visitor
from oval_aup.web.admin.blueprint import bp
from oval_aup.web.htmx import go
from oval_aup.web.unit_of_work import settings


@bp.post("/office/mail/test")
@allow("campaign.run")
def test_mail() -> ResponseReturnValue:
    """Send a test to whoever is logged in, at once, whatever pause there is after a failure."""
    address = accounts.account(g.db, current_visitor().account_public_id).email
    row = campaigns.send_test(g.db, address, school=settings().school, actor=current_actor("office"))
    queued = _(
        "A test to %(address)s is first in the queue. Reload this page to see its state.", address=row.to_address
    )
    flash(delivery_status.of_message(row) if row.status == "sent" else queued)
    return go(url_for(".mail"))


@bp.post("/office/mail/correct")
@allow("people.write")
def correct_bounces() -> ResponseReturnValue:
    """Correct the bounces that were not about the recipient; a second press finds none."""
    number = campaigns.correct_wrong_bounces(g.db, actor=current_actor("office"))
    corrected = ngettext("%(num)s entry is corrected.", "%(num)s entries are corrected.", number)
    waiting = len(campaigns.unsent_letters(g.db))
    more = ngettext("%(num)s message can be sent again.", "%(num)s messages can be sent again.", waiting)
    flash(f"{corrected} {more}" if number else _("There was nothing left to correct."))
    return go(url_for(".mail"))
