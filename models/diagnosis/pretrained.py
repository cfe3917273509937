"""What became of the weights that a network was to start from."""

from __future__ import annotations

from itertools import groupby

from models.config import RunConfig
from models.diagnosis.finding import Finding
from models.pretrained import Fit
from models.words import NOTHING, Text, listed, say


def pretrained(config: RunConfig, fit: Fit) -> Finding:
    """Which layers took their weights from the source, and which did not, with the reason."""
    rows, fallback = len(fit.fitted) + len(fit.left), config.init.params["fallback"]
    left = sorted(fit.left)
    severity = "note" if not left else "warning" if fit.fitted else "critical"
    alike = groupby(fit.left.items(), key=lambda one: one[1])
    reasons = listed([say("{layers}: {reason}", layers=_rows([row for row, _ in group]), reason=reason) for reason, group in alike])
    mend = say("These layers start from {fallback}. Choose depth, width and data as they were when the weights were trained.",
               fallback=fallback)
    return Finding(
        rule="pretrained", severity=severity, layers=left, measured=float(len(fit.fitted)), threshold=float(rows),
        title=say("Pretrained: {fitted} of {rows} layers from {source}", fitted=len(fit.fitted), rows=rows,
                  source=config.init.params["source"]),
        cause=say("Weights that do not fit: {reasons}.", reasons=reasons) if left
        else say("Every layer's weights have the shape that this network asks for."),
        remedy=mend if left else NOTHING)


def _rows(rows: list[int]) -> Text:
    return say("layer {layer}", layer=rows[0]) if len(rows) == 1 else say("layers {first} to {last}", first=rows[0], last=rows[-1])
