"""The list of runs is read in its order: with an index on the kind alone, SQLite sorted all of them for each page."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.drop_index("ix_runs_kind", "runs")
    op.create_index("runs_newest_first", "runs", ["kind", "number"])
