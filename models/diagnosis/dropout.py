"""A rule on dropout: noise that adds up over the layers, against what tells two inputs apart."""

from __future__ import annotations

from models.diagnosis.finding import Finding, Severity
from models.diagnosis.look import Look
from models.diagnosis.signal import remedy
from models.theory import outlook
from models.words import say

DROWNED = (0.02, 1e-4)
"""By how much two inputs differ more than two passes of one input (Outlook.told), warning and critical: of the runs named at
remedy.TOLD those between train slowly for the most part, and of those below none trains."""


def dropout_noise(look: Look) -> Finding | None:
    """Skips carry a signal past the noise: they bear far more."""
    network = look.config.network
    said = outlook(look.config) if look.initial and network.dropout > 0.0 else None
    if said is None or said.told >= DROWNED[0]:
        return None
    severity: Severity = "critical" if said.told < DROWNED[1] else "warning"
    sentence, config = remedy(look, severity)
    return Finding(
        rule="dropout_noise", severity=severity, layers=look.hidden, measured=said.told, threshold=DROWNED[0], theory=said.told,
        title=say("Drowned in dropout: two inputs differ by {percent:.2g}% more than two passes of one input", percent=100.0 * said.told),
        cause=say("Dropout of {rate:g} draws new masks at every pass, and {depth} {depth|layer of them leaves|layers of them leave} "
                  "{kept:.1g} of the signal's mean square to what the passes share.", rate=network.dropout, depth=network.depth,
                  kept=(1.0 - network.dropout) ** network.depth),
        remedy=sentence, config=config)
