"""An article of a chat's own feed is a row of that feed; the public one is made without it.

What private feeds carried until now stays as it is: it counts as public.
"""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBERED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    with op.batch_alter_table("article", table_kwargs=NUMBERED) as table:
        table.add_column(sa.Column("scope_id", ROW_ID, nullable=False, server_default="0"))
        table.drop_constraint("uq_article_url_hash", type_="unique")
        table.create_unique_constraint("uq_article_url_hash_scope_id", ["url_hash", "scope_id"])
    with op.batch_alter_table("articleaddress") as table:
        table.add_column(sa.Column("scope_id", ROW_ID, nullable=False, server_default="0"))
        table.drop_constraint("pk_articleaddress", type_="primary")
        table.create_primary_key("pk_articleaddress", ["url_hash", "scope_id"])
    op.add_column(
        "awaitedpage",
        sa.Column("private", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    op.drop_column("awaitedpage", "private")
    op.execute("DELETE FROM articleaddress WHERE scope_id <> 0")
    op.execute("DELETE FROM article WHERE scope_id <> 0")
    with op.batch_alter_table("articleaddress") as table:
        table.drop_constraint("pk_articleaddress", type_="primary")
        table.create_primary_key("pk_articleaddress", ["url_hash"])
        table.drop_column("scope_id")
    with op.batch_alter_table("article", table_kwargs=NUMBERED) as table:
        table.drop_constraint("uq_article_url_hash_scope_id", type_="unique")
        table.create_unique_constraint("uq_article_url_hash", ["url_hash"])
        table.drop_column("scope_id")
