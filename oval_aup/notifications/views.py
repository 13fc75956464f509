"""What other rooms may read of these tables in statements of their own; nothing is ever written through them."""

from __future__ import annotations

from oval_aup.core.db import read_view
from oval_aup.notifications.models import AddressTrouble

trouble = read_view(AddressTrouble, "address", "reason", "noticed_at")
