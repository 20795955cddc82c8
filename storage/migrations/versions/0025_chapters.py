"""Stories that continue others, and messages that reply to others."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Both name a row of their own table.
ADDED = {"story": "continues_id", "delivery": "reply_to_id"}


def upgrade() -> None:
    for name, column in ADDED.items():
        there = sa.text(f"{column} IS NOT NULL")
        # SQLite copies the table: of a key that is added to a column it would not tell the name.
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column(column, ROW_ID, nullable=True))
            table.create_foreign_key(
                f"fk_{name}_{column}_{name}", name, [column], ["id"], ondelete="SET NULL"
            )
        op.create_index(
            f"ix_{name}_{column}", name, [column], sqlite_where=there, postgresql_where=there
        )
    with op.batch_alter_table("alert") as table:
        table.drop_constraint("uq_alert_chat_id_story_id_chapter", type_="unique")
        table.create_unique_constraint("uq_alert_chat_id_story_id", ["chat_id", "story_id"])


def downgrade() -> None:
    with op.batch_alter_table("alert") as table:
        table.drop_constraint("uq_alert_chat_id_story_id", type_="unique")
        table.create_unique_constraint(
            "uq_alert_chat_id_story_id_chapter", ["chat_id", "story_id", "chapter"]
        )
    for name, column in ADDED.items():
        op.drop_index(f"ix_{name}_{column}", name)
        with op.batch_alter_table(name) as table:
            table.drop_constraint(f"fk_{name}_{column}_{name}", type_="foreignkey")
            table.drop_column(column)
