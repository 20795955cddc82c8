"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


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
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_admin")),
    )
    op.create_table(
        "admincode",
        sa.Column("code_hash", AutoString(length=64), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_admincode")),
    )
    op.create_table(
        "chat",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "private",
                "group",
                "supergroup",
                "channel",
                name="chatkind",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "paused",
                "blocked",
                "kicked",
                "topic_closed",
                "gone",
                name="chatstate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("state_since", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("zone", AutoString(), nullable=False),
        sa.Column("zone_guessed", sa.Boolean(), nullable=False),
        sa.Column("digest_minutes", sa.Integer(), nullable=False),
        sa.Column("digest_weekdays", sa.Integer(), nullable=False),
        sa.Column(
            "empty_day",
            sa.Enum("skip", "line", name="emptyday", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("next_digest_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
        sa.UniqueConstraint("telegram_id", "thread_id", name=op.f("uq_chat_telegram_id_thread_id")),
    )
    with op.batch_alter_table("chat", schema=None) as batch_op:
        batch_op.create_index("ix_chat_digest_due", ["next_digest_at"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "lease",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "pace",
        sa.Column("key", AutoString(length=64), nullable=False),
        sa.Column("tat", UTCDateTime(), nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pace")),
    )
    op.create_table(
        "query",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("canonical", AutoString(), nullable=False),
        sa.Column("canonical_hash", AutoString(length=32), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query")),
        sa.UniqueConstraint("canonical_hash", name=op.f("uq_query_canonical_hash")),
    )
    with op.batch_alter_table("query", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_query_changed"), ["changed"], unique=False)

    op.create_table(
        "source",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("url", AutoString(length=2000), nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("feed", "page", name="sourcekind", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("active", "gone", name="sourcestate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("own_network", sa.Boolean(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("etag", AutoString(), nullable=True),
        sa.Column("last_modified", AutoString(), nullable=True),
        sa.Column("body_hash", AutoString(), nullable=True),
        sa.Column("next_fetch_at", UTCDateTime(), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=True),
        sa.Column("succeeded_at", UTCDateTime(), nullable=True),
        sa.Column("first_read_at", UTCDateTime(), nullable=True),
        sa.Column("newest_at", UTCDateTime(), nullable=True),
        sa.Column("rhythm_seconds", sa.Integer(), nullable=True),
        sa.Column("skip_hours", sa.Integer(), nullable=False),
        sa.Column("skip_days", sa.Integer(), nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("trouble", AutoString(), nullable=True),
        sa.Column("trouble_text", AutoString(), nullable=True),
        sa.Column("trouble_since", UTCDateTime(), nullable=True),
        sa.Column("moved_to", AutoString(), nullable=True),
        sa.Column("moved_seen", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_source_url_hash")),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index("ix_source_due", ["state", "next_fetch_at"], unique=False)

    op.create_table(
        "story",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
    )
    op.create_table(
        "article",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("language", AutoString(length=8), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("stored_at", UTCDateTime(), nullable=False),
        sa.Column("news_at", UTCDateTime(), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "stage",
            sa.Enum("stored", "matched", "published", name="stage", native_enum=False, length=16),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_article_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_article_url_hash")),
    )
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_article_news_at"), ["news_at"], unique=False)
        batch_op.create_index(
            "ix_article_on_its_way",
            ["stage", "id"],
            unique=False,
            sqlite_where=sa.text("stage <> 'published'"),
            postgresql_where=sa.text("stage <> 'published'"),
        )
        batch_op.create_index(batch_op.f("ix_article_story_id"), ["story_id"], unique=False)

    op.create_table(
        "delivery",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", AutoString(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "alert",
                "bundle",
                "edition",
                "edit",
                "notice",
                "broadcast",
                name="deliverykind",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "medium",
            sa.Enum("telegram", "email", name="medium", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "claimed",
                "sending",
                "sent",
                "unknown",
                "held",
                "failed",
                "expired",
                "dropped",
                name="deliverystate",
                native_enum=False,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("fallback", sa.JSON(), nullable=True),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resent", sa.Boolean(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("trouble", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_delivery_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["delivery.id"],
            name=op.f("fk_delivery_target_id_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("key", name=op.f("uq_delivery_key")),
    )
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delivery_chat_id"), ["chat_id"], unique=False)
        batch_op.create_index(
            "ix_delivery_due",
            ["priority", "due_at", "id", "chat_id", "medium"],
            unique=False,
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.create_index(
            "ix_delivery_in_hand",
            ["state", "lease_until"],
            unique=False,
            sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        )
        batch_op.create_index(
            "ix_delivery_in_trouble",
            ["id"],
            unique=False,
            sqlite_where=sa.text("state IN ('held', 'failed')"),
            postgresql_where=sa.text("state IN ('held', 'failed')"),
        )
        batch_op.create_index(
            "ix_delivery_line",
            ["chat_id", "medium", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
        )
        batch_op.create_index(batch_op.f("ix_delivery_target_id"), ["target_id"], unique=False)

    op.create_table(
        "edition",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_edition_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint(
            "chat_id", "local_date", "slot", name=op.f("uq_edition_chat_id_local_date_slot")
        ),
    )
    op.create_table(
        "follow",
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_follow_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_follow_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "source_id", name=op.f("pk_follow")),
    )
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_follow_source_id"), ["source_id"], unique=False)

    op.create_table(
        "topic",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("query_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("typed", AutoString(), nullable=False),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("slug", AutoString(length=64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_topic_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name=op.f("fk_topic_query_id_query")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("slug", name=op.f("uq_topic_slug")),
    )
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_topic_chat_id"), ["chat_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_topic_query_id"), ["query_id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chapter", sa.Integer(), nullable=False),
        sa.Column(
            "article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("topic_ids", sa.JSON(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_alert_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_alert_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_alert_story_id_story"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint(
            "chat_id", "story_id", "chapter", name=op.f("uq_alert_chat_id_story_id_chapter")
        ),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alert_story_id"), ["story_id"], unique=False)

    op.create_table(
        "editionstory",
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "edition_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_editionstory_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name=op.f("fk_editionstory_edition_id_edition"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["story_id"],
            ["story.id"],
            name=op.f("fk_editionstory_story_id_story"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "story_id", name=op.f("pk_editionstory")),
    )
    with op.batch_alter_table("editionstory", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_editionstory_edition_id"), ["edition_id"], unique=False
        )

    op.create_table(
        "entry",
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("guid_hash", AutoString(length=32), nullable=False),
        sa.Column(
            "article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("content_hash", AutoString(length=32), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_entry_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["source.id"], name=op.f("fk_entry_source_id_source"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", "guid_hash", name=op.f("pk_entry")),
    )
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_entry_article_id"), ["article_id"], unique=False)

    op.create_table(
        "folded",
        sa.Column(
            "article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("tokens", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_folded_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_folded")),
    )
    with op.batch_alter_table("folded", schema=None) as batch_op:
        batch_op.create_index("ix_folded_tokens", ["tokens"], unique=False, postgresql_using="gin")

    op.create_table(
        "match",
        sa.Column(
            "article_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("query_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("in_title", sa.Boolean(), nullable=False),
        sa.Column("news_at", UTCDateTime(), nullable=False),
        sa.Column("found_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_match_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["query_id"], ["query.id"], name=op.f("fk_match_query_id_query"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("article_id", "query_id", name=op.f("pk_match")),
    )
    with op.batch_alter_table("match", schema=None) as batch_op:
        batch_op.create_index("ix_match_query_news", ["query_id", "news_at"], unique=False)

    op.create_table(
        "subscription",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chat_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("topic_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("instant", "digest", "both", name="mode", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_subscription_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topic.id"],
            name=op.f("fk_subscription_topic_id_topic"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("chat_id", "topic_id", name=op.f("uq_subscription_chat_id_topic_id")),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_topic_id"), ["topic_id"], unique=False)

    if op.get_bind().dialect.name == "sqlite":
        for statement in FULL_TEXT_INDEX:
            op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE folded_index")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_subscription_topic_id"))

    op.drop_table("subscription")
    with op.batch_alter_table("match", schema=None) as batch_op:
        batch_op.drop_index("ix_match_query_news")

    op.drop_table("match")
    with op.batch_alter_table("folded", schema=None) as batch_op:
        batch_op.drop_index("ix_folded_tokens", postgresql_using="gin")

    op.drop_table("folded")
    with op.batch_alter_table("entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_entry_article_id"))

    op.drop_table("entry")
    with op.batch_alter_table("editionstory", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_editionstory_edition_id"))

    op.drop_table("editionstory")
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_alert_story_id"))

    op.drop_table("alert")
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_topic_query_id"))
        batch_op.drop_index(batch_op.f("ix_topic_chat_id"))

    op.drop_table("topic")
    with op.batch_alter_table("follow", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_follow_source_id"))

    op.drop_table("follow")
    op.drop_table("edition")
    with op.batch_alter_table("delivery", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_target_id"))
        batch_op.drop_index(
            "ix_delivery_line",
            sqlite_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('pending', 'claimed', 'sending', 'unknown')"),
        )
        batch_op.drop_index(
            "ix_delivery_in_trouble",
            sqlite_where=sa.text("state IN ('held', 'failed')"),
            postgresql_where=sa.text("state IN ('held', 'failed')"),
        )
        batch_op.drop_index(
            "ix_delivery_in_hand",
            sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
            postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        )
        batch_op.drop_index(
            "ix_delivery_due",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        )
        batch_op.drop_index(batch_op.f("ix_delivery_chat_id"))

    op.drop_table("delivery")
    with op.batch_alter_table("article", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_article_story_id"))
        batch_op.drop_index(
            "ix_article_on_its_way",
            sqlite_where=sa.text("stage <> 'published'"),
            postgresql_where=sa.text("stage <> 'published'"),
        )
        batch_op.drop_index(batch_op.f("ix_article_news_at"))

    op.drop_table("article")
    op.drop_table("story")
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index("ix_source_due")

    op.drop_table("source")
    with op.batch_alter_table("query", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_query_changed"))

    op.drop_table("query")
    op.drop_table("pace")
    op.drop_table("lease")
    op.drop_table("counter")
    with op.batch_alter_table("chat", schema=None) as batch_op:
        batch_op.drop_index("ix_chat_digest_due")

    op.drop_table("chat")
    op.drop_table("admincode")
    op.drop_table("admin")
