"""All tables, as the models have them. Written by `make initial-migration`."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accessrequest",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", AutoString(length=64), nullable=False),
        sa.Column("title", AutoString(length=128), nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("is_allowed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accessrequest")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_accessrequest_telegram_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_accessrequest_user_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "admin",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_admin")),
    )
    op.create_table(
        "admincode",
        sa.Column("code_hash", AutoString(length=64), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_admincode")),
    )
    op.create_table(
        "auditevent",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("subject", AutoString(length=200), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditevent")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_auditevent_at"), "auditevent", ["at"], unique=False)
    op.create_table(
        "ban",
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("is_notified", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("telegram_id", name=op.f("pk_ban")),
    )
    op.create_table(
        "boilerplateblocks",
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("blocks", AutoString(), nullable=False),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_boilerplateblocks")),
    )
    op.create_table(
        "broadcast",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("through", ROW_ID, nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("status_chat_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.Column("is_reported", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "cataloguechange",
        sa.Column("slug", AutoString(length=64), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_cataloguechange")),
    )
    op.create_table(
        "changenumber",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_changenumber")),
    )
    op.create_table(
        "chat",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", AutoString(), nullable=False),
        sa.Column("thread_name", AutoString(length=128), nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("chosen_language", AutoString(length=16), nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_since", UTCDateTime(), nullable=False),
        sa.Column("was_paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("zone", AutoString(), nullable=False),
        sa.Column("zone_guessed", sa.Boolean(), nullable=False),
        sa.Column("empty_day", sa.String(16), nullable=False),
        sa.Column("style", sa.String(16), nullable=False),
        sa.Column("layout", sa.String(16), nullable=False),
        sa.Column("digest_by", sa.String(16), nullable=False),
        sa.Column("pictures", sa.Boolean(), nullable=False),
        sa.Column("mail_pictures", sa.Boolean(), nullable=False),
        sa.Column("alert_pictures", sa.Boolean(), nullable=False),
        sa.Column("hashtags", sa.Boolean(), nullable=False),
        sa.Column("uses_model", sa.Boolean(), nullable=False),
        sa.Column("next_digest_at", UTCDateTime(), nullable=True),
        sa.Column("quiet_from", sa.Integer(), nullable=True),
        sa.Column("quiet_to", sa.Integer(), nullable=True),
        sa.Column("alerts_an_hour", sa.Integer(), nullable=False),
        sa.Column("resume_at", UTCDateTime(), nullable=True),
        sa.Column("away_from", UTCDateTime(), nullable=True),
        sa.Column("away_until", UTCDateTime(), nullable=True),
        sa.Column("invited_by", sa.BigInteger(), nullable=True),
        sa.Column("reported_since", UTCDateTime(), nullable=True),
        sa.Column("managing", ROW_ID, nullable=True),
        sa.Column("managed_at", UTCDateTime(), nullable=True),
        sa.Column("question", AutoString(length=64), nullable=True),
        sa.Column("asked_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat")),
        sa.UniqueConstraint("telegram_id", "thread_id", name=op.f("uq_chat_telegram_id_thread_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chat_digest_due", "chat", ["next_digest_at"], unique=False)
    op.create_index(
        "ix_chat_erased",
        "chat",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'erased'"),
        postgresql_where=sa.text("state = 'erased'"),
    )
    op.create_index(
        "ix_chat_invited_by",
        "chat",
        ["invited_by"],
        unique=False,
        sqlite_where=sa.text("invited_by IS NOT NULL"),
        postgresql_where=sa.text("invited_by IS NOT NULL"),
    )
    op.create_index(
        "ix_chat_resume_at",
        "chat",
        ["resume_at"],
        unique=False,
        sqlite_where=sa.text("resume_at IS NOT NULL"),
        postgresql_where=sa.text("resume_at IS NOT NULL"),
    )
    op.create_table(
        "hostpause",
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("timeouts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", "public", name=op.f("pk_hostpause")),
    )
    op.create_table(
        "invite",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("code", AutoString(length=32), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invite")),
        sa.UniqueConstraint("code", name=op.f("uq_invite_code")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lastbackup",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lastbackup")),
    )
    op.create_table(
        "lease",
        sa.Column("name", AutoString(length=32), nullable=False),
        sa.Column("owner", AutoString(), nullable=False),
        sa.Column("lease_until", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "mailboxrequest",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_hash", AutoString(length=32), nullable=False),
        sa.Column("user_hash", AutoString(length=32), nullable=True),
        sa.Column("address_hash", AutoString(length=32), nullable=False),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailboxrequest")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_mailboxrequest_asked_at"), "mailboxrequest", ["asked_at"], unique=False
    )
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", UTCDateTime(), nullable=False),
        sa.Column("message", AutoString(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance")),
    )
    op.create_table(
        "model_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("kept", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_model_day")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pace",
        sa.Column("key", AutoString(length=64), nullable=False),
        sa.Column("tat", UTCDateTime(), nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.Column("paused_at", UTCDateTime(), nullable=True),
        sa.Column("flood_waits", sa.Integer(), nullable=False),
        sa.Column("flood_waits_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pace")),
    )
    op.create_table(
        "processedupdate",
        sa.Column("bot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("update_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("made", ROW_ID, nullable=True),
        sa.PrimaryKeyConstraint("bot_id", "update_id", name=op.f("pk_processedupdate")),
    )
    op.create_index(op.f("ix_processedupdate_at"), "processedupdate", ["at"], unique=False)
    op.create_table(
        "query",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("canonical", AutoString(), nullable=False),
        sa.Column("canonical_hash", AutoString(length=32), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query")),
        sa.UniqueConstraint("canonical_hash", name=op.f("uq_query_canonical_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_query_changed"), "query", ["changed"], unique=False)
    op.create_table(
        "secret",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret")),
    )
    op.create_table(
        "source",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url", AutoString(length=2000), nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("description", AutoString(length=500), nullable=False),
        sa.Column("picture", AutoString(length=1000), nullable=False),
        sa.Column("folder", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("own_network", sa.Boolean(), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("full_text", sa.String(16), nullable=False),
        sa.Column("paused_until", UTCDateTime(), nullable=True),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("has_rules", sa.Boolean(), nullable=False),
        sa.Column("has_access", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("etag", AutoString(), nullable=True),
        sa.Column("last_modified", AutoString(), nullable=True),
        sa.Column("body_hash", AutoString(), nullable=True),
        sa.Column("fingerprints", sa.LargeBinary(), nullable=False),
        sa.Column("next_fetch_at", UTCDateTime(), nullable=False),
        sa.Column("fetched_at", UTCDateTime(), nullable=True),
        sa.Column("succeeded_at", UTCDateTime(), nullable=True),
        sa.Column("first_read_at", UTCDateTime(), nullable=True),
        sa.Column("newest_at", UTCDateTime(), nullable=True),
        sa.Column("rhythm_seconds", sa.Integer(), nullable=True),
        sa.Column("ttl_seconds", sa.Integer(), nullable=True),
        sa.Column("skip_hours", sa.Integer(), nullable=False),
        sa.Column("skip_days", sa.Integer(), nullable=False),
        sa.Column("fetches", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("error", AutoString(), nullable=True),
        sa.Column("error_detail", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("error_since", UTCDateTime(), nullable=True),
        sa.Column("last_error", AutoString(), nullable=True),
        sa.Column("last_error_detail", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("last_error_at", UTCDateTime(), nullable=True),
        sa.Column("moved_to", AutoString(), nullable=True),
        sa.Column("moved_seen", sa.Integer(), nullable=False),
        sa.Column("hub", AutoString(), nullable=True),
        sa.Column("hub_topic", AutoString(), nullable=True),
        sa.Column("hinted_at", UTCDateTime(), nullable=True),
        sa.Column("pushed_until", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_source_url_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_source_asked", "source", ["host", "lease_until"], unique=False)
    op.create_index("ix_source_due", "source", ["state", "public", "next_fetch_at"], unique=False)
    op.create_index(
        "ix_source_prioritized",
        "source",
        ["next_fetch_at"],
        unique=False,
        sqlite_where=sa.text("priority <> 'normal'"),
        postgresql_where=sa.text("priority <> 'normal'"),
    )
    op.create_table(
        "story",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("grown", sa.Integer(), nullable=False),
        sa.Column("reported", sa.Integer(), nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.Column("continues_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["continues_id"],
            ["story.id"],
            name=op.f("fk_story_continues_id_story"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_story_continues_id",
        "story",
        ["continues_id"],
        unique=False,
        sqlite_where=sa.text("continues_id IS NOT NULL"),
        postgresql_where=sa.text("continues_id IS NOT NULL"),
    )
    op.create_index(
        "ix_story_grown",
        "story",
        ["id"],
        unique=False,
        sqlite_where=sa.text("grown > reported"),
        postgresql_where=sa.text("grown > reported"),
    )
    op.create_table(
        "wrongguesses",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_wrongguesses")),
    )
    op.create_table(
        "admission",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("invite_id", ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["invite_id"],
            ["invite.id"],
            name=op.f("fk_admission_invite_id_invite"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_admission")),
    )
    op.create_index(op.f("ix_admission_invite_id"), "admission", ["invite_id"], unique=False)
    op.create_table(
        "article",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("scope_id", ROW_ID, nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("ready_at", UTCDateTime(), nullable=True),
        sa.Column("put_aside_at", UTCDateTime(), nullable=True),
        sa.Column("put_aside_for", AutoString(length=64), nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("picture_url", AutoString(), nullable=False),
        sa.Column("picture_width", sa.Integer(), nullable=True),
        sa.Column("picture_height", sa.Integer(), nullable=True),
        sa.Column("picture_alt", AutoString(), nullable=False),
        sa.Column("author", AutoString(), nullable=False),
        sa.Column("categories", AutoString(), nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("summary", AutoString(), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("language", AutoString(length=8), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("stored_at", UTCDateTime(), nullable=False),
        sa.Column("news_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revised_at", UTCDateTime(), nullable=True),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_article_story_id_story")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article")),
        sa.UniqueConstraint("url_hash", "scope_id", name=op.f("uq_article_url_hash_scope_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_article_in_turn",
        "article",
        ["scope_id", "id", "stage"],
        unique=False,
        sqlite_where=sa.text("stage <> 'published' AND put_aside_at IS NULL"),
        postgresql_where=sa.text("stage <> 'published' AND put_aside_at IS NULL"),
    )
    op.create_index("ix_article_language_news_at", "article", ["language", "news_at"], unique=False)
    op.create_index(op.f("ix_article_news_at"), "article", ["news_at"], unique=False)
    op.create_index(
        "ix_article_put_aside",
        "article",
        ["put_aside_at"],
        unique=False,
        sqlite_where=sa.text("put_aside_at IS NOT NULL"),
        postgresql_where=sa.text("put_aside_at IS NOT NULL"),
    )
    op.create_index(
        "ix_article_scope_id",
        "article",
        ["scope_id", "id"],
        unique=False,
        sqlite_where=sa.text("scope_id <> 0"),
        postgresql_where=sa.text("scope_id <> 0"),
    )
    op.create_index(op.f("ix_article_story_id"), "article", ["story_id"], unique=False)
    op.create_table(
        "bundle",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("release_at", UTCDateTime(), nullable=False),
        sa.Column("is_quiet", sa.Boolean(), nullable=False),
        sa.Column("released_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_bundle_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle")),
        sa.UniqueConstraint("chat_id", "release_at", name=op.f("uq_bundle_chat_id_release_at")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_bundle_waiting",
        "bundle",
        ["release_at"],
        unique=False,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "channelpost",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("edited", sa.BigInteger(), nullable=False),
        sa.Column("album", AutoString(length=64), nullable=False),
        sa.Column("part", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_channelpost_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "message_id", name=op.f("pk_channelpost")),
    )
    op.create_index("ix_channelpost_album", "channelpost", ["source_id", "album"], unique=False)
    op.create_index(
        op.f("ix_channelpost_received_at"), "channelpost", ["received_at"], unique=False
    )
    op.create_table(
        "channelreader",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("allowed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_channelreader_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_channelreader_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "chat_id", name=op.f("pk_channelreader")),
    )
    op.create_index(op.f("ix_channelreader_chat_id"), "channelreader", ["chat_id"], unique=False)
    op.create_table(
        "channelsource",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_id", ROW_ID, nullable=False),
        sa.Column("sharing", sa.String(16), nullable=False),
        sa.Column("token", AutoString(length=32), nullable=False),
        sa.Column("username", AutoString(length=32), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["chat.id"],
            name=op.f("fk_channelsource_owner_id_chat"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_channelsource_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_channelsource")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_channelsource_telegram_id")),
        sa.UniqueConstraint("token", name=op.f("uq_channelsource_token")),
    )
    op.create_index(op.f("ix_channelsource_owner_id"), "channelsource", ["owner_id"], unique=False)
    op.create_table(
        "chatadmin",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_chatadmin_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_chatadmin")),
    )
    op.create_index(op.f("ix_chatadmin_user_id"), "chatadmin", ["user_id"], unique=False)
    op.create_table(
        "digest_time",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("most_covered", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_digest_time_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "number", name=op.f("pk_digest_time")),
    )
    op.create_table(
        "digest_words",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("part", sa.String(16), nullable=False),
        sa.Column("text", AutoString(), nullable=False),
        sa.Column("former", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_digest_words_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "part", name=op.f("pk_digest_words")),
    )
    op.create_table(
        "droppedentry",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("guid_hash", AutoString(length=32), nullable=False),
        sa.Column("content_hash", AutoString(length=32), nullable=False),
        sa.Column("title", AutoString(length=100), nullable=False),
        sa.Column("dropped_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_droppedentry_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", "guid_hash", name=op.f("pk_droppedentry")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_droppedentry_newest", "droppedentry", ["source_id", "dropped_at"], unique=False
    )
    op.create_table(
        "edition",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("schedule_number", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("stories", sa.Integer(), nullable=False),
        sa.Column("covered", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_edition_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint(
            "chat_id",
            "local_date",
            "schedule_number",
            name=op.f("uq_edition_chat_id_local_date_schedule_number"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "feedback",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("words", AutoString(), nullable=False),
        sa.Column("passed_on_at", UTCDateTime(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_feedback_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feedback_chat_id"), "feedback", ["chat_id"], unique=False)
    op.create_table(
        "feedimport",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("served_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_feedimport_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedimport")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_feedimport_chat_id"), "feedimport", ["chat_id"], unique=False)
    op.create_table(
        "follow",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("import_id", ROW_ID, nullable=True),
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
    op.create_index(op.f("ix_follow_source_id"), "follow", ["source_id"], unique=False)
    op.create_table(
        "letteraddress",
        sa.Column("token", AutoString(length=32), nullable=False),
        sa.Column("source_id", ROW_ID, nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_letteraddress_source_id_source"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_letteraddress")),
    )
    op.create_index(
        op.f("ix_letteraddress_source_id"), "letteraddress", ["source_id"], unique=False
    )
    op.create_table(
        "lettersender",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("address", AutoString(length=254), nullable=False),
        sa.Column("list_id", AutoString(length=255), nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("proof", AutoString(length=260), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("subject", AutoString(length=300), nullable=False),
        sa.Column("first_at", UTCDateTime(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_lettersender_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lettersender")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_lettersender_source_id"), "lettersender", ["source_id"], unique=False)
    op.create_table(
        "mailbox",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("address", AutoString(length=254), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("state_since", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(16), nullable=True),
        sa.Column("problem_text", AutoString(), nullable=True),
        sa.Column("soft_bounces", sa.Integer(), nullable=False),
        sa.Column("soft_since", UTCDateTime(), nullable=True),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("code_hash", AutoString(length=64), nullable=True),
        sa.Column("token_hash", AutoString(length=64), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_mailbox_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_mailbox_chat_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "model_text",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("language", AutoString(length=16), nullable=False),
        sa.Column("wanted_at", UTCDateTime(), nullable=False),
        sa.Column("readers", sa.Integer(), nullable=False),
        sa.Column("try_at", UTCDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=True),
        sa.Column("input_hash", AutoString(length=32), nullable=False),
        sa.Column("translations", sa.JSON(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("model", AutoString(), nullable=False),
        sa.ForeignKeyConstraint(
            ["story_id"],
            ["story.id"],
            name=op.f("fk_model_text_story_id_story"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_text")),
        sa.UniqueConstraint("story_id", "language", name=op.f("uq_model_text_story_id_language")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_model_text_wanted_at"), "model_text", ["wanted_at"], unique=False)
    op.create_table(
        "mute",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("subject_id", ROW_ID, nullable=False),
        sa.Column("publisher", AutoString(length=200), nullable=False),
        sa.Column("until", UTCDateTime(), nullable=True),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_mute_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mute")),
        sa.UniqueConstraint(
            "chat_id",
            "kind",
            "subject_id",
            "publisher",
            name=op.f("uq_mute_chat_id_kind_subject_id_publisher"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "newsletter",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("last_at", UTCDateTime(), nullable=True),
        sa.Column("unsubscribe_url", AutoString(length=2000), nullable=False),
        sa.Column("unsubscribe_mail", AutoString(length=2000), nullable=False),
        sa.Column("has_one_click", sa.Boolean(), nullable=False),
        sa.Column("unsubscribed_at", UTCDateTime(), nullable=True),
        sa.Column("day", UTCDateTime(), nullable=True),
        sa.Column("today", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_newsletter_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_newsletter")),
    )
    op.create_table(
        "outage",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("reported_through", ROW_ID, nullable=False),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_outage_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outage")),
        sa.UniqueConstraint("source_id", "since", name=op.f("uq_outage_source_id_since")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "pin",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("pinned_id", sa.BigInteger(), nullable=True),
        sa.Column("wanted_id", sa.BigInteger(), nullable=True),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("refused_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_pin_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pin")),
        sa.UniqueConstraint("chat_id", name=op.f("uq_pin_chat_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_pin_due",
        "pin",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("wanted_id IS NOT NULL"),
        postgresql_where=sa.text("wanted_id IS NOT NULL"),
    )
    op.create_table(
        "publishedfeed",
        sa.Column("chat_id", ROW_ID, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_publishedfeed_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_publishedfeed")),
    )
    op.create_table(
        "pushsubscription",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=True),
        sa.Column("hub", AutoString(), nullable=False),
        sa.Column("topic", AutoString(), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("token", AutoString(length=64), nullable=False),
        sa.Column("secret", AutoString(length=64), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("asking", AutoString(), nullable=True),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("pushed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_pushsubscription_source_id_source"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushsubscription")),
        sa.UniqueConstraint("source_id", name=op.f("uq_pushsubscription_source_id")),
        sa.UniqueConstraint("token", name=op.f("uq_pushsubscription_token")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "quota",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("topics", sa.Integer(), nullable=True),
        sa.Column("feeds", sa.Integer(), nullable=True),
        sa.Column("alerts", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_quota_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_quota")),
    )
    op.create_table(
        "saved_story",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("publisher", AutoString(), nullable=False),
        sa.Column("saved_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_saved_story_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_story")),
        sa.UniqueConstraint("chat_id", "url_hash", name=op.f("uq_saved_story_chat_id_url_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "share",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("token", AutoString(length=32), nullable=False),
        sa.Column("typed", AutoString(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_share_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share")),
        sa.UniqueConstraint("token", name=op.f("uq_share_token")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_share_chat_id"), "share", ["chat_id"], unique=False)
    op.create_table(
        "sourceaccess",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_sourceaccess_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_sourceaccess")),
    )
    op.create_table(
        "sourcerules",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("article", AutoString(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("keep_query", AutoString(), nullable=False),
        sa.Column("drop_query", AutoString(), nullable=False),
        sa.Column("language", AutoString(), nullable=False),
        sa.Column("zone", AutoString(), nullable=False),
        sa.Column("problem", AutoString(), nullable=True),
        sa.Column("problem_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_sourcerules_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_sourcerules")),
    )
    op.create_table(
        "topic",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("name", AutoString(length=200), nullable=False),
        sa.Column("query_id", ROW_ID, nullable=False),
        sa.Column("typed", AutoString(), nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=True),
        sa.Column("slug", AutoString(length=64), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_topic_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name=op.f("fk_topic_query_id_query")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_topic")),
        sa.UniqueConstraint("slug", name=op.f("uq_topic_slug")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_topic_chat_id"), "topic", ["chat_id"], unique=False)
    op.create_index(op.f("ix_topic_query_id"), "topic", ["query_id"], unique=False)
    op.create_table(
        "unfollowed",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("left_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_unfollowed_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_unfollowed_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "source_id", name=op.f("pk_unfollowed")),
    )
    op.create_index(op.f("ix_unfollowed_source_id"), "unfollowed", ["source_id"], unique=False)
    op.create_table(
        "usage",
        sa.Column("account_hash", AutoString(length=32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=True),
        sa.Column("reported_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_usage_chat_id_chat"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("account_hash", "kind", "day", name=op.f("pk_usage")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_usage_chat_id",
        "usage",
        ["chat_id"],
        unique=False,
        sqlite_where=sa.text("chat_id IS NOT NULL"),
        postgresql_where=sa.text("chat_id IS NOT NULL"),
    )
    op.create_table(
        "alert",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("chapter", sa.Integer(), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("topic_ids", sa.JSON(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("bundle_id", ROW_ID, nullable=True),
        sa.Column("pressed_at", UTCDateTime(), nullable=True),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_alert_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name=op.f("fk_alert_bundle_id_bundle"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_alert_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["story_id"], ["story.id"], name=op.f("fk_alert_story_id_story"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("chat_id", "story_id", name=op.f("uq_alert_chat_id_story_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_alert_bundle_id",
        "alert",
        ["bundle_id"],
        unique=False,
        sqlite_where=sa.text("bundle_id IS NOT NULL"),
        postgresql_where=sa.text("bundle_id IS NOT NULL"),
    )
    op.create_index("ix_alert_of_article", "alert", ["article_id", "chat_id"], unique=False)
    op.create_index("ix_alert_recent", "alert", ["chat_id", "bundle_id", "made_at"], unique=False)
    op.create_index(op.f("ix_alert_story_id"), "alert", ["story_id"], unique=False)
    op.create_table(
        "articleaddress",
        sa.Column("url_hash", AutoString(length=32), nullable=False),
        sa.Column("scope_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_articleaddress_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("url_hash", "scope_id", name=op.f("pk_articleaddress")),
    )
    op.create_index(
        op.f("ix_articleaddress_article_id"), "articleaddress", ["article_id"], unique=False
    )
    op.create_table(
        "awaitedpage",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("url", AutoString(), nullable=False),
        sa.Column("host", AutoString(), nullable=False),
        sa.Column("inside", sa.Boolean(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("settings_of", ROW_ID, nullable=True),
        sa.Column("awaited_since", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["article_id"],
            ["article.id"],
            name=op.f("fk_awaitedpage_article_id_article"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_awaitedpage")),
    )
    op.create_index(
        "ix_awaitedpage_due",
        "awaitedpage",
        ["private", "host", "article_id", "due_at"],
        unique=False,
    )
    op.create_index(op.f("ix_awaitedpage_host"), "awaitedpage", ["host"], unique=False)
    op.create_table(
        "editionstory",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("story_id", ROW_ID, nullable=False),
        sa.Column("edition_id", ROW_ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("topic_ids", sa.JSON(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        sa.Column("development", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("known_since", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_editionstory_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name=op.f("fk_editionstory_edition_id_edition"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "story_id", "edition_id", name=op.f("pk_editionstory")),
    )
    op.create_index(
        op.f("ix_editionstory_edition_id"), "editionstory", ["edition_id"], unique=False
    )
    op.create_table(
        "endedsubscription",
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("topic_id", ROW_ID, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("sound", sa.String(16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("headlines", sa.Boolean(), nullable=False),
        sa.Column("keeps_original", sa.Boolean(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["chat.id"],
            name=op.f("fk_endedsubscription_chat_id_chat"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["topic_id"],
            ["topic.id"],
            name=op.f("fk_endedsubscription_topic_id_topic"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("chat_id", "topic_id", name=op.f("pk_endedsubscription")),
    )
    op.create_index(
        op.f("ix_endedsubscription_ended_at"), "endedsubscription", ["ended_at"], unique=False
    )
    op.create_index(
        op.f("ix_endedsubscription_topic_id"), "endedsubscription", ["topic_id"], unique=False
    )
    op.create_table(
        "entry",
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("guid_hash", AutoString(length=32), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("content_hash", AutoString(length=32), nullable=False),
        sa.Column("first_seen_at", UTCDateTime(), nullable=False),
        sa.Column("publisher", AutoString(length=100), nullable=False),
        sa.Column("publisher_host", AutoString(length=100), nullable=False),
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
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_entry_article_id"), "entry", ["article_id"], unique=False)
    op.create_index(
        "ix_entry_source_id_article_id", "entry", ["source_id", "article_id"], unique=False
    )
    op.create_table(
        "feedimportline",
        sa.Column("list_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", AutoString(length=2000), nullable=False),
        sa.Column("is_slow", sa.Boolean(), nullable=False),
        sa.Column("outcome", AutoString(length=16), nullable=True),
        sa.Column("error", AutoString(), nullable=True),
        sa.Column("error_detail", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["feedimport.id"],
            name=op.f("fk_feedimportline_list_id_feedimport"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "number", name=op.f("pk_feedimportline")),
    )
    op.create_table(
        "folded",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("title", AutoString(), nullable=False),
        sa.Column("labels", AutoString(), nullable=False),
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
    op.create_index("ix_folded_tokens", "folded", ["tokens"], unique=False, postgresql_using="gin")
    op.create_table(
        "heldletter",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("source_id", ROW_ID, nullable=False),
        sa.Column("sender_id", ROW_ID, nullable=True),
        sa.Column("guid", AutoString(length=64), nullable=False),
        sa.Column("subject", AutoString(length=300), nullable=False),
        sa.Column("sender", AutoString(length=254), nullable=False),
        sa.Column("link", AutoString(length=2000), nullable=False),
        sa.Column("document", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sender_id"],
            ["lettersender.id"],
            name=op.f("fk_heldletter_sender_id_lettersender"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["source.id"],
            name=op.f("fk_heldletter_source_id_source"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_heldletter")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_heldletter_received_at"), "heldletter", ["received_at"], unique=False)
    op.create_index(op.f("ix_heldletter_sender_id"), "heldletter", ["sender_id"], unique=False)
    op.create_index(op.f("ix_heldletter_source_id"), "heldletter", ["source_id"], unique=False)
    op.create_table(
        "match",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("query_id", ROW_ID, nullable=False),
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
        sqlite_with_rowid=False,
    )
    op.create_index("ix_match_query_news", "match", ["query_id", "news_at"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("topic_id", ROW_ID, nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("sound", sa.String(16), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("import_id", ROW_ID, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("headlines", sa.Boolean(), nullable=False),
        sa.Column("keeps_original", sa.Boolean(), nullable=False),
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
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_subscription_topic_id"), "subscription", ["topic_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("owner", AutoString(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("medium", sa.String(16), nullable=False),
        sa.Column("chat_id", ROW_ID, nullable=False),
        sa.Column("mailbox_id", ROW_ID, nullable=True),
        sa.Column("alert_id", ROW_ID, nullable=True),
        sa.Column("bundle_id", ROW_ID, nullable=True),
        sa.Column("edition_id", ROW_ID, nullable=True),
        sa.Column("broadcast_id", ROW_ID, nullable=True),
        sa.Column("notice", AutoString(length=16), nullable=True),
        sa.Column("subject", AutoString(length=100), nullable=False),
        sa.Column("target_id", ROW_ID, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("reply_to_id", ROW_ID, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("fallback", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("silent", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resent", sa.Boolean(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("last_error", AutoString(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_delivery_alert_id_alert"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["broadcast_id"],
            ["broadcast.id"],
            name=op.f("fk_delivery_broadcast_id_broadcast"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["bundle_id"],
            ["bundle.id"],
            name=op.f("fk_delivery_bundle_id_bundle"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chat.id"], name=op.f("fk_delivery_chat_id_chat"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["edition_id"],
            ["edition.id"],
            name=op.f("fk_delivery_edition_id_edition"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["mailbox_id"],
            ["mailbox.id"],
            name=op.f("fk_delivery_mailbox_id_mailbox"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["reply_to_id"],
            ["delivery.id"],
            name=op.f("fk_delivery_reply_to_id_delivery"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["delivery.id"],
            name=op.f("fk_delivery_target_id_delivery"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_delivery_chat_id"), "delivery", ["chat_id"], unique=False)
    op.create_index(
        "ix_delivery_in_flight",
        "delivery",
        ["state", "lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('claimed', 'sending', 'unknown')"),
    )
    op.create_index(op.f("ix_delivery_mailbox_id"), "delivery", ["mailbox_id"], unique=False)
    op.create_index(
        "ix_delivery_next",
        "delivery",
        ["medium", "priority", "due_at", "id", "chat_id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_delivery_of_broadcast_unsent",
        "delivery",
        ["broadcast_id"],
        unique=False,
        sqlite_where=sa.text("broadcast_id IS NOT NULL AND state <> 'sent'"),
        postgresql_where=sa.text("broadcast_id IS NOT NULL AND state <> 'sent'"),
    )
    op.create_index(
        "ix_delivery_queue",
        "delivery",
        ["chat_id", "medium", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'queued', 'claimed', 'sending', 'unknown')"),
        postgresql_where=sa.text("state IN ('pending', 'queued', 'claimed', 'sending', 'unknown')"),
    )
    op.create_index(
        "ix_delivery_reply_to_id",
        "delivery",
        ["reply_to_id"],
        unique=False,
        sqlite_where=sa.text("reply_to_id IS NOT NULL"),
        postgresql_where=sa.text("reply_to_id IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_stuck",
        "delivery",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('held', 'failed')"),
        postgresql_where=sa.text("state IN ('held', 'failed')"),
    )
    op.create_index(
        "ix_delivery_suspended",
        "delivery",
        ["chat_id"],
        unique=False,
        sqlite_where=sa.text("state = 'suspended'"),
        postgresql_where=sa.text("state = 'suspended'"),
    )
    op.create_index(
        "uq_delivery_alert",
        "delivery",
        ["alert_id", "medium", "part"],
        unique=True,
        sqlite_where=sa.text("alert_id IS NOT NULL"),
        postgresql_where=sa.text("alert_id IS NOT NULL"),
    )
    op.create_index(
        "uq_delivery_broadcast",
        "delivery",
        ["broadcast_id", "chat_id"],
        unique=True,
        sqlite_where=sa.text("broadcast_id IS NOT NULL"),
        postgresql_where=sa.text("broadcast_id IS NOT NULL"),
    )
    op.create_index(
        "uq_delivery_bundle",
        "delivery",
        ["bundle_id", "medium", "part"],
        unique=True,
        sqlite_where=sa.text("bundle_id IS NOT NULL"),
        postgresql_where=sa.text("bundle_id IS NOT NULL"),
    )
    op.create_index(
        "uq_delivery_edit",
        "delivery",
        ["target_id", "version"],
        unique=True,
        sqlite_where=sa.text("target_id IS NOT NULL"),
        postgresql_where=sa.text("target_id IS NOT NULL"),
    )
    op.create_index(
        "uq_delivery_edition",
        "delivery",
        ["edition_id", "medium", "part"],
        unique=True,
        sqlite_where=sa.text("edition_id IS NOT NULL"),
        postgresql_where=sa.text("edition_id IS NOT NULL"),
    )
    op.create_index(
        "uq_delivery_notice",
        "delivery",
        ["notice", "subject", "chat_id"],
        unique=True,
        sqlite_where=sa.text("notice IS NOT NULL"),
        postgresql_where=sa.text("notice IS NOT NULL"),
    )


def downgrade() -> None:
    for name in [
        "delivery",
        "subscription",
        "match",
        "heldletter",
        "folded",
        "feedimportline",
        "entry",
        "endedsubscription",
        "editionstory",
        "awaitedpage",
        "articleaddress",
        "alert",
        "usage",
        "unfollowed",
        "topic",
        "sourcerules",
        "sourceaccess",
        "share",
        "saved_story",
        "quota",
        "pushsubscription",
        "publishedfeed",
        "pin",
        "outage",
        "newsletter",
        "mute",
        "model_text",
        "mailbox",
        "lettersender",
        "letteraddress",
        "follow",
        "feedimport",
        "feedback",
        "edition",
        "droppedentry",
        "digest_words",
        "digest_time",
        "chatadmin",
        "channelsource",
        "channelreader",
        "channelpost",
        "bundle",
        "article",
        "admission",
        "wrongguesses",
        "story",
        "source",
        "secret",
        "query",
        "processedupdate",
        "pace",
        "model_day",
        "maintenance",
        "mailboxrequest",
        "lease",
        "lastbackup",
        "invite",
        "hostpause",
        "chat",
        "changenumber",
        "cataloguechange",
        "broadcast",
        "boilerplateblocks",
        "ban",
        "auditevent",
        "admincode",
        "admin",
        "accessrequest",
    ]:
        op.drop_table(name)
