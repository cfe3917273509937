"""What the findings at step 0 foretell of training, and whether it came so."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydantic import ConfigDict

from models.config import RunConfig
from models.datasets import SOURCES
from models.diagnosis.dropout import DROWNED
from models.diagnosis.finding import Finding, Severity
from models.diagnosis.learned import LEARNED, Outcome, facts, guess, level, training_loss, understatement, unlearned
from models.diagnosis.look import Look
from models.diagnosis.signal import ROUNDING, correlation_gap, difference, pooled_gap
from models.diagnosis.tolerance import ALIKE, JOLT, bare, bears, bounded
from models.diagnosis.variants import changed, drawn
from models.frame import Frame
from models.theory import outlook
from models.words import NOTHING, Text, Worded, say, together

Sign = tuple[Outcome, str, Text]
"""What one sign foretells, the rule it belongs to, and why in words."""

SHORTEST = 20
"""A run of fewer steps says nothing of the network."""

ALIKE_ADAPTIVE = 1e-5
"""1 - correlation of two inputs in the last hidden layer from which on rounding holds up an optimizer that divides by the gradient's size
(softplus of 6 and 11 layers trains with 4e-5 and 1e-5, with 4e-8 slowly)."""

ADAPTIVE_STRIDE, UNBOUNDED_STRIDE = 0.7, 3.0
"""An optimizer that divides by the gradient's size takes no smaller steps as it nears its aim, so that from ADAPTIVE_STRIDE on training is
slow (it fails by its jolt: tolerance.py). UNBOUNDED_STRIDE holds where nothing but an unbounded activation, which no step saturates, stands
between the layers: of 14 networks of 5 to 48 layers with strides of 0.7 to 2.6 11 train, of two with 4.4 none."""

ADAPTIVE_DECADES = {"vanishing": 11.5, "exploding": 6.2}
"""Decades of signal or gradient from which on such an optimizer is slow. It bears more than others, as its steps do not grow with the
loss, which may come down from 800 and more: of 9 networks whose signal grows by 3.5 to 6.2 decades all train but one (on spirals). A signal
that explodes by more has to be brought down first (SHRUNK)."""

SHRUNK = math.log(10.0) / 2.0
"""How far the rows' weights have to move, relative to their norms and summed over rows and steps, to bring a signal's mean square down by a
decade: by its root. Of 14 networks whose signal explodes by 7 to 15 decades (ReLU's relatives and SELU beside skips, and linear ones)
seven of eight that move as far train, the eighth ends at 0.52 of a guess's loss, and of six that do not one trains."""

DROWNED_BATCH = 1e-3
"""Outlook.told behind layer normalizations below which dropout is taken to hold up a network with batch normalizations, of which theory
cannot tell: of seven below six train slowly or not at all, and all of four between 0.003 and 0.03 train."""

CHAOTIC_DECADES = (4.3, 5.5)
"""Decades by which the gradient explodes, where nothing but a bounded activation stands between the layers, from which on any optimizer is
slow, and fails. A decade is 2.3 depth scales of the gradient, 1 / ln χ: such networks train up to about ten of them. Of 62 beyond 6 decades
none learns."""

NUMBERS = ("vanishing_signal", "exploding_signal", "vanishing_gradient", "exploding_gradient", "correlation", "learning_rate",
           "update_ratio")
"""Rules whose numbers are judged here, by what the optimizer makes of them."""

TOLD_APART = 0.3
"""Number of plain steps, times 1 - correlation of two inputs in the last hidden layer, from which on normalized layers beside skips tell
them apart (_added)."""

PLAIN: dict[Severity, Outcome] = {"ok": "trains", "note": "trains", "warning": "slow", "critical": "fails"}

ORDER: tuple[Outcome, ...] = ("trains", "slow", "fails")


class Prediction(Worded):
    """Whether the network will train in the steps it is given; `rule`: the finding that says so, or "data"; null if nothing speaks against
    it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    rule: str | None
    sentence: Text


def predict(config: RunConfig, frame: Frame, findings: list[Finding]) -> Prediction:
    """From the frame at step 0 and its findings: the worst that any sign foretells."""
    look = Look(config, frame, None)
    each = (*_told(findings), _steps(look, findings), _alike(look), _added(look), _pooled(look), _drowned(config), *_decades(look),
            _data(config))
    signs = [sign for sign in each if sign]
    outcome, rule, words = max(signs, key=lambda sign: ORDER.index(sign[0]), default=("trains", None, NOTHING))
    if outcome == "trains":
        return Prediction(outcome="trains", rule=None, sentence=_borne(findings))
    return Prediction(outcome=outcome, rule=rule, sentence=say("At initialization: {why}.", why=words))


def _borne(findings: list[Finding]) -> Text:
    """Why it will train; a warning beside it is of something that such steps bear."""
    if all(finding.severity in ("note", "ok") for finding in findings):
        return say("Nothing at initialization speaks against it.")
    return say("It should bear what is found at initialization: the optimizer's steps are of a size that learns.")


def _told(findings: list[Finding]) -> list[Sign]:
    """What is foretold by the rules that mean the same for every optimizer."""
    return [(PLAIN[finding.severity], finding.rule, _within(finding.title)) for finding in findings if finding.rule not in NUMBERS]


def _steps(look: Look, findings: list[Finding]) -> Sign | None:
    """Steps too large or too small, as the learning rate's rule found them."""
    found = next((finding for finding in findings if finding.rule == "learning_rate"), None)
    each = look.movement
    if found is not None and found.measured is not None and found.threshold is not None and found.measured < found.threshold:
        return "fails" if found.severity == "warning" else "slow", found.rule, _within(found.title)
    if found is not None and (foretold := PLAIN[found.severity]) != "trains":
        return foretold, found.rule, _within(found.title)
    unbounded = bare(look.config) and not bounded(look.config)
    if look.adaptive and each.stride >= (UNBOUNDED_STRIDE if unbounded else ADAPTIVE_STRIDE * bears(look.config)):
        return "slow", "learning_rate", say("one step moves the layers' weights by {stride:.2g} of their norms in all", stride=each.stride)
    return None


def _alike(look: Look) -> Sign | None:
    gap = correlation_gap(look)
    if gap is None or (look.config.network.residual and look.normalized):
        return None
    slow, fails = (0.0, ALIKE_ADAPTIVE) if look.adaptive else ALIKE
    words = say("in the last hidden layer two inputs differ by {gap} of their size", gap=difference(gap))
    return ("fails", "correlation", words) if gap < fails else ("slow", "correlation", words) if gap < slow else None


def _added(look: Look) -> Sign | None:
    """Normalized layers beside skips: the differences of all layers add up, and it takes about TOLD_APART / (1 - c) plain steps that do not
    overshoot to tell inputs apart. With fewer nine of 13 runs of ReLU and GELU of 60 to 100 layers train slowly or not at all, with up to
    three times as many eight of ten train, and with jolts from 7 on 23 of 24, however few the steps."""
    gap, given = correlation_gap(look), look.config.total_steps
    overshoots = look.adaptive or look.movement.jolt >= JOLT[2]
    if gap is None or overshoots or not (look.config.network.residual and look.normalized) or gap * given >= TOLD_APART:
        return None
    return "slow", "learning_rate", say(
        "in the last hidden layer two inputs differ by {gap} of their size; to tell them apart takes some {needed:,} {needed|step|steps}, "
        "and it is given {given:,}", gap=difference(gap), needed=math.ceil(TOLD_APART / max(gap, ROUNDING)), given=given)


def _pooled(look: Look) -> Sign | None:
    """Images that are alike once the mean over their pixels is taken: the output's weights cannot tell them apart, those before may."""
    gap = pooled_gap(look)
    if gap is None or gap >= (ALIKE_ADAPTIVE if look.adaptive else ALIKE[1]):
        return None
    return "fails" if look.adaptive else "slow", "correlation", say(
        "in the mean over the pixels, which the output row sees, two inputs differ by {gap} of their size", gap=difference(gap))


def _drowned(config: RunConfig) -> Sign | None:
    """Dropout where theory does not tell what it leaves of two inputs, by what layer normalizations would leave of them: in the place of
    batch normalizations, and with LSUV, whose layers hand on one size as they do."""
    network, own = config.network, outlook(config)
    if network.dropout == 0.0 or (own is not None and math.isfinite(own.told)):
        return None
    said = outlook(changed(drawn(config)[1], network__normalization={"name": "layer"}))
    slow, fails = (DROWNED_BATCH, 0.0) if network.normalization.name == "batch" else DROWNED
    if said is None or said.told >= slow:
        return None
    return "fails" if said.told < fails else "slow", "dropout_noise", say(
        "dropout of {rate:g} adds up over {depth} {depth|layer|layers} to noise that hides what tells two inputs apart",
        rate=network.dropout, depth=network.depth)


def _decades(look: Look) -> Iterator[Sign]:
    """A signal or gradient that vanishes or explodes."""
    for name, change in (("signal", look.signal), ("gradient", look.gradient)):
        if change is None:
            continue
        kind = "exploding" if change.decades > 0 else "vanishing"
        size = abs(change.decades)
        slow, fails = _borne_decades(look, name, kind)
        if size >= slow:
            words = say("from end to end the signal's mean square changes by {size:.0f} decades", size=size) if name == "signal" else \
                say("from end to end the gradient's mean square changes by {size:.0f} decades", size=size)
            yield "fails" if size >= fails else "slow", f"{kind}_{name}", words


def _borne_decades(look: Look, name: str, kind: str) -> tuple[float, float]:
    """(decades from which on training is slow, decades from which on it fails). With plain gradient steps what counts is their size, which
    `_steps` judges; only an exploding gradient between bounded activations counts besides."""
    if name == "gradient" and kind == "exploding":
        return CHAOTIC_DECADES if bounded(look.config) else (math.inf, math.inf)
    if not look.adaptive:
        return math.inf, math.inf
    brought_down = look.movement.stride * look.config.total_steps / SHRUNK if kind == "exploding" else 0.0
    return max(ADAPTIVE_DECADES[kind], brought_down), math.inf


def _data(config: RunConfig) -> Sign | None:
    """Not behind batch normalizations, which take out what all inputs share, so that what tells them apart is seen at once: of 33 networks
    of 3 to 24 layers on spirals 24 train in 160 steps, half of them in 35."""
    if config.network.normalization.name == "batch":
        return None
    needed, given = SOURCES[config.data.name].patience, config.total_steps
    return ("slow", "data", say("half of the networks without a fault take {needed:,} {needed|step|steps} or more on these data, and this "
                                "one is given {given:,}", needed=needed, given=given)) if given < needed else None


def _within(title: Text) -> Text:
    """A finding's title within a sentence."""
    return Text(title[:1].lower() + title[1:], title.parts)


def announced(prediction: Prediction) -> Finding:
    """The prediction as a finding, until it is scored."""
    title = {"trains": say("Prediction: it will train"), "slow": say("Prediction: it will train slowly, if at all"),
             "fails": say("Prediction: it will not train")}
    return Finding(rule="prediction", severity="ok" if prediction.outcome == "trains" else "note", title=title[prediction.outcome],
                   cause=prediction.sentence)


def outcome(config: RunConfig, last: Frame) -> Outcome | None:
    """What came, by what the last frame shows to be learned (LEARNED); null where the run cannot tell.

    Too few steps cannot, and neither can Gaussian noise, whose labels are drawn at random.
    """
    if last["loss"] is not None and (last["step"] < SHORTEST or config.data.name == "gaussian"):
        return None
    return level(unlearned(config, last))


def held(predicted: Outcome, came: Outcome) -> bool:
    """Slow is said near a limit, where whether a network trains is open: slowly, if at all."""
    return came == predicted or (predicted == "slow" and came == "fails")


def score(prediction: Prediction, config: RunConfig, last: Frame) -> Finding:
    """Whether the prediction made at step 0 held, as a finding for the end of the run."""
    came, loss = outcome(config, last), training_loss(last)
    words = {"trains": say("trains"), "slow": say("trains slowly"), "fails": say("does not train")}
    predicted = say("trains slowly, if at all") if prediction.outcome == "slow" else words[prediction.outcome]
    if came is None:
        return Finding(rule="prediction", severity="note", title=say("Predicted: {predicted}; this run cannot tell", predicted=predicted),
                       measured=loss, cause=say("Too few steps, or labels drawn at random."), outcome=facts(config, last))
    right = held(prediction.outcome, came)
    return Finding(
        rule="prediction", severity="ok" if right else "note", measured=loss, threshold=LEARNED[0] * guess(config),
        title=say("Predicted: {predicted}. It held.", predicted=predicted) if right
        else say("Predicted: {predicted}. It did not hold: the network {came}.", predicted=predicted, came=words[came]),
        cause=prediction.sentence,
        outcome=together(facts(config, last), understatement(config, last), _counts(config) if came == "slow" else NOTHING))


def _counts(config: RunConfig) -> Text:
    """What a run that got part of the way is measured by."""
    return say("It counts as trained below a loss of {limit:.3g}, half of a guess's; more steps may get it there.",
               limit=LEARNED[0] * guess(config))
