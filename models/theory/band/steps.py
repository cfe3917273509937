"""How each hidden row passes a deviation of its mean square on to the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.theory.band.branches import parts
from models.theory.band.draws import fan_in, of_biases
from models.theory.band.noise import measurable, shares
from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


@dataclass(frozen=True, slots=True)
class Steps:
    """What the next row inherits from each hidden row, one entry a hidden row (depth,).

    carried:  the elasticity d ln q_{l+1} / d ln q_l
    bend:     the shift of ln q_{l+1} for each unit of ln q_l's variance
    sphere:   the shift that is missing where a row's values are no Gaussian numbers (flatness)
    kept:     the share of a single pixel's deviation that the next convolution's average over its taps leaves
    """

    carried: Array
    bend: Array
    sphere: Array
    kept: Array


def steps_of(plan: Plan, rows: Chain, at: Averages, smoothed: Array) -> Steps:
    """How each row passes deviations on: not at all where a normalization sets the next row's scale anew, or that is 0 or overflows. What a
    skip brings along past a normalization is passed on.
    smoothed: what the convolutions up to each row leave of a pixel's own deviation (depth + 1,)."""
    part, bias = parts(plan, rows, at), of_biases(plan, rows)[:-1]
    brought = np.divide(1.0, 1.0 - bias, where=bias < 1.0, out=np.ones(plan.depth))  # d ln of what a skip brings / d ln q
    elasticity, bend = (1.0 - part) * brought, np.zeros(plan.depth)
    if plan.post == "none":  # what the branch adds behind a normalization has its size from it
        grows, bend = part * at.even / (2 * at.square), part * at.quartic / (8 * at.square)
        if plan.residual:  # 2 m E[phi], and m goes with the root of a length
            faster = np.divide(at.arched, 2.0 * at.mean, where=at.mean != 0.0, out=np.full(plan.depth, 0.5))
            shared = np.append(0.0, 2.0 * np.cumsum(at.mean)[:-1] * at.mean[1:] / np.array(rows.p[1:-1]))
            elasticity, grows = elasticity - shared * 0.5 * brought, grows + shared * faster
            bend += shared * (faster**2 - 0.25 * brought**2 + faster * (brought - 1.0)) / 2.0
        elasticity += grows if plan.pre == "none" else 0.0
    sphere, bend = flatness(plan, rows) * bend, bend if plan.pre == "none" else 0.0 * bend
    passes = plan.residual or plan.norm == "none"
    carried, bent, sphere = (measurable(plan, rows, at, shares(plan, rows) * column) for column in (
        elasticity if passes else 0.0 * elasticity, bend, sphere))
    return Steps(carried, bent, sphere, smoothed[1:] / smoothed[:-1])


def flatness(plan: Plan, rows: Chain) -> Array:
    """By how much flatter than a Gaussian law that of a hidden row's values is: minus a third of its excess kurtosis (depth,). By the
    series of Gram and Charlier E[phi^2] is lower by that times the bend. Of weights that keep lengths, of uniform ones, by as much as a
    unit sees few numbers, and of uniform biases."""
    loose, bias = plan.each("loose")[:-1], of_biases(plan, rows)[:-1]
    weights = np.where(loose < 1.0, (1.0 - loose) / plan.width, plan.each("even")[:-1] / (fan_in(plan)[:-1] + 2.0))
    result: Array = 2.0 * (1.0 - bias) ** 2 * weights + 2.0 / 3.0 * plan.each("even_bias")[:-1] * bias**2
    return result


def through_normalization(plan: Plan, rows: Chain) -> Array:
    """d ln q / d ln v of each hidden row: a normalization before phi makes q = v / (v + eps) of v, and leaves eps's share (depth,)."""
    return plan.eps / (np.array(rows.v[:-1]) + plan.eps) if plan.pre != "none" else np.ones(plan.depth)
