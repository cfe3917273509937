"""How often the measured mean square lies within theory's band: `python -m benchmarks.bands`, about two minutes on one core.

Networks are drawn at random from all that theory has a band for. Each is computed with `--seeds` seeds in plain torch, on the batch that a
frame measured. The band claims to hold a share LEVEL of the seeds. A row where improbably few are inside is measured again with five times
as many fresh seeds. It counts as below the claim where these alone show it by a binomial test (corrected for the number of rows that were
measured again), and by more than MARGIN. It counts as wide where the band is more than WIDE times as wide as the interval that holds the
middle LEVEL of the seeds. `--rows` names such rows.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import itertools
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import binom
from torch import Generator, Tensor

from benchmarks.draws import log_uniform, valid
from benchmarks.ensembles import mean_squares
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.initializers import INITIALIZERS
from models.normalizations import NORMALIZATIONS
from models.theory import theory_of
from models.theory.band import LEVEL
from models.training import Run

Array = NDArray[np.float64]

MARGIN = 0.02
"""How far the share inside may be below LEVEL: with 100 seeds about one standard deviation of that share."""

SUSPECT, CERTAIN = 0.05, 0.05
"""Probabilities. SUSPECT: a row with fewer inside than is this probable is measured again. CERTAIN: of a single false alarm among all rows
that were measured again."""

AGAIN = 5
"""How many times as many seeds a row is measured with the second time."""

WIDE, NOTHING = 1.5, 0.002
"""A band this many times too wide counts as wide, unless the seeds themselves vary by no more than the share NOTHING of the mean square."""


@dataclass(frozen=True)
class Row:
    """One row of one network, measured. Widths and distances are those of logarithms.

    seeds, inside: how many were computed, and how many of them were inside the band
    width: the band's width over that of the interval that holds the middle LEVEL of the seeds
    off:   how far the band's middle is from that interval's, in half widths of the interval
    wide:  whether the band counts as wide
    again: whether this is the second measurement
    """

    config: RunConfig
    row: int
    seeds: int
    inside: int
    width: float
    off: float
    wide: bool
    again: bool = False

    @property
    def share(self) -> float:
        return self.inside / self.seeds

    @property
    def chance(self) -> float:
        """The probability that no more seeds are inside, if the band holds what it claims."""
        return float(binom.cdf(self.inside, self.seeds, LEVEL))


def configurations(seed: int) -> Iterator[RunConfig]:
    """Valid configurations without end: 2 to 24 layers of 10 to 200 units, 2 to 8 of 8 to 32 channels; all activations, initializers and
    normalizations; with and without biases, skips and dropout; batches of 8 to 128 of all data that need no download."""
    return valid(seed, _drawn)


def _drawn(draw: random.Random) -> dict[str, Any]:
    image = draw.random() < 0.35
    data: dict[str, Any] = {"name": draw.choice(["gaussian", "digits"] if image else ["gaussian", "digits", "moons", "circles", "spirals"]),
                            "batch_size": round(log_uniform(draw, 8, 32 if image else 128))}
    if data["name"] == "gaussian":
        data |= {"features": draw.choice(["auto", round(log_uniform(draw, 2, 64))]), "classes": draw.choice([2, 5, 10, 30])}
    width = round(log_uniform(draw, 8, 32) if image else log_uniform(draw, 10, 200))
    network = {
        "kind": "cnn" if image else "mlp", "depth": round(log_uniform(draw, 2, 8 if image else 24)), "width": width,
        "activation": {"name": draw.choice(list(ACTIVATIONS))}, "normalization": _normalization(draw),
        "residual": draw.random() < 0.25, "dropout": draw.choice([0.0, 0.0, 0.0, 0.1, 0.4]),
        "bias": draw.choice(["auto", "auto", True, False]),
        **({"kernel_size": draw.choice([1, 3, 3, 5]), "padding": draw.choice(["zeros", "circular"])} if image else {})}
    return {"network": network, "init": _init(draw, width * network.get("kernel_size", 1) ** 2), "bias_init": draw.choice(BIASES),
            "data": data, "seed": draw.randrange(1000), "device": "cpu"}


BIASES: tuple[dict[str, Any], ...] = ({}, {}, {}, {"name": "normal", "std": 0.2}, {"name": "uniform", "bound": 0.3},
                                      {"name": "constant", "value": 0.3}, {"name": "pytorch_default"})


DRAWN = {"network", "init", "bias_init", "data", "seed"}


def _normalization(draw: random.Random) -> dict[str, Any]:
    name = draw.choice(list(NORMALIZATIONS)) if draw.random() < 0.5 else "none"
    if name == "none":
        return {"name": name}
    groups = {"groups": draw.choice([2, 4])} if name == "group" else {}
    return {"name": name, "placement": draw.choice(["pre_activation", "post_activation"]), **groups}


def _init(draw: random.Random, fan_in: int) -> dict[str, Any]:
    """Any initializer that draws; where the variance is a parameter, with sigma_w^2 from 0.5 to 4."""
    name = draw.choice([name for name, entry in INITIALIZERS.items() if entry.law != "fixed"])
    scale = log_uniform(draw, 0.5, 4.0)
    std = math.sqrt(scale / fan_in)
    own: dict[str, dict[str, Any]] = {
        "uniform": {"a": -math.sqrt(3.0) * std, "b": math.sqrt(3.0) * std}, "normal": {"std": std},
        "trunc_normal": {"std": std, "a": -2.0 * std, "b": 2.0 * std},
        "variance_scaling": {"scale": scale, "distribution": draw.choice(["normal", "uniform", "truncated_normal"])}}
    return {"name": name, **own.get(name, {"gain": draw.choice([1.0, 1.0, log_uniform(draw, 0.7, 1.5)])})}


def band_and_batch(config: RunConfig) -> tuple[Array, Array, Tensor] | None:
    """Ends of the band, row by row, and the batch that the first frame measured; None where theory has nothing to say."""
    run, seen = Run.start(config), []
    run.network.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    found = theory_of(config, next(run.frames())["input"])
    if not found.applies:
        return None
    low, high = (np.array(column, dtype=np.float64) for column in (found.preactivation_band.low, found.preactivation_band.high))
    return low, high, seen[-1]


def measured(config: RunConfig, seeds: int) -> list[Row]:
    """The rows that have a band. Those that are suspect are measured twice, and only the second measurement is given."""
    known = band_and_batch(config)
    if known is None or not np.isfinite(known[0]).any():
        return []
    low, high, batch = known
    generator = torch.Generator().manual_seed(config.seed)
    rows = _rows(config, low, high, _ensemble(config, batch, seeds, generator))
    if not any(row.chance < SUSPECT for row in rows):
        return rows
    fresh = {row.row: row for row in _rows(config, low, high, _ensemble(config, batch, AGAIN * seeds, generator), again=True)}
    return [fresh[row.row] if row.chance < SUSPECT else row for row in rows]


def _ensemble(config: RunConfig, batch: Tensor, seeds: int, generator: Generator) -> Array:
    """Mean squares (seeds, depth + 1), computed for a hundred seeds at a time: more do not fit into the cache."""
    parts = [mean_squares(config, batch, min(100, seeds - first), generator) for first in range(0, seeds, 100)]
    result: Array = torch.cat(parts).numpy()
    return result


def _rows(config: RunConfig, low: Array, high: Array, found: Array, again: bool = False) -> list[Row]:
    inside = ((found >= low) & (found <= high)).sum(axis=0)
    lowest, highest = np.log(np.quantile(found, [(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0], axis=0))
    bottom, top, holds = np.log(low), np.log(high), highest - lowest
    width, off = (top - bottom) / holds, (top + bottom - highest - lowest) / holds
    return [Row(config, row + 1, len(found), int(inside[row]), float(width[row]), float(off[row]),
                bool(width[row] > WIDE and holds[row] > NOTHING), again) for row in np.flatnonzero(np.isfinite(low)).tolist()]


def below(rows: list[Row]) -> list[Row]:
    """The rows whose band certainly holds less than it claims, by more than MARGIN."""
    again = [row for row in rows if row.again]
    return [row for row in again if row.chance < CERTAIN / len(again) and row.share < LEVEL - MARGIN]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--networks", type=int, default=100, help="with a band in at least one row")
    options.add_argument("--seeds", type=int, default=200, help="of each network")
    options.add_argument("--seed", type=int, default=0, help="by which the networks are drawn")
    options.add_argument("--rows", action="store_true", help="name the rows that are below or wide")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    networks = filter(None, (measured(config, chosen.seeds) for config in configurations(chosen.seed)))
    rows = list(itertools.chain.from_iterable(itertools.islice(networks, chosen.networks)))
    low, wide = below(rows), [row for row in rows if row.wide]
    print(f"seed {chosen.seed}: {chosen.networks} networks, {len(rows)} rows with a band, {sum(row.again for row in rows)} measured again, "
          f"{len(low)} below, {len(wide)} wide; inside {np.mean([row.share for row in rows]):.4f}")
    for config, named in itertools.groupby([row for row in rows if row in low or row.wide] if chosen.rows else [], lambda row: row.config):
        print(json.dumps(config.model_dump(mode="json", include=DRAWN)))
        for row in named:
            print(f"  row {row.row} {'is below' if row in low else 'is wide'}: {row.share:.3f} of {row.seeds} inside, "
                  f"{row.width:.2f} as wide as what holds as many, middle off by {row.off:+.2f} of it")


if __name__ == "__main__":
    main()
