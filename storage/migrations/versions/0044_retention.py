"""What lets old rows go without a look at all others; and room for those that change often."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# Rows of these change again and again in columns that no index has: with room beside them the new
# version stands in the same page, and the indexes stay as they are.
_ROOM = {"pace": 50, "lease": 50, "chat": 90}
# Looked through after so many dead rows, however large the table is.
_EAGER = {"delivery": 5000, "article": 5000, "match": 20_000, "pace": 2000, "chat": 5000}


def upgrade() -> None:
    op.create_index("ix_alert_article_id", "alert", ["article_id"])
    with op.batch_alter_table("editionstory") as table:
        table.drop_constraint("fk_editionstory_story_id_story", type_="foreignkey")
    if op.get_bind().dialect.name == "postgresql":
        for name, percent in _ROOM.items():
            op.execute(f"ALTER TABLE {name} SET (fillfactor = {percent})")
        for name, rows in _EAGER.items():
            op.execute(
                f"ALTER TABLE {name} SET (autovacuum_vacuum_scale_factor = 0,"
                f" autovacuum_vacuum_threshold = {rows},"
                f" autovacuum_analyze_scale_factor = 0.02,"
                f" autovacuum_analyze_threshold = {rows})"
            )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name in _ROOM:
            op.execute(f"ALTER TABLE {name} RESET (fillfactor)")
        for name in _EAGER:
            op.execute(
                f"ALTER TABLE {name} RESET (autovacuum_vacuum_scale_factor,"
                " autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor,"
                " autovacuum_analyze_threshold)"
            )
    # Of a story that is gone no edition is told any more; its row stays, unlooked at.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE editionstory ADD CONSTRAINT fk_editionstory_story_id_story"
            " FOREIGN KEY (story_id) REFERENCES story (id) ON DELETE CASCADE NOT VALID"
        )
    else:
        with op.batch_alter_table("editionstory") as table:
            table.create_foreign_key(
                "fk_editionstory_story_id_story", "story", ["story_id"], ["id"], ondelete="CASCADE"
            )
    op.drop_index("ix_alert_article_id", "alert")
