"""How a chat's digests look."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    styles = sa.Enum("brief", "standard", "full", name="style", native_enum=False, length=16)
    layouts = sa.Enum("classic", "rich", "refused", name="layout", native_enum=False, length=16)
    op.add_column("chat", sa.Column("style", styles, nullable=False, server_default="standard"))
    op.add_column("chat", sa.Column("layout", layouts, nullable=False, server_default="classic"))


def downgrade() -> None:
    op.drop_column("chat", "layout")
    op.drop_column("chat", "style")
