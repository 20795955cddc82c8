"""Mailboxes, and deliveries to them."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "mailbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("address", AutoString(length=254), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.String(length=16), nullable=True),
        sa.Column("trouble_text", AutoString(), nullable=True),
        sa.Column("soft_bounces", sa.Integer(), nullable=False),
        sa.Column("soft_since", UTCDateTime(), nullable=True),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("code_hash", AutoString(length=64), nullable=True),
        sa.Column("token_hash", AutoString(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_mailbox_chat_id_chat", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        sa.UniqueConstraint("chat_id", name="uq_mailbox_chat_id"),
    )
    op.create_table(
        "mailboxrequest",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=True),
        sa.Column("address_hash", AutoString(length=64), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_mailboxrequest_chat_id_chat", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_mailboxrequest"),
    )
    op.create_index("ix_mailboxrequest_asked_at", "mailboxrequest", ["asked_at"])
    op.create_index("ix_mailboxrequest_chat_id", "mailboxrequest", ["chat_id"])
    _add_to_what_is_there()


def _add_to_what_is_there() -> None:
    # SQLite copies the table: of a key that is added to a column it would not tell the name.
    with op.batch_alter_table("delivery") as table:
        table.add_column(sa.Column("mailbox_id", ROW_ID, nullable=True))
        table.create_foreign_key(
            "fk_delivery_mailbox_id_mailbox",
            "mailbox",
            ["mailbox_id"],
            ["id"],
            ondelete="CASCADE",
        )
        table.create_index("ix_delivery_mailbox_id", ["mailbox_id"])
    op.add_column(
        "chat",
        sa.Column("digest_by", sa.String(length=16), nullable=False, server_default="telegram"),
    )


def downgrade() -> None:
    with op.batch_alter_table("chat") as table:
        table.drop_column("digest_by")
    with op.batch_alter_table("delivery") as table:
        table.drop_index("ix_delivery_mailbox_id")
        table.drop_constraint("fk_delivery_mailbox_id_mailbox", type_="foreignkey")
        table.drop_column("mailbox_id")
    op.drop_table("mailboxrequest")
    op.drop_table("mailbox")
