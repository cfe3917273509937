"""Rules on what depth does: to the signal, to the gradient, and to the difference between two inputs."""

from __future__ import annotations

from models.diagnosis.finding import Finding, Severity, grade
from models.diagnosis.look import Change, Look
from models.diagnosis.rates import first_of, paced, sized
from models.diagnosis.remedy import mended
from models.diagnosis.soundness import WARNED_GAP, cost_of_gap
from models.diagnosis.steps import NOTHING_HELPS
from models.diagnosis.variants import Remedy
from models.words import Text, say

VANISHING_DECADES = (1.5, 3.0, 5.0)
"""Of the mean square over all hidden rows: note, warning, critical. Xavier + tanh's 1/(2l) loses 1.7 decades in 50 layers and
trains; a factor of 0.5 a layer loses 2.7 in 10 (slow) and 5.7 in 20 (the loss stays where it was)."""

EXPLODING_DECADES = (1.0, 2.0, 3.0)
"""Of the activations' mean square. One decade up is a loss of about 10 at the start, which trains; at two decades half of the
networks of the calibration diverge, at three all of them."""

SKIPPED_DECADES = (3.0, 4.0, 6.0)
"""The same where normalized layers add to a skip: the sum grows like the depth or its square, no layer is the worse for it, and
networks of 50 layers with 2.9 decades train."""

GRADIENT_EXPLODING_DECADES = (3.0, 5.0, 10.0)
"""Of the gradient's square, where the signal keeps its size: chaotic tanh trains with 3 decades, and a normalization makes the
weights' scale immaterial, so that training bears more: 50 layers of BatchNorm with tanh (4.3 decades) train, with SiLU (5.9) or
ReLU (8) they do not."""

GAP = (1.5e-2, WARNED_GAP, 2e-5)
"""1 - correlation of two inputs in the last hidden row: note, warning, critical. ReLU reaches 1e-2 in 40 layers and trains
slowly; below 1e-5 float32 rounding is as large as the difference."""

ROUNDING = 1e-7
"""Half of float32's distance between 1 and the next number, about."""

BORNE = say("A network can train like that: no other start or normalization is offered.")
"""Why there is no configuration beside a note."""


def signal(look: Look) -> Finding | None:
    found = look.signal
    if found is None:
        return None
    network = look.config.network
    skips = network.residual and network.normalization.name != "none"
    levels = VANISHING_DECADES if found.decades < 0 else SKIPPED_DECADES if skips else EXPLODING_DECADES
    return _of_depth(look, "signal", found, levels, look.signal_theory)


def gradient(look: Look) -> Finding | None:
    found = look.gradient
    if found is None:
        return None
    levels = VANISHING_DECADES if found.decades < 0 else GRADIENT_EXPLODING_DECADES
    return _of_depth(look, "gradient", found, levels, look.gradient_theory)


def _of_depth(look: Look, what: str, found: Change, levels: tuple[float, float, float], theory: float | None) -> Finding | None:
    severity = grade(abs(found.decades), *levels)
    if severity is None:
        return None
    if look.learned:
        severity = "note"  # a network that learns makes its signal grow, and bears it
    up = found.decades > 0
    layers = max(1, look.config.network.depth - 1)
    sentence, config = remedy(look, severity)
    return Finding(
        rule=f"{'exploding' if up else 'vanishing'}_{what}", severity=severity, title=_title(what, up, found, theory),
        layers=sorted(found.rows), measured=found.rate, threshold=10.0 ** ((levels[0] if up else -levels[0]) / layers), theory=theory,
        cause=_faded(what) if found.gone else _cause(what, up, found, look.config.network.residual), remedy=sentence, config=config)


def _title(what: str, up: bool, found: Change, theory: float | None) -> Text:
    predicted = "" if theory is None else say(" (theory ×{theory:.3g})", theory=theory)
    values = {"rate": found.rate, "predicted": predicted}
    if what == "gradient":
        return say("Exploding gradient: ×{rate:.3g} a layer on the way back{predicted}", **values) if up else \
            say("Vanishing gradient: ×{rate:.3g} a layer on the way back{predicted}", **values)
    return say("Exploding: ×{rate:.3g} a layer from layer 2{predicted}", **values) if up else \
        say("Vanishing: ×{rate:.3g} a layer from layer 2{predicted}", **values)


