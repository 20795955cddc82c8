"""The first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = UTCDateTime()
TEXT = AutoString()
WORD = sa.String(16)

# On SQLite the index of the folded texts is an FTS5 table that follows `folded` by triggers. Every
# character but the space is part of a token, because folding has split the text already.
FULL_TEXT_INDEX = (
    """
    CREATE VIRTUAL TABLE folded_index USING fts5(
        title, text, content='folded', content_rowid='article_id',
        tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"
    )
    """,
    """
    CREATE TRIGGER folded_added AFTER INSERT ON folded BEGIN
        INSERT INTO folded_index(rowid, title, text) VALUES (new.article_id, new.title, new.text);
    END
    """,
    """
    CREATE TRIGGER folded_removed AFTER DELETE ON folded BEGIN
        INSERT INTO folded_index(folded_index, rowid, title, text)
        VALUES ('delete', old.article_id, old.title, old.text);
    END
    """,
    """
    CREATE TRIGGER folded_changed AFTER UPDATE ON folded BEGIN
        INSERT INTO folded_index(folded_index, rowid, title, text)
        VALUES ('delete', old.article_id, old.title, old.text);
        INSERT INTO folded_index(rowid, title, text) VALUES (new.article_id, new.title, new.text);
    END
    """,
)


def upgrade() -> None:
    op.create_table(
        "admin",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_admin"),
    )
    op.create_table(
        "admincode",
        sa.Column("code_hash", AutoString(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name="pk_admincode"),
    )
    op.create_table(
        "chat",
        sa.Column("owner", TEXT),
        sa.Column("lease_until", MOMENT),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("state_since", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("zone", TEXT, nullable=False),
        sa.Column("zone_guessed", sa.Boolean(), nullable=False),
        sa.Column("digest_minutes", sa.Integer(), nullable=False),
        sa.Column("digest_weekdays", sa.Integer(), nullable=False),
        sa.Column("empty_day", WORD, nullable=False),
        sa.Column("next_digest_at", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_chat"),
        sa.UniqueConstraint("telegram_id", "thread_id", name="uq_chat_telegram_id_thread_id"),
    )
    op.create_index("ix_chat_digest_due", "chat", ["next_digest_at"])

    op.create_table(
        "counter",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "lease",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("owner", TEXT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "pace",
        sa.Column("key", AutoString(length=64), nullable=False),
        sa.Column("tat", MOMENT, nullable=False),
        sa.Column("paused_until", MOMENT),
        sa.PrimaryKeyConstraint("key", name="pk_pace"),
    )
    op.create_table(
        "query",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("canonical", TEXT, nullable=False),
        sa.Column("canonical_hash", AutoString(length=32), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_query"),
        sa.UniqueConstraint("canonical_hash", name="uq_query_canonical_hash"),
    )
    op.create_index("ix_query_changed", "query", ["changed"])

    op.create_table(
        "source",
        sa.Column("owner", TEXT),
        sa.Column("lease_until", MOMENT),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", AutoString(length=2000), nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("host", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("own_network", sa.Boolean(), nullable=False),
        sa.Column("every_seconds", sa.Integer()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("etag", TEXT),
        sa.Column("last_modified", TEXT),
        sa.Column("body_hash", TEXT),
        sa.Column("next_fetch_at", MOMENT, nullable=False),
        sa.Column("fetched_at", MOMENT),
        sa.Column("succeeded_at", MOMENT),
        sa.Column("first_read_at", MOMENT),
        sa.Column("newest_at", MOMENT),
        sa.Column("rhythm_seconds", sa.Integer()),
        sa.Column("skip_hours", sa.Integer(), nullable=False),
        sa.Column("skip_days", sa.Integer(), nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", TEXT),
        sa.Column("trouble_text", TEXT),
        sa.Column("trouble_since", MOMENT),
        sa.Column("moved_to", TEXT),
        sa.Column("moved_seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_source"),
        sa.UniqueConstraint("url_hash", name="uq_source_url_hash"),
    )
    op.create_index("ix_source_due", "source", ["state", "next_fetch_at"])

    op.create_table(
        "story",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_story"),
    )
    op.create_table(
        "article",
        sa.Column("owner", TEXT),
        sa.Column("lease_until", MOMENT),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("summary", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("language", AutoString(length=8), nullable=False),
        sa.Column("published_at", MOMENT),
        sa.Column("published_on", sa.Date()),
        sa.Column("stored_at", MOMENT, nullable=False),
        sa.Column("news_at", MOMENT, nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("stage", WORD, nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name="fk_article_story_id_story"),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.UniqueConstraint("url_hash", name="uq_article_url_hash"),
    )
    op.create_index("ix_article_news_at", "article", ["news_at"])
    op.create_index(
        "ix_article_on_its_way",
        "article",
        ["stage", "id"],
        sqlite_where=sa.text("stage <> 'published'"),
        postgresql_where=sa.text("stage <> 'published'"),
    )
    op.create_index("ix_article_story_id", "article", ["story_id"])

    op.create_table(
        "delivery",
        sa.Column("owner", TEXT),
        sa.Column("lease_until", MOMENT),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("key", AutoString(length=200), nullable=False),
        sa.Column("kind", WORD, nullable=False),
        sa.Column("medium", WORD, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", WORD, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("fallback", sa.JSON()),
        sa.Column("target_id", ROW_ID),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resent", sa.Boolean(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("trouble", TEXT),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_delivery_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["delivery.id"],
            name="fk_delivery_target_id_delivery",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("key", name="uq_delivery_key"),
    )
    op.create_index("ix_delivery_chat_id", "delivery", ["chat_id"])
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["priority", "due_at", "id", "chat_id", "medium"],
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_delivery_in_hand",
        "delivery",
        ["state", "lease_until"],
        sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
    )
    op.create_index(
        "ix_delivery_in_trouble",
        "delivery",
        ["id"],
        sqlite_where=sa.text("state IN ('held', 'failed')"),
        postgresql_where=sa.text("state IN ('held', 'failed')"),
    )
    op.create_index(
        "ix_delivery_line",
        "delivery",
        ["chat_id", "medium", "id"],
        sqlite_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
    )
    op.create_index("ix_delivery_target_id", "delivery", ["target_id"])

    op.create_table(
        "edition",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_edition_chat_id_chat", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_edition"),
        sa.UniqueConstraint(
            "chat_id", "local_date", "slot", name="uq_edition_chat_id_local_date_slot"
        ),
    )
    op.create_table(
        "follow",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_follow_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_follow_source_id_source", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "source_id", name="pk_follow"),
    )
    op.create_index("ix_follow_source_id", "follow", ["source_id"])

    op.create_table(
        "topic",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("query_id", ROW_ID, nullable=False),
        sa.Column("typed", TEXT, nullable=False),
        sa.Column("chat_id", ROW_ID),
        sa.Column("slug", AutoString(length=64)),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_topic_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name="fk_topic_query_id_query"),
        sa.PrimaryKeyConstraint("id", name="pk_topic"),
        sa.UniqueConstraint("slug", name="uq_topic_slug"),
    )
    op.create_index("ix_topic_chat_id", "topic", ["chat_id"])
    op.create_index("ix_topic_query_id", "topic", ["query_id"])

    op.create_table(
        "alert",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("chapter", sa.Integer(), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("topic_ids", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_alert_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_alert_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name="fk_alert_story_id_story", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alert"),
        sa.UniqueConstraint(
            "chat_id", "story_id", "chapter", name="uq_alert_chat_id_story_id_chapter"
        ),
    )
    op.create_index("ix_alert_story_id", "alert", ["story_id"])

    op.create_table(
        "editionstory",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("edition_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_editionstory_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name="fk_editionstory_edition_id_edition",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name="fk_editionstory_story_id_story", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "story_id", name="pk_editionstory"),
    )
    op.create_index("ix_editionstory_edition_id", "editionstory", ["edition_id"])

    op.create_table(
        "entry",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("guid_hash", AutoString(length=32), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("content_hash", AutoString(length=32), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_entry_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name="fk_entry_source_id_source", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "guid_hash", name="pk_entry"),
    )
    op.create_index("ix_entry_article_id", "entry", ["article_id"])

    op.create_table(
        "folded",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("text", TEXT, nullable=False),
        sa.Column("tokens", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite")),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_folded_article_id_article", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", name="pk_folded"),
    )
    op.create_index("ix_folded_tokens", "folded", ["tokens"], postgresql_using="gin")

    op.create_table(
        "match",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("query_id", ROW_ID, nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("in_title", sa.Boolean(), nullable=False),
        sa.Column("news_at", MOMENT, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_match_article_id_article", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["query_id"], ["query.id"], name="fk_match_query_id_query", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "query_id", name="pk_match"),
    )
    op.create_index("ix_match_query_news", "match", ["query_id", "news_at"])

    op.create_table(
        "subscription",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("topic_id", ROW_ID, nullable=False),
        sa.Column("mode", WORD, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name="fk_subscription_chat_id_chat", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"], ["topic.id"], name="fk_subscription_topic_id_topic", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.UniqueConstraint("chat_id", "topic_id", name="uq_subscription_chat_id_topic_id"),
    )
    op.create_index("ix_subscription_topic_id", "subscription", ["topic_id"])

    if op.get_bind().dialect.name == "sqlite":
        for statement in FULL_TEXT_INDEX:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE folded_index")
    for table in (
        "subscription",
        "match",
        "folded",
        "entry",
        "editionstory",
        "alert",
        "topic",
        "follow",
        "edition",
        "delivery",
        "article",
        "story",
        "source",
        "query",
        "pace",
        "lease",
        "counter",
        "chat",
        "admincode",
        "admin",
    ):
        op.drop_table(table)
