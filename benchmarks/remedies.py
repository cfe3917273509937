"""How often a remedy, applied, removes what it was offered for: `python -m benchmarks.remedies`, about a minute on one core.

Configurations are drawn at random from the catalogue. The configuration that a finding offers as its remedy is built and measured, and a
finding of the same rule that is as bad or worse counts as a failure. With `--training` both are trained, the first for up to 100 steps and
the mended one for up to 500, and the worst finding on the way (warnings and worse) is compared with what is left at the end. `--misses`
prints the failures.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import argparse
import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import torch

from benchmarks.draws import log_uniform, valid
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.diagnosis import Finding, Verdict, diagnose
from models.diagnosis.finding import SEVERITIES
from models.diagnosis.variants import changed
from models.initializers import INITIALIZERS
from models.normalizations import NORMALIZATIONS
from models.optimizers import OPTIMIZERS
from models.theory import theory_of
from models.training import initial_frame, train

BAD = ("critical", "warning")

MOST_STEPS = 500
"""Steps up to which a remedy is trained. Some ask for thousands: those are not run, and count as no failure."""

DATA = ("digits", "digits", "digits", "gaussian", "moons")


def configurations(seed: int) -> Iterator[RunConfig]:
    """Valid configurations without end: depth 2 to 60, width 4 to 256, learning rates 1e-5 to 10, one in ten an image network."""
    return valid(seed, _drawn)


def _drawn(draw: random.Random) -> dict[str, Any]:
    image = draw.random() < 0.1
    norm = draw.choice(list(NORMALIZATIONS)) if draw.random() < 0.5 else "none"
    dropout, bias = draw.choice([0.0, 0.0, 0.0, 0.1, 0.5, 0.9]), draw.choice(["auto", True, False])
    network = {
        "kind": "cnn" if image else "mlp", "depth": round(log_uniform(draw, 2, 12 if image else 60)),
        "width": round(log_uniform(draw, 4, 16 if image else 256)), "activation": {"name": draw.choice(list(ACTIVATIONS))},
        "normalization": {"name": norm} if norm == "none" else {
            "name": norm, "placement": draw.choice(["pre_activation", "pre_activation", "post_activation"])},
        "residual": draw.random() < 0.25, "dropout": dropout, "bias": bias}
    init: dict[str, Any] = {"name": draw.choice([name for name, entry in INITIALIZERS.items() if not entry.trained])}
    if draw.random() < 0.25:
        init["gain"] = log_uniform(draw, 0.3, 3.0)
    bias_init = draw.choice([{}, {}, {"name": "normal", "std": 0.2}, {"name": "constant", "value": 0.1}, {"name": "pytorch_default"}])
    optimizer = {"name": draw.choice(list(OPTIMIZERS)), "lr": float(f"{log_uniform(draw, 1e-5, 10.0):.1e}")}
    return {"network": network, "init": init, "bias_init": bias_init, "seed": draw.randrange(1000),
            "data": {"name": "digits" if image else draw.choice(DATA), "batch_size": draw.choice([8, 32, 128])},
            "training": {"steps": draw.choice([50, 200, 1000]), "optimizer": optimizer}, "capture": {"samples": 1024}, "device": "cpu"}


def findings(config: RunConfig) -> list[Finding]:
    frame = initial_frame(config)
    return diagnose(config, frame, theory_of(config, frame["input"]))


def left(finding: Finding) -> Finding | None:
    """What the remedy leaves of a finding: a finding of the same rule that is as bad or worse, None where there is none."""
    assert finding.config is not None
    after = findings(RunConfig.model_validate(finding.config))
    bad = SEVERITIES.index(finding.severity)
    return next((found for found in after if found.rule == finding.rule and SEVERITIES.index(found.severity) <= bad), None)


def trained(config: RunConfig) -> list[list[Finding]]:
    """The findings on each of a run's frames but the first."""
    verdict = Verdict(config, lambda frame: theory_of(config, frame["input"]))
    return [verdict.of(frame) for frame in train(config)][1:]


def shortened(config: RunConfig) -> RunConfig | None:
    """The configuration with at most 100 steps and about five frames; None for networks that take too long: deep ones, and CNNs."""
    if config.network.kind == "cnn" or config.network.depth > 25:
        return None
    steps = min(config.training.steps or 100, 100)
    return changed(config, training__steps=steps, capture__every=max(1, steps // 5), capture__samples=256, capture__bins=16)


def worst_on_the_way(config: RunConfig) -> list[Finding]:
    """For each rule the worst warning or critical finding of the run's frames, the latest of equally bad ones."""
    found: dict[str, Finding] = {}
    for finding in itertools.chain.from_iterable(trained(config)):
        if finding.severity in BAD and not (finding.rule in found and _worse(found[finding.rule], finding)):
            found[finding.rule] = finding
    return list(found.values())


def left_at_the_end(finding: Finding) -> Finding | None:
    """What the remedy leaves of a finding at the end of a run: likewise. None also where the run would be longer than MOST_STEPS."""
    assert finding.config is not None
    mended = RunConfig.model_validate(finding.config)
    if (mended.training.steps or 0) > MOST_STEPS:
        return None
    return next((found for found in trained(mended)[-1] if found.rule == finding.rule and not _worse(finding, found)), None)


def _worse(one: Finding, other: Finding) -> bool:
    return SEVERITIES.index(one.severity) < SEVERITIES.index(other.severity)


def remedies(chosen: argparse.Namespace) -> Iterator[tuple[RunConfig, Finding, Finding | None]]:
    """(configuration, a finding on it, what its remedy leaves of it) of all findings on configurations at random; a finding without a
    remedy has nothing left."""
    drawn: Iterator[RunConfig] = configurations(chosen.seed)
    find, remains_of = (worst_on_the_way, left_at_the_end) if chosen.training else (findings, left)
    if chosen.training:
        drawn = filter(None, map(shortened, drawn))
    for config in itertools.islice(drawn, chosen.configurations):
        for finding in find(config):
            yield config, finding, None if finding.config is None else remains_of(finding)


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--configurations", type=int, default=300)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--training", action="store_true", help="runs that train, not networks at their start")
    options.add_argument("--misses", action="store_true", help="name the remedies that leave what they were offered for")
    return options.parse_args()


def main() -> None:
    chosen = arguments()
    torch.set_num_threads(1)
    offered: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    for config, finding, remains in remedies(chosen):
        if finding.config is None:
            withheld[finding.rule] += finding.severity in BAD
            continue
        offered[finding.rule] += 1
        failed[finding.rule] += remains is not None
        if remains and chosen.misses:
            print(f"{finding.rule} {finding.severity} {finding.measured} -> {remains.severity} {remains.measured}: "
                  f"{finding.remedy}\n  {config.canonical()}", flush=True)
    print(f"{sum(offered.values())} remedies, {sum(failed.values())} leave what they were offered for, "
          f"{sum(withheld.values())} warnings and worse without one")
    for rule in sorted(offered | withheld):
        print(f"  {rule}: {failed[rule]} of {offered[rule]}, {withheld[rule]} without")


if __name__ == "__main__":
    main()
