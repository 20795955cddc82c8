"""Up to four digests a day for each chat."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

EVERY_DAY_AT_EIGHT = "digest_minutes = 480 AND digest_weekdays = 127"


def upgrade() -> None:
    ids = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "slot",
        sa.Column("chat_id", ids, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "number", name="pk_slot"),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_slot_chat_id_chat", ondelete="CASCADE"
        ),
    )
    op.execute(
        "INSERT INTO slot (chat_id, number, minutes, weekdays) "  # noqa: S608 - our own words
        f"SELECT id, 0, digest_minutes, digest_weekdays FROM chat WHERE NOT ({EVERY_DAY_AT_EIGHT})"
    )
    op.drop_column("chat", "digest_minutes")
    op.drop_column("chat", "digest_weekdays")


def downgrade() -> None:
    for name, usual in (("digest_minutes", "480"), ("digest_weekdays", "127")):
        op.add_column("chat", sa.Column(name, sa.Integer(), nullable=False, server_default=usual))
    for name, kept in (("digest_minutes", "minutes"), ("digest_weekdays", "weekdays")):
        first = f"SELECT {kept} FROM slot WHERE chat_id = chat.id ORDER BY number LIMIT 1"  # noqa: S608
        op.execute(f"UPDATE chat SET {name} = COALESCE(({first}), {name})")  # noqa: S608
    op.drop_table("slot")
