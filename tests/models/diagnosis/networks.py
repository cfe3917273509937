"""Networks for the tests of the verdict, and what it says of them."""

from functools import lru_cache

from models.config import RunConfig
from models.diagnosis import diagnose
from models.diagnosis.finding import SEVERITIES
from models.theory import theory_of
from models.training import initial_frame, train


def network(depth=20, activation="relu", init="kaiming_normal", norm=None, width=64, **more):
    found = {"network": {"depth": depth, "width": width, "activation": {"name": activation}, **more.pop("network", {})},
             "init": init if isinstance(init, dict) else {"name": init}, "data": {"name": "digits", "batch_size": 128}, **more}
    if norm:
        found["network"]["normalization"] = norm if isinstance(norm, dict) else {"name": norm}
    return RunConfig.model_validate(found)


def scaled(scale):
    return {"name": "variance_scaling", "scale": scale, "distribution": "normal"}


def predicted(config):
    return lambda frame: theory_of(config, frame["input"])


@lru_cache
def look(config):
    frame = initial_frame(config)
    return diagnose(config, frame, predicted(config)(frame))


def trained(config):
    """Findings of the last frame, the first frame known to them."""
    frames = list(train(config))
    return diagnose(config, frames[-1], None, frames[:1])


def rules(findings):
    return {finding.rule: finding for finding in findings}


def badness(findings):
    return max(len(SEVERITIES) - SEVERITIES.index(finding.severity) for finding in findings)
