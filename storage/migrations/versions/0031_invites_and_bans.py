"""Invitations, who was let in, and who is shut out."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "invite",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("code", AutoString(length=32), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("code", name="uq_invite_code"),
    )
    op.create_table(
        "admission",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("invite_id", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("person_id", name="pk_admission"),
        sa.ForeignKeyConstraint(
            ["invite_id"], ["invite.id"], name="fk_admission_invite_id_invite", ondelete="SET NULL"
        ),
    )
    op.create_index("ix_admission_invite_id", "admission", ["invite_id"])
    op.create_table(
        "guessing",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_guessing"),
    )
    op.create_table(
        "ban",
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("telegram_id", name="pk_ban"),
    )
    op.add_column(
        "chat", sa.Column("was_paused", sa.Boolean(), nullable=False, server_default=sa.false())
    )


def downgrade() -> None:
    with op.batch_alter_table("chat") as table:
        table.drop_column("was_paused")
    for table_name in ("ban", "guessing", "admission", "invite"):
        op.drop_table(table_name)
