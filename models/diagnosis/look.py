"""Look: what a rule sees of one frame: the hidden rows' columns, what theory says of them, and how a step will move the weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from models.config import RunConfig
from models.diagnosis.learned import LEARNED, unlearned
from models.diagnosis.movement import Movement, Row, is_adaptive, movement
from models.frame import Frame, Quantity
from models.theory import Theory

TINY = 1e-90
"""Stands for 0 where a logarithm of a mean square is taken: the square of float32's smallest number."""

SMALLEST = 1.2e-38
"""float32's smallest number with all its digits: smaller ones lose them, and become 0."""

Column = Sequence[float | None]


@dataclass(frozen=True)
class Change:
    """How a mean square changes over the hidden rows: decades in all, from the first to the last, and the factor a layer.

    gone: whether it fades on the way until float32 holds nothing of it: the factor is then that of the rows where it is still there, and
          the decades are the least that it falls by
    least: the row with the least, where that is taken for the last
    """

    decades: float
    rate: float
    rows: list[int]
    gone: bool = False
    least: int | None = None


@dataclass(frozen=True)
class Look:
    """theory: null once the weights are trained; history: earlier frames, the first of them at step 0 (may be empty)."""

    config: RunConfig
    frame: Frame
    theory: Theory | None
    history: Sequence[Frame] = ()

    @property
    def initial(self) -> bool:
        return self.frame["step"] == 0

    @property
    def hidden(self) -> list[int]:
        """Rows of the hidden layers that the frame shows; they come first in every column."""
        return [row for row in self.frame["layers"] if row <= self.config.network.depth]

    def quantity(self, name: str) -> Quantity:
        """A quantity of the frame; empty where it was not measured."""
        return self.frame["quantities"].get(name) or Quantity()

    @cached_property
    def signal(self) -> Change | None:
        """Of the activations' mean square, from the first hidden row to the last; of a trained network that has lost it on the way, to
        where it is least: the biases of the last layers are the first to learn, and what they add says nothing of the input."""
        column = self.quantity("activation").get("mean_square", ())[: len(self.hidden)]
        place = None if self.initial else least(column)
        found = change(self.hidden, column if place is None else column[:place + 1])
        return found if found is None or place is None else replace(found, least=self.hidden[place])

    @cached_property
    def gradient(self) -> Change | None:
        """Of the pre-activation gradient's square, from the last hidden row back to the first."""
        norms = self.quantity("preactivation_gradient").get("norm", ())
        found = change(self.hidden, [None if norm is None else norm * norm for norm in norms])
        return None if found is None else Change(-found.decades, 1.0 / found.rate, found.rows[::-1], found.gone)

    @property
    def signal_theory(self) -> float | None:
        """The factor a layer that theory gives for the activations' mean square."""
        found = None if self.theory is None else change(self.hidden, self.theory.activation_mean_square)
        return None if found is None else found.rate

    @property
    def gradient_theory(self) -> float | None:
        """The factor a layer that theory gives for the gradient's mean square."""
        factors = [] if self.theory is None else self.theory.gradient_mean_square_ratio[: len(self.hidden) - 1]
        known = [math.log(factor) for factor in factors if factor]
        return math.exp(sum(known) / len(known)) if known else None

    @property
    def normalized(self) -> bool:
        return self.config.network.normalization.name != "none"

    @property
    def carried(self) -> bool:
        """Whether signal and gradient stay within two decades up and 2.5 down, which tanh's 1 / (2l) loses in 200 layers, and trains."""
        return all(-2.5 < found.decades < 2.0 for found in (self.signal, self.gradient) if found is not None)

    @property
    def broken(self) -> list[int]:
        """Rows with a NaN or an infinity in what they compute; where there is none, in what comes back to them.

        (An overflow on the way forward makes every gradient NaN: the row where it begins is the one to name.)
        """
        return self._not_finite("preactivation", "activation") or self._not_finite("preactivation_gradient", "weight", "weight_gradient")

    def _not_finite(self, *names: str) -> list[int]:
        counts = [self.quantity(name)[kind] for name in names if self.quantity(name) for kind in ("nan", "pos_inf", "neg_inf")]
        return [row for index, row in enumerate(self.frame["layers"]) if any(column[index] for column in counts)]

    @cached_property
    def movement(self) -> Movement:
        """By how much the optimizer's step moves the rows, from the gradients that the frame measured. A row without weights or gradient
        is left out."""
        weight, gradient = self.quantity("weight"), self.quantity("weight_gradient")
        if not weight or not gradient:
            return Movement((), (), 0.0, 0.0, 0.0, ())
        z, back = self.quantity("preactivation").get("norm", ()), self.quantity("preactivation_gradient").get("norm", ())
        leverage = [(a or 0.0) * (b or 0.0) for a, b in zip(z, back, strict=False)]
        rows = [Row(w, g, n, leverage[place]) for place, (w, g, n) in enumerate(zip(
            weight["norm"], gradient["norm"], weight["n"], strict=True)) if w and g is not None]
        each = (self.config.network.depth + 1) / len(self.frame["layers"])
        return movement(self.config.training, rows, leverage[len(self.hidden) - 1], each)

    @property
    def logits(self) -> float:
        """The mean square of what the output row hands on; 0 where it was not measured."""
        return self.quantity("preactivation").get("mean_square", (None,))[-1] or 0.0

    @property
    def adaptive(self) -> bool:
        """Whether the optimizer divides each gradient by its own size."""
        return is_adaptive(self.config.training)

    @property
    def learned(self) -> bool:
        """Whether training has brought it halfway from a guess to certainty: what it was measured at is then no fault."""
        left = unlearned(self.config, self.frame)
        return not self.initial and left is not None and left < LEARNED[0]


def change(rows: list[int], values: Column) -> Change | None:
    """From the first to the last of the rows that have a value; `rows`: those a factor of 3 away from the first."""
    known = [(row, math.log10(max(value, TINY))) for row, value in zip(rows, values, strict=False) if value is not None]
    if len(known) < 2:
        return None
    (first, start), (last, end) = known[0], known[-1]
    decades = end - start
    moved = [row for row, value in known[1:] if abs(value - start) > 0.5 and (value > start) == (decades > 0)]
    seen = [(row, value) for row, value in known if value > 2.0 * math.log10(SMALLEST)]
    if 2 <= len(seen) < len(known):
        (begin, high), (end_seen, low) = seen[0], seen[-1]
        slope = (low - high) / (end_seen - begin)
        if slope * math.copysign(last - first, decades) >= abs(decades):  # it fades: no layer cuts it off
            return Change(decades, 10.0**slope, moved, gone=True)
    return Change(decades, 10.0 ** (decades / (last - first)), moved)


def least(values: Column) -> int | None:
    """Where the least of the values is, if it is further below the first than the last is from the first; else None."""
    known = [(max(value, TINY), place) for place, value in enumerate(values) if value is not None]
    if not known:
        return None
    (start, _), (end, _), (value, place) = known[0], known[-1], min(known)
    return place if value < end and value * max(end / start, start / end) < start else None
