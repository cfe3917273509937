"""The normalizations: the axes that each averages over, and the torch.nn module that does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.choices import Choice, Kind, Parameter, Params, Table
from models.later import nn


@dataclass(frozen=True, kw_only=True)
class Normalization(Choice):
    """A normalization layer.

    make:  (torch.nn, kind, width, params) -> module for (B, width) or (B, width, H, W); with what writes calls in torch.nn's place,
           the call's source
    axes:  by kind of network, the axes that one mean is taken over: "batch", "channels" (an MLP's units), "group" (of channels), "pixels"
    per_example: whether each example is normalized by itself, so that the rest of the batch does not matter
    """

    make: Callable[[Any, Kind, int, Params], Any]
    axes: dict[Kind, tuple[str, ...]]
    per_example: bool = True

    def build(self, kind: Kind, width: int, params: Params) -> nn.Module:
        """The module; one that torch.nn has not is from models.modules."""
        from models import modules  # loads torch

        made: nn.Module = self.make(modules, kind, width, params)
        return made

    def card(self, shared: tuple[Parameter, ...]) -> dict[str, Any]:
        return {**super().card(shared), "axes": self.axes}


def _batch(nn: Any, kind: Kind, width: int, p: Params) -> Any:
    module = nn.BatchNorm1d if kind == "mlp" else nn.BatchNorm2d
    return module(width, eps=p["eps"], momentum=p["momentum"], affine=p["affine"])


def _layer(nn: Any, kind: Kind, width: int, p: Params) -> Any:
    if kind == "mlp":
        return nn.LayerNorm(width, eps=p["eps"], elementwise_affine=p["affine"])
    return _group(nn, 1, width, p)


def _rms(nn: Any, kind: Kind, width: int, p: Params) -> Any:
    if kind == "mlp":
        return nn.RMSNorm(width, eps=p["eps"], elementwise_affine=p["affine"])
    return nn.RMSNormChannels(width, eps=p["eps"], affine=p["affine"])


def _group(nn: Any, groups: int, width: int, p: Params) -> Any:
    return nn.GroupNorm(groups, width, eps=p["eps"], affine=p["affine"])


_SHARED = (
    Parameter("placement", "choice", "pre_activation", "placement", "Between weights and activation, or after the activation.",
              choices=("pre_activation", "post_activation")),
    Parameter("affine", "bool", True, "affine", "A learned scale γ (and shift β, but for RMS) a channel."),
    Parameter("eps", "float", 1e-5, "ε", "Added to the variance.", low=0.0, high=1.0, slider=(1e-8, 1e-1), log=True, above=True),
)

NORMALIZATIONS: Table[Normalization] = Table("Normalization", "none", (
    Normalization(
        name="none", label="None", formula="y = x", source="torch.nn.Identity", axes={"mlp": (), "cnn": ()}, plain=True,
        make=lambda nn, kind, width, p: nn.Identity(),
    ),
    Normalization(
        name="batch", label="Batch", formula="y = γ (x − mean) / √(var + ε) + β over the batch",
        source="torch.nn.BatchNorm1d, BatchNorm2d; Ioffe & Szegedy 2015 (1502.03167)",
        parameters=(Parameter("momentum", "float", 0.1, "momentum", "Weight of the newest batch in the running statistics.",
                              low=0.0, high=1.0, slider=(0.01, 1.0)),),
        axes={"mlp": ("batch",), "cnn": ("batch", "pixels")}, make=_batch, per_example=False,
    ),
    Normalization(
        name="layer", label="Layer", formula="y = γ (x − mean) / √(var + ε) + β over one example's features",
        source="torch.nn.LayerNorm (images: torch.nn.GroupNorm(1, C)); Ba et al. 2016 (1607.06450)",
        axes={"mlp": ("channels",), "cnn": ("channels", "pixels")}, make=_layer,
    ),
    Normalization(
        name="instance", label="Instance", formula="y = γ (x − mean) / √(var + ε) + β over one channel of one example",
        source="torch.nn.InstanceNorm2d; Ulyanov et al. 2016 (1607.08022)", kinds=("cnn",),
        axes={"mlp": (), "cnn": ("pixels",)},
        make=lambda nn, kind, width, p: nn.InstanceNorm2d(width, eps=p["eps"], affine=p["affine"]),
    ),
    Normalization(
        name="group", label="Group", formula="y = γ (x − mean) / √(var + ε) + β over a group of channels of one example",
        source="torch.nn.GroupNorm; Wu & He 2018 (1803.08494)",
        parameters=(Parameter("groups", "int", 8, "groups", "Must divide the width.", low=1, high=65536, slider=(1, 32)),),
        axes={"mlp": ("group",), "cnn": ("group", "pixels")},
        make=lambda nn, kind, width, p: _group(nn, p["groups"], width, p),
    ),
    Normalization(
        name="rms", label="RMS", formula="y = γ x / √(mean of x² + ε) over one example's features",
        source="torch.nn.RMSNorm; Zhang & Sennrich 2019 (1910.07467)",
        axes={"mlp": ("channels",), "cnn": ("channels", "pixels")}, make=_rms,
    ),
), shared=_SHARED)
