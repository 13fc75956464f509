"""Evidence packs, records kept fresh, and an index of who acted in an entry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006_packs"
down_revision = "0005_retention"


def upgrade() -> None:
    op.add_column("document", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("document", sa.Column("through", sa.Integer(), server_default="0", nullable=False))
    op.add_column("document", sa.Column("handed_out_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_document_queue", table_name="document")
    op.create_index("ix_document_queue", "document", ["status", "priority", "next_attempt_at"], unique=False)
    _follow_the_ledger()
    _packs()


def _follow_the_ledger() -> None:
    op.create_table(
        "ledger_trace",
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", "seq", name=op.f("pk_ledger_trace")),
    )
    op.create_index(op.f("ix_ledger_trace_seq"), "ledger_trace", ["seq"], unique=False)
    watermark = op.create_table(
        "watermark",
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_watermark")),
    )
    op.bulk_insert(watermark, [{"name": "traces", "seq": 0, "noted_at": None}])
    op.create_table(
        "record_due",
        sa.Column("pseudonym", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_record_due")),
    )
    op.create_index(op.f("ix_record_due_due_at"), "record_due", ["due_at"], unique=False)


def _packs() -> None:
    op.create_table(
        "pack",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=36), nullable=False),
        sa.Column("scope", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("ordered_size", sa.Integer(), nullable=False),
        sa.Column("head", sa.JSON(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["requested_by_id"], ["person.id"], name=op.f("fk_pack_requested_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pack")),
        sa.UniqueConstraint("public_id", name=op.f("uq_pack_public_id")),
    )
    op.create_index(op.f("ix_pack_status"), "pack", ["status"], unique=False)
    op.create_table(
        "pack_member",
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("dedupe_key", sa.String(length=160), nullable=False),
        sa.Column("through", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["document_id"], ["document.id"], name=op.f("fk_pack_member_document_id")),
        sa.ForeignKeyConstraint(["pack_id"], ["pack.id"], name=op.f("fk_pack_member_pack_id")),
        sa.PrimaryKeyConstraint("pack_id", "number", name=op.f("pk_pack_member")),
    )
    op.create_index(op.f("ix_pack_member_document_id"), "pack_member", ["document_id"], unique=False)
    op.create_table(
        "pack_file",
        sa.Column("pack_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["pack_id"], ["pack.id"], name=op.f("fk_pack_file_pack_id")),
        sa.PrimaryKeyConstraint("pack_id", "name", name=op.f("pk_pack_file")),
    )
