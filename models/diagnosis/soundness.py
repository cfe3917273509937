"""Whether theory says that a start carries signal and gradient: its cost, in units of what is tolerated. A cost of at most 1 is sound."""

from __future__ import annotations

import math

import numpy as np

from models.config import RunConfig
from models.diagnosis.movement import is_adaptive
from models.diagnosis.tolerance import ALIKE, ALIKE_SKIPPED, patient
from models.diagnosis.variants import CENTRED, alike, changed, drawn, uncentred
from models.theory import outlook
from models.theory.applies import SMALLEST_WIDTH
from models.theory.layers import plan

SILENCED = 0.02
"""From this expected number of examples on, of which dropout leaves nothing in some layer, dropout is mended before anything else."""

TOLD = 0.03
"""A start is sound from this Outlook.told on: by how much more two inputs differ than two passes of one input under dropout. Of 210 runs of
3 to 30 layers (ReLU and tanh, with and without skips and layer normalizations, dropout 0.05 to 0.7, Adam and sgd, 150 steps) all above it
train but one, and none below 0.01."""

CROWDED, CROWDED_FEW = 2.0, 1.0
"""Above so many layers for each unit that dropout keeps, the draw of the weights decides and not their variance: ln q varies by
5 depth / width (Hanin & Rolnick 2018, 1803.01719), and theory does not foresee what a normalization makes of so few units. CROWDED_FEW
holds where dropout keeps fewer units than theory judges."""

ADDED = math.pi**2 / 6.0
"""The sum of 1 / l^2. Of 200 layers of 64 units and 300 of 32 (GELU, tanh, ReLU; layer, RMS, batch normalization; four draws each) signal
and gradient are measured within 0.4 decades of theory, but for the gradient of two draws of tanh (0.7, 0.9) and behind batch
normalizations (2)."""

OVERLAP = 0.8
"""What a layer adds, a share a of the sum's mean square, overlaps with the sum by chance: that moves ln q with a variance of 4 a / width,
where a plain layer's is 5 / width."""

LENGTHS = 0.4
"""Of the variance 5 / width of a layer's ln q 2 / width is that of the length that independent weights give a vector. Orthogonal ones keep
it, and the rest is the activation's: nothing where that is linear."""

WARNED_GAP = 2e-3
"""1 - correlation of two inputs in the last hidden row below which it is warned that they are alike."""

SKIPPED_DRAWS = 0.2
"""Standard deviation over the draws of the weights of ln(1 - correlation) behind layer normalizations beside skips, around theory's: 0.1 to
0.3 for ReLU and GELU of 30 x 32, 54 x 43, 54 x 128 and 100 x 64, whose mean is theory's within 0.1."""

SMALL = 1e-3
"""Where an activation is looked at to see whether it is linear around 0."""

BATCH_DRIFT = 0.04
"""Behind a batch normalization the gradient's mean square grows faster than theory says, by up to so many decades a layer (over 40 layers
of softplus by 0.04 to 0.07, of tanh, GELU and sigmoid by 0.02, of ReLU by 0 to 0.02)."""

BATCH_SKIPPED = 0.6
"""Beside skips it grows with the logarithm of depth, as theory says, but by so much more of its decades: by 0.3 to 0.7 for ReLU and GELU of
100 to 300 layers, by 0.1 for tanh."""

UNJUDGED = 4.0
"""The cost of a configuration to which theory does not apply: more than that of any that carries the signal, less than infinity."""


def cost(config: RunConfig, apart: bool = False, certain: bool = False) -> float:
    """The largest of several costs: by how many decades theory says that mean squares change over the hidden rows, over what is tolerated.

    Signal:   2 decades are tolerated, 3 with normalized skips, and 1.33 up if certain, as a note begins at 1 (signal.py). Without a
              normalization two standard deviations of what a finite width adds are counted: the variance of ln q grows by about
              5 / width a layer (Hanin & Rolnick 2018, 1803.01719; less: crowding), for the width that dropout keeps.
    Gradient: 2 decades down with the same two standard deviations, and 1.25 without, as a note begins at 1.5; 2.5 up, as one begins at 3.
              Behind a batch normalization BATCH_DRIFT or BATCH_SKIPPED is counted.
    Inputs:   two of them must stay apart (cost_of_gap; apart, certain as there), also beside dropout's noise (TOLD).
    """
    if silenced(config) > SILENCED or alike(config):
        return math.inf
    said = outlook(config)
    if said is None or crowded(config):
        return UNJUDGED
    network = config.network
    noise = 0.0 if network.normalization.name != "none" else 2.0 * math.sqrt(5.0 * crowding(config)) / math.log(10)
    tolerated = 4.0 / 3.0 if certain and said.signal > 0.0 else 2.0
    if network.residual and network.normalization.name != "none":
        tolerated = 3.0
    drift = 0.0 if network.normalization.name != "batch" else \
        BATCH_SKIPPED * max(0.0, said.gradient) if network.residual else BATCH_DRIFT * network.depth
    vanishing, exploding = max(0.0, -said.gradient), max(0.0, said.gradient, said.gradient + drift)
    return max((abs(said.signal) + noise) / tolerated, (vanishing + noise) / 2.0, vanishing / 1.25, (exploding + noise) / 2.5,
               cost_of_gap(config, said.gap, apart, certain), TOLD / max(1e-12, said.told))


