"""What the server will compute: the only place where an estimated cost is compared with the limits."""

from __future__ import annotations

from models import device
from models.config import RunConfig
from models.cost import FLOAT, Cost, estimate
from models.sweep import SweepConfig, flops, memory_bytes
from models.words import Text, say
from server.errors import FieldError, OverLimit, at_field
from server.settings import GIB, Settings


def check_run(config: RunConfig, settings: Settings) -> Cost:
    """The cost of a run; OverLimit where the server will not take it."""
    cost = _check_network(config, settings)
    _hold("training.steps", say("floating point operations"), cost.flops, settings.max_run_flops,
          say("train for fewer steps, or a smaller network or batch"))
    if config.capture.weights:
        _hold("capture.weights", say("GiB of weights"), FLOAT * cost.parameters / GIB, settings.max_stored_gib,
              say("choose fewer or narrower layers, or do not keep the weights"))
    _hold("capture.every", say("frames"), cost.frames, settings.max_frames, say("take a frame less often (capture.every)"))
    return cost


def check_preview(config: RunConfig, settings: Settings) -> Cost:
    """The cost of a preview; OverLimit where the server will not take it."""
    cost = _check_network(config, settings)
    _hold("network.depth", say("floating point operations a step"), cost.flops_per_step, settings.max_preview_flops,
          say("choose fewer or narrower layers, or a smaller batch"))
    return cost


def check_sweep(config: SweepConfig, settings: Settings) -> None:
    """OverLimit where the server will not compute the map."""
    _check_network(config.base, settings)
    _hold("sigma_w2.count", say("GiB of memory"), memory_bytes(config) / GIB, settings.max_memory_gib,
          say("choose fewer points, or a smaller network"))
    _hold("train_steps", say("floating point operations"), flops(config), settings.max_run_flops,
          say("train for fewer steps, or choose fewer points, or a smaller network or batch"))


def as_json(settings: Settings) -> dict[str, float]:
    """The limits as the catalogue tells them."""
    return {name: getattr(settings, name) for name in (
        "max_memory_gib", "max_run_flops", "max_preview_flops", "max_frames", "max_stored_frames", "max_stored_gib", "max_run_s",
        "max_queue", "max_body_bytes", "max_upload_bytes",
        "preview_timeout_s")}


def _check_network(config: RunConfig, settings: Settings) -> Cost:
    try:
        device.kind(config.device)
    except ValueError as error:
        raise OverLimit(error.args[0], errors=[FieldError(loc="device", msg=error.args[0])]) from error
    cost = estimate(config)
    _hold("network", say("GiB of memory"), cost.memory_bytes / GIB, settings.max_memory_gib,
          say("choose fewer or narrower layers, or a smaller batch"))
    return cost


def _hold(field: str, what: Text, estimate: float, limit: float, remedy: Text) -> None:
    if estimate > limit:
        problem = say("this takes about {estimate:.3g} {what}, and this server's limit is {limit:.3g}: {remedy}",
                      estimate=estimate, what=what, limit=limit, remedy=remedy)
        raise OverLimit(**at_field(field, problem), estimate=estimate, limit=limit)
