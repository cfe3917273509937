"""What a layer adds to a skip connection, beside what the skip brings along."""

from __future__ import annotations

import numpy as np

from models.theory.chain import Chain
from models.theory.gaussian import Averages
from models.theory.layers import Plan
from models.theory.nonlinearity import Array


def parts(plan: Plan, rows: Chain, at: Averages) -> Array:
    """Which share of the mean square that each hidden row hands on comes from its branch phi(h): 1 without a skip connection (depth,)."""
    part = np.ones(plan.depth)
    if plan.residual:
        part[1:] = np.where(np.array(rows.p[1:-1]) > 0, branch(plan, rows, at)[1:] / np.array(rows.p[1:-1]), 1.0)
    return part


def branch(plan: Plan, rows: Chain, at: Averages) -> Array:
    """Mean square of what each hidden row's branch phi(h) adds to the skip; of what the first row hands on, which has none (depth,)."""
    result: Array = np.diff(rows.p[:-1], prepend=0.0) if plan.post != "none" and plan.residual else (
        np.array(rows.p[:-1]) if plan.post != "none" else at.square / plan.keep)
    return result
