"""What became of the weights that a network was to start from."""

from __future__ import annotations

from itertools import groupby

from models.config import RunConfig
from models.diagnosis.finding import Finding
from models.pretrained import Fit


def pretrained(config: RunConfig, fit: Fit) -> Finding:
    """Which layers took their weights from the source, and which did not, with the reason."""
    rows, fallback = len(fit.fitted) + len(fit.left), config.init.params["fallback"]
    left = sorted(fit.left)
    severity = "note" if not left else "warning" if fit.fitted else "critical"
    alike = groupby(fit.left.items(), key=lambda one: one[1])
    reasons = "; ".join(f"{_rows([row for row, _ in group])}: {reason}" for reason, group in alike)
    mend = f"These layers start from {fallback}. Choose depth, width and data as they were when the weights were trained."
    return Finding(
        rule="pretrained", severity=severity, layers=left, measured=float(len(fit.fitted)), threshold=float(rows),
        title=f"Pretrained: {len(fit.fitted)} of {rows} layers from {config.init.params['source']}",
        cause=f"Weights that do not fit: {reasons}." if left else "Every layer's weights have the shape that this network asks for.",
        remedy=mend if left else "")


def _rows(rows: list[int]) -> str:
    return f"layer {rows[0]}" if len(rows) == 1 else f"layers {rows[0]} to {rows[-1]}"
