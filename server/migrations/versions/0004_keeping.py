"""A run says that it lives, how much it stores, and whether it is to be kept."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("heartbeat_at", sa.Float))
    op.add_column("runs", sa.Column("bytes", sa.Integer, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("pinned", sa.Integer, nullable=False, server_default="0"))
    op.execute("UPDATE runs SET bytes = (SELECT coalesce(sum(length(data)), 0) FROM frames WHERE frames.run_id = runs.id)")
