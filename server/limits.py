"""What a server will compute: the one place that holds an estimate against the limits."""

from __future__ import annotations

from models import device
from models.config import RunConfig
from models.cost import Cost, estimate
from models.sweep import SweepConfig, flops, memory_bytes
from server.errors import FieldError, OverLimit
from server.settings import GIB, Settings


def check_run(config: RunConfig, settings: Settings) -> Cost:
    """The cost of a run; OverLimit where the server will not take it."""
    cost = _check_network(config, settings)
    _hold("training.steps", "floating point operations", cost.flops, settings.max_run_flops,
          "train for fewer steps, or a smaller network or batch")
    _hold("capture.every", "frames", cost.frames, settings.max_frames, "take a frame less often (capture.every)")
    return cost


def check_preview(config: RunConfig, settings: Settings) -> Cost:
    """The cost of a preview; OverLimit where the server will not take it."""
    cost = _check_network(config, settings)
    _hold("network.depth", "floating point operations a step", cost.flops_per_step, settings.max_preview_flops,
          "choose fewer or narrower layers, or a smaller batch")
    return cost


def check_sweep(config: SweepConfig, settings: Settings) -> None:
    """OverLimit where the server will not compute the map."""
    _check_network(config.base, settings)
    _hold("sigma_w2.count", "GiB of memory", memory_bytes(config) / GIB, settings.max_memory_gib,
          "choose fewer points, or a smaller network")
    _hold("train_steps", "floating point operations", flops(config), settings.max_run_flops,
          "train for fewer steps, or choose fewer points, or a smaller network or batch")


def as_json(settings: Settings) -> dict[str, float]:
    """The limits as the catalogue tells them."""
    return {name: getattr(settings, name) for name in (
        "max_memory_gib", "max_run_flops", "max_preview_flops", "max_frames", "max_stored_frames", "max_stored_gib", "max_run_s",
        "max_queue", "max_body_bytes", "max_upload_bytes",
        "preview_timeout_s")}


def _check_network(config: RunConfig, settings: Settings) -> Cost:
    try:
        device.resolve(config.device)
    except ValueError as error:
        raise OverLimit(str(error), errors=[FieldError(loc="device", msg=str(error))]) from error
    cost = estimate(config)
    _hold("network", "GiB of memory", cost.memory_bytes / GIB, settings.max_memory_gib,
          "choose fewer or narrower layers, or a smaller batch")
    return cost


def _hold(field: str, what: str, estimate: float, limit: float, remedy: str) -> None:
    if estimate > limit:
        detail = f"this takes about {estimate:.3g} {what}, and this server's limit is {limit:.3g}: {remedy}"
        raise OverLimit(f"{field}: {detail}", errors=[FieldError(loc=field, msg=detail)], estimate=estimate, limit=limit)
