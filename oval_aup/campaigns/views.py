"""What other rooms may read of these tables in statements of their own; nothing is ever written through them."""

from __future__ import annotations

from oval_aup.campaigns.models import Reminder
from oval_aup.core.db import read_view

reminder = read_view(Reminder, "campaign_id", "person_id", "step", "taken_at")