def _cause(what: str, up: bool, found: Change, residual: bool) -> Text:
    size = 10.0 ** min(abs(found.decades), 300)
    if what == "signal" and found.least is not None:
        return say("The mean square of the activations shrinks by a factor of {size:.2g} from the first hidden layer to layer {layer}: "
                   "each layer hands on less than it receives. Behind it the signal grows again.", size=size, layer=found.least)
    if what == "signal" and residual:
        return say("The mean square of the activations grows by a factor of {size:.2g} from the first hidden layer to the last: "
                   "every layer adds to the sum that the skips carry.", size=size) if up else \
            say("The mean square of the activations shrinks by a factor of {size:.2g} from the first hidden layer to the last: "
                "every layer takes from the sum that the skips carry.", size=size)
    if what == "signal":
        return say("The mean square of the activations grows by a factor of {size:.2g} from the first hidden layer to the last: "
                   "each layer hands on more than it receives.", size=size) if up else \
            say("The mean square of the activations shrinks by a factor of {size:.2g} from the first hidden layer to the last: "
                "each layer hands on less than it receives.", size=size)
    return say("From the last hidden layer back to the first the gradient's mean square grows by a factor of {size:.2g}: "
               "χ, the factor a layer, is above 1.", size=size) if up else \
        say("From the last hidden layer back to the first the gradient's mean square shrinks by a factor of {size:.2g}: "
            "χ, the factor a layer, is below 1.", size=size)


def _faded(what: str) -> Text:
    return say("The mean square of the activations shrinks until float32 holds nothing of it: each layer hands on less than it receives.") \
        if what == "signal" else \
        say("On the way back from the last hidden layer to the first the gradient's mean square shrinks until float32 holds nothing of it: "
            "χ, the factor a layer, is below 1.")


def correlation_gap(look: Look) -> float | None:
    """1 - correlation of two inputs in the last hidden row shown; None where it is unknown, or they were alike before they came in."""
    known = [c for _, c in zip(look.hidden, look.frame["correlation"], strict=False) if c is not None]
    entering = look.frame["input"]["correlation"]
    return None if not known or (entering is not None and 1.0 - entering < 0.1) else max(0.0, 1.0 - known[-1])


def pooled_gap(look: Look) -> float | None:
    """1 - correlation of two inputs in the output row, of a network that takes the mean over an image's pixels before it: what is left of
    two images is then mostly what all pixels have in common. None where it is unknown, and without images."""
    found = look.frame["correlation"][-1]
    return None if found is None or look.config.network.kind != "cnn" else max(0.0, 1.0 - found)


def difference(gap: float) -> Text:
    """By how much two inputs differ; float32 knows no smaller difference from 1 than its rounding."""
    return say("{gap:.2g}", gap=gap) if gap >= ROUNDING else say("less than 10⁻⁷")


def correlation(look: Look) -> Finding | None:
    """Two inputs become alike: what the network could tell apart is gone before the output sees it."""
    gap = correlation_gap(look)
    if gap is None:
        return None
    known = [(row, c) for row, c in zip(look.hidden, look.frame["correlation"], strict=False) if c is not None]
    severity: Severity | None = "critical" if gap < GAP[2] else "warning" if gap < GAP[1] else "note" if gap < GAP[0] else None
    if severity is None:
        return None
    theory = None if look.theory is None else look.theory.correlation[len(look.hidden) - 1]
    sentence, config = remedy(look, severity, apart=True, measured=cost_of_gap(look.config, gap, apart=True) if look.initial else None)
    return Finding(
        rule="correlation", severity=severity,
        title=say("Inputs become alike: correlation {correlation:.6g} in layer {layer}", correlation=known[-1][1], layer=known[-1][0]),
        layers=[row for row, c in known if 1.0 - c < GAP[0]], measured=known[-1][1], threshold=1.0 - GAP[0], theory=theory,
        cause=say("Any two examples of the batch differ by {gap} of their size in the last hidden layer: "
                  "each layer shrinks the angle between them.", gap=difference(gap)),
        remedy=sentence, config=config)


def _began_well(first: Look) -> bool:
    """Whether nothing of signal or gradient was warned of at the start."""
    signal, gradient = (found.decades if found else 0.0 for found in (first.signal, first.gradient))
    lowest = -VANISHING_DECADES[1]
    return lowest < signal < EXPLODING_DECADES[1] and lowest < gradient < GRADIENT_EXPLODING_DECADES[1]


def remedy(look: Look, severity: Severity, apart: bool = False, redrawn: bool = False,
           measured: float | None = None) -> tuple[Text, dict[str, object] | None]:
    """The mended initialization, with a learning rate where the old one does not suit it; once the weights are trained, and
    theory sees no fault in the start, the learning rate that suits it. (apart, redrawn, measured: as in `mended`.)"""
    found: Remedy | None = mended(look.config, apart, redrawn, only_sound=severity == "note", measured=measured)
    if found is not None:
        found = paced(found, look)
    elif not look.initial and severity != "note" and _began_well(first_of(look)):
        found = sized(look)
    if found is None:
        return BORNE if severity == "note" else NOTHING_HELPS, None
    return found[0], found[1].model_dump(mode="json")
