"""The remedy: of the configurations next to this one, the first that theory says carries signal and gradient through."""

from __future__ import annotations

from functools import lru_cache

from models.config import RunConfig
from models.diagnosis.candidates import candidates
from models.diagnosis.soundness import apart_for_most, cost
from models.diagnosis.variants import Remedy
from models.theory import outlook

NOTED = 0.75
"""The largest cost of a start without a normalization that is offered for a note: notes begin at three quarters of what is tolerated, and
single draws stray from theory."""


def unnoted(config: RunConfig) -> bool:
    """Whether theory says that a start gives no reason for as much as a note, whatever the draw of its weights."""
    return cost(config, apart=True, certain=True) <= (NOTED if config.network.normalization.name == "none" else 1.0)


@lru_cache(maxsize=64)
def mended(config: RunConfig, apart: bool = False, redrawn: bool = False, only_sound: bool = False,
           measured: float | None = None) -> Remedy | None:
    """The first candidate that theory says is sound, else the best of them if it is better than this configuration.

    apart:      two inputs must stay clearly apart, and where no candidate promises that, by more than what is warned of
    redrawn:    only with another initializer, even if it is no better
    only_sound: nothing that is merely better, or sound only for most draws of the weights: for a mere note
    measured:   the cost of what was found in this configuration's own frame, where theory may not know it
    """
    present, best = max(cost(config, apart), measured or 0.0), None
    for sentence, candidate in candidates(config):
        if candidate == config or (redrawn and candidate.init == config.init):
            continue
        if measured is not None and outlook(candidate) is None:
            continue  # nothing promises that it is better than what was measured
        found = (cost(candidate, apart), sentence, candidate)
        if unnoted(candidate) if only_sound else found[0] <= 1.0:
            return found[1:] if redrawn or found[0] < present else None
        if (best is None or found[0] < best[0]) and not (apart and not apart_for_most(candidate)):
            best = found
    return None if only_sound or best is None or not (redrawn or best[0] < present) else best[1:]
