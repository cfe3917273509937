"""What the mean square of the pre-activation gradient is multiplied by, from row l + 1 back to row l.

    chi_l = sigma_w^2 E[phi'(sqrt(q_l) z)^2],    sigma_w^2 that of row l + 1, whose weights carry the gradient back

(Schoenholz et al. 2017, 1611.01232). With s = E[phi'^2] / keep times the scale of a normalization behind phi, and n the
scale 1 / (v + eps) of one in front of phi, the factor in general is s_l (skip / s_{l+1} + sigma_w^2 n_{l+1}), where skip = 1
with a residual connection (Yang & Schoenholz 2017, 1712.08969). Batch normalization gives E[phi'^2] / (E[phi^2] - E[phi_a phi_b]),
pi / (pi - 1) for ReLU and large batches (Yang et al. 2019, 1902.08129).
"""

from __future__ import annotations

import math

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import Averages, second_moment
from models.theory.layers import Plan, inner_width
from models.theory.nonlinearity import Array


def gradient_factors(plan: Plan, rows: Chain, at: Averages, exact: bool) -> Array:
    """The factor of each hidden row (depth,).

    exact = False: sigma_w^2 = fan_in Var(w), as theory's chi has it; True: fan_out Var(w), what rectangular layers do.
    """
    s = at.slope_square / plan.keep * np.array(rows.behind)
    weight = np.array(rows.sigma_w2[1:])
    weight[-1] /= plan.pixels  # of what the mean over the pixels sends back, squared norms add up to one part in so many
    if exact:
        ratio = np.full(plan.depth, plan.hidden.backward / plan.hidden.forward)
        ratio[-1] = plan.last.backward / plan.last.forward
        if plan.config.network.kind == "cnn":
            ratio[-1] /= plan.pixels  # and each pixel has its share of that
        weight = weight * ratio
    scale = np.ones(plan.depth)
    if plan.pre != "none":
        scale[:-1] = 1.0 / (np.array(rows.v[1:-1]) + plan.eps)
    scale[:-1] *= _of_group(plan)
    if plan.pre == "instance" and plan.depth > 1:
        scale[-2] *= _pixels_kept(plan, rows, at)
    carried = weight * scale
    if plan.residual:
        carried[:-1] += 1.0 / s[1:]
    result: Array = s * carried
    return result


def _of_group(plan: Plan) -> float:
    """What groups of few units add to the scale: E[1 / s^2] of n Gaussians around their mean is n / (n - 3), and of n directions the
    normalization takes two away, the mean's and the values' own: (n - 2) / (n - 3). 1 where an average over all units is taken."""
    units = inner_width(plan.config)
    if plan.pre != "group" or plan.pixels > 1 or units == plan.width:
        return 1.0
    return (units - 2.0) / (units - 3.0)


def _pixels_kept(plan: Plan, rows: Chain, at: Averages) -> float:
    """What instance normalization lets pass of the last hidden row's gradient. Behind global average pooling that is phi' times one
    number for all pixels; its mean over the pixels and its part along z are taken out: 1 - (E[phi']^2 + E[z phi']^2) / E[phi'^2], where
    E[z phi'] = 2 sqrt(q) dE[phi]/dq."""
    q, h = rows.q[-2] - plan.nl.centres[0] ** 2, 1e-4
    if not q > 0:
        return 1.0
    along = (second_moment(plan.nl, q * (1 + h))[1] - second_moment(plan.nl, q * (1 - h))[1]) / (h * math.sqrt(q))
    return max(0.0, 1.0 - (float(at.slope[-1]) ** 2 + along**2) / float(at.slope_square[-1]))
