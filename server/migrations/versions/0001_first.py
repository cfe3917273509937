"""The first release: runs, and their frames."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("kind", sa.String(8), nullable=False, index=True),
        sa.Column("fingerprint", sa.String(32), nullable=False, index=True),
        sa.Column("status", sa.String(16), nullable=False, index=True),
        sa.Column("config", sa.Text, nullable=False),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("device", sa.String(128)),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("finished_at", sa.Float),
        sa.Column("steps_done", sa.Integer, nullable=False, default=0),
        sa.Column("steps_total", sa.Integer, nullable=False),
        sa.Column("frames", sa.Integer, nullable=False, default=0),
        sa.Column("error", sa.Text),
        sa.Column("layers", sa.Text, nullable=False),
        sa.Column("findings", sa.Text, nullable=False, default="[]"),
        sa.Column("cancel_requested", sa.Integer, nullable=False, default=0),
    )
    op.create_table(
        "frames",
        sa.Column("run_id", sa.String(32), sa.ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_index("frames_in_order", "frames", ["run_id", "seq"])