def cost_of_gap(config: RunConfig, gap: float, apart: bool, certain: bool = False) -> float:
    """The cost of two inputs' gap, 1 - correlation in the last hidden row. It may be 0.003 at the least (ALIKE_SKIPPED
    behind normalized layers beside skips), for steps that inputs almost alike hold up ALIKE on average over draws, or, if they must stay
    clearly apart, 0.018 and what a finite width takes from it.

    certain: also for single draws: without skips ln(gap) has the mean -r and the standard deviation 1.2 sqrt(r) around theory's, r the
    layers for each unit (12 draws each of ReLU, PReLU and GELU, with and without layer normalizations, r = 0.16 to 1)
    """
    r = crowding(config)
    skipped = config.network.residual and config.network.normalization.name != "none"
    least = 0.018 * math.exp(2.0 * math.sqrt(r)) if apart else ALIKE_SKIPPED[is_adaptive(config.training)] if skipped else 0.003
    if certain and not config.network.residual:
        least *= math.exp(r + 2.4 * math.sqrt(r))
    if config.total_steps and not patient(config):
        least = max(least, ALIKE[0] * (1.0 if config.network.residual else math.exp(r)))
    return least / max(1e-12, gap)


def apart_for_most(config: RunConfig) -> bool:
    """Whether theory says that two inputs stay apart by more than what is warned of, for all draws of the weights but one in a hundred:
    ln(gap) varies as in cost_of_gap, beside skips by SKIPPED_DRAWS."""
    said, r = outlook(config), crowding(config)
    drawn_less = 2.4 * SKIPPED_DRAWS if config.network.residual else r + 2.4 * math.sqrt(r)
    return said is not None and said.gap >= WARNED_GAP * math.exp(drawn_less)


def _linear(config: RunConfig) -> bool:
    """Whether signals become small, or stay so, and the activation is linear for small ones: tanh up to its critical sigma_w^2."""
    facts = plan(config)
    below, above = (float(value) for value in facts.nl.phi(np.array([-SMALL, SMALL])))
    bare = facts.norm == "none" and not facts.residual and facts.keep == 1.0 and facts.hidden.bias == 0.0
    return bare and abs(above + below) < 1e-2 * abs(above) and facts.hidden.forward * (above / SMALL) ** 2 <= 1.0 + SMALL


def silenced(config: RunConfig) -> float:
    """Expected number of pairs of a layer and an example in which dropout, and ReLU on half of what it keeps, set all units to 0. The layer
    then hands on nothing. A normalization of single examples divides by the root of eps there, and the gradient of the whole batch
    explodes. With skips all layers would have to be silent at once."""
    network = config.network
    if network.kind == "cnn" or network.dropout == 0.0:
        return 0.0
    single = network.normalization.name not in ("none", "batch")
    layers, examples = 1 if network.residual else network.depth, config.batch_size if single else 1
    kept = (1.0 - network.dropout) * (0.5 if network.activation.name in ("relu", "relu6") else 1.0)
    return float(layers * examples * (1.0 - kept) ** network.width)


def drowned(config: RunConfig) -> bool:
    """Whether theory says that dropout's noise hides what tells two inputs apart, whatever else a remedy changes. So the network is judged
    with weights drawn at random, and with tanh for an activation far from 0; where theory says nothing of it, or it has skips, which a
    remedy would normalize first, it is judged with layer normalizations and enough units instead."""
    network = config.network
    if network.dropout == 0.0:
        return False
    judged = drawn(config)[1]
    if uncentred(config):
        judged = changed(judged, network__activation={"name": CENTRED[0]})
    said = None if network.normalization.name == "batch" or network.residual else outlook(judged)
    if said is None:
        said = outlook(changed(judged, network__normalization={"name": "layer"}, network__width=max(SMALLEST_WIDTH, network.width)))
    return said is not None and said.told < TOLD


def crowded(config: RunConfig) -> bool:
    """Whether the draw of the weights decides, and not their variance."""
    kept = config.network.width * (1.0 - config.network.dropout)
    return crowding(config) > CROWDED if kept >= SMALLEST_WIDTH else crowding(config) >= CROWDED_FEW


def crowding(config: RunConfig) -> float:
    """Layers for each unit of a layer that dropout keeps, as many as add their chance to the signal's."""
    network = config.network
    kept = network.width * (1.0 - network.dropout)
    if network.residual and kept >= SMALLEST_WIDTH:
        return _shares(config) / kept
    return network.depth * (LENGTHS * plan(config).hidden.loose if _linear(config) else 1.0) / kept


def _shares(config: RunConfig) -> float:
    """As how many layers those between skips count, each by its share of the sum.

    Normalized ones are at most ADDED: each hands on one size, and layer l is 1 / l of the sum. Others are OVERLAP of what ln q grows by.
    """
    network = config.network
    if network.normalization.name != "none":
        return min(ADDED, network.depth)
    said = outlook(config)
    return network.depth if said is None else min(network.depth, OVERLAP * max(0.0, said.signal) * math.log(10))
