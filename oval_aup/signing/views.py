"""What other rooms may read of these tables in statements of their own; nothing is ever written through them."""

from __future__ import annotations

from oval_aup.core.db import read_view
from oval_aup.signing.models import SignatureRequest

request = read_view(
    SignatureRequest,
    "id",
    "public_id",
    "school_year",
    "agreement_key",
    "person_id",
    "way",
    "status",
    "asked_at",
    "due_on",
    "settled_at",
)
