"""Publishing the rule sets that come with the product, each wording with its entry in the ledger."""

from __future__ import annotations

from sqlalchemy.orm import Session

from oval_aup import agreements, evidence, signing
from oval_aup.core.actor import Actor


def publish_shipped_rules(db: Session, *, actor: Actor) -> tuple[agreements.Wording, ...]:
    """Publish the shipped wordings that are not published yet and return those; safe to repeat."""
    published = agreements.install_rulesets(db, actor=actor)
    for wording in published:
        evidence.append(
            db,
            "published",
            subject="school",
            act={"material": wording.material, "clauses": [clause.key for clause in wording.clauses]},
            document=signing.document_ref(wording),
            idempotency_key=f"published:{wording.text_sha256}",
            actor=actor,
        )
    return published


def rules_published(db: Session) -> bool:
    """Whether every rule set that a sign-up asks about has a wording in force."""
    return all(agreements.is_published(db, key) for key in agreements.AGREEMENTS)
