"""Chats that are being erased are found at once: there are few, and mostly none."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_ERASED = sa.text("state = 'erased'")


def upgrade() -> None:
    op.create_index(
        "ix_chat_erased", "chat", ["id"], sqlite_where=_ERASED, postgresql_where=_ERASED
    )


def downgrade() -> None:
    # What was left of them would be nobody's for ever: no version before knows this state.
    op.execute("DELETE FROM chat WHERE state = 'erased'")
    op.drop_index("ix_chat_erased", "chat")
