"""Finding: what one rule says of one frame, with the numbers it rests on and a configuration that mends it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from models.as_pytorch import as_pytorch
from models.config import RunConfig
from models.words import NOTHING, Text, Worded

Severity = Literal["ok", "note", "warning", "critical"]

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "note", "ok")
"""Worst first."""


class Finding(Worded):
    """measured stands beside threshold (the value at which the rule begins to speak) and theory, null where there is none.

    layers: rows it holds for;  cause, remedy: a sentence each;  outcome: what came of a prediction, empty until the run is over;
    config: the complete configuration that mends it, or null;  pytorch: what differs in that configuration as lines of PyTorch, empty
    where it takes more than lines.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    rule: str
    severity: Severity
    title: Text
    layers: list[int] = Field(default_factory=list)
    measured: float | None = None
    threshold: float | None = None
    theory: float | None = None
    cause: Text
    outcome: Text = NOTHING
    remedy: Text = NOTHING
    config: dict[str, Any] | None = None
    pytorch: str = ""


def grade(value: float, note: float, warning: float, critical: float) -> Severity | None:
    """The severity that a value reaches, the thresholds in rising order."""
    return "critical" if value >= critical else "warning" if value >= warning else "note" if value >= note else None


def written(config: RunConfig, findings: list[Finding]) -> list[Finding]:
    """The findings on a configuration, each remedy also as PyTorch."""
    return [finding if finding.config is None else
            finding.model_copy(update={"pytorch": as_pytorch(RunConfig.model_validate(finding.config), config)}) for finding in findings]


def worst_first(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
