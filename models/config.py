"""RunConfig: what a run is, validated once and frozen. Code that receives one neither checks it nor fills in defaults."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from models import NUMERICS_VERSION
from models.activations import ACTIVATIONS, gain_of
from models.choices import Choice, Kind, Parameter, Selection, Strict
from models.datasets import SOURCES, Demand, Shape
from models.initializers import BIAS_INITIALIZERS, INITIALIZERS, source_problem
from models.normalizations import NORMALIZATIONS
from models.optimizers import OPTIMIZERS
from models.words import Text, say

AUTO_FRAMES = 40
"""About how many frames a run has with capture.every "auto": enough to scrub through, and a frame costs a quarter of a step."""

CNN_ONLY: tuple[Kind, ...] = ("cnn",)


KIND = Parameter("kind", "choice", "mlp", "kind", "Fully connected layers, or convolutions with a linear output layer.",
                 choices=("mlp", "cnn"))
DEPTH = Parameter("depth", "int", 20, "depth", "Weighted hidden layers; the output layer comes on top.",
                  low=1, high=10_000, slider=(1, 200), log=True, unit="layers")
WIDTH = Parameter("width", "int", 256, "width", "Units of a layer (CNN: channels).", low=1, high=65_536, slider=(2, 1024), log=True)
BIAS = Parameter("bias", "choice", "auto", "bias", "auto: off where a normalization with affine parameters follows directly.",
                 choices=("auto", True, False))
RESIDUAL = Parameter("residual", "bool", False, "residual", "Each layer from the second on adds its input to its output.")
DROPOUT = Parameter("dropout", "float", 0.0, "dropout", "Probability that a unit's output is set to 0 while training.",
                    low=0.0, high=0.9, slider=(0.0, 0.9))
KERNEL_SIZE = Parameter("kernel_size", "choice", 3, "kernel", choices=(1, 3, 5, 7), unit="pixels", kinds=CNN_ONLY)
PADDING = Parameter("padding", "choice", "zeros", "padding", "Circular padding is the case that theory solves exactly.",
                    choices=("zeros", "circular"), kinds=CNN_ONLY)
POOL_EVERY = Parameter("pool_every", "int", 0, "pool every",
                       "Max-pool 2 × 2 after each so many layers while there are 2 pixels; 0 = never.",
                       low=0, high=10_000, slider=(0, 20), unit="layers", kinds=CNN_ONLY)

STEPS = Parameter("steps", "int", 200, "steps", "Optimizer steps; 0 = only look at the initialization.",
                  low=0, high=10_000_000, slider=(0, 2000), special=(None,))
EPOCHS = Parameter("epochs", "int", None, "epochs", "Instead of steps: passes over the training part.",
                   low=1, high=100_000, slider=(1, 100), special=(None,))
CLIP_NORM = Parameter("clip_norm", "float", None, "clip gradient norm", "The gradient's norm is cut to this; null = never.",
                      low=0.0, high=1e6, above=True, slider=(0.01, 100.0), log=True, special=(None,))

EVERY = Parameter("every", "int", "auto", "frame every", "Steps between two frames; auto: about 40 frames a run.",
                  low=1, high=10_000_000, slider=(1, 100), log=True, unit="steps", special=("auto",))
BINS = Parameter("bins", "int", 64, "bins", "Bins of a histogram.", low=2, high=512, slider=(8, 256), log=True)
SAMPLES = Parameter("samples", "int", 4096, "samples",
                    "At least so many values a layer that histograms are counted from; moments and counters are exact.",
                    low=16, high=100_000_000, slider=(256, 65_536), log=True, special=("all",))
WEIGHTS = Parameter("weights", "bool", False, "keep weights", "Keeps the weights of a finished run, so that others can start from them.")
SEED = Parameter("seed", "int", 0, "seed", "Weights, data, batches and dropout are drawn from it.", low=0, high=2**53 - 1, slider=(0, 100))
DEVICE = Parameter("device", "choice", "auto", "device", "auto: the GPU where there is one.", choices=("auto", "cpu", "cuda"))


class NetworkConfig(Strict):
    """The network: `depth` weighted hidden layers of `width` units or channels, and the output layer."""

    kind: Annotated[Kind, KIND] = KIND.field()
    depth: Annotated[int, DEPTH] = DEPTH.field()
    width: Annotated[int, WIDTH] = WIDTH.field()
    activation: Annotated[Selection, ACTIVATIONS] = ACTIVATIONS.field()
    normalization: Annotated[Selection, NORMALIZATIONS] = NORMALIZATIONS.field()
    bias: Annotated[Literal["auto"] | bool, BIAS] = BIAS.field()
    residual: Annotated[bool, RESIDUAL] = RESIDUAL.field()
    dropout: Annotated[float, DROPOUT] = DROPOUT.field()
    kernel_size: Annotated[int, KERNEL_SIZE] = KERNEL_SIZE.field()
    padding: Annotated[Literal["zeros", "circular"], PADDING] = PADDING.field()
    pool_every: Annotated[int, POOL_EVERY] = POOL_EVERY.field()

    @property
    def has_bias(self) -> bool:
        """Whether the hidden layers have a bias; the output layer has one unless `bias` is false."""
        if self.bias != "auto":
            return bool(self.bias)
        norm = self.normalization
        return norm.name == "none" or norm.params["placement"] != "pre_activation" or not norm.params["affine"]

    def pixels(self, shape: Shape) -> list[int]:
        """Height (= width) of the images that enter each hidden layer, for inputs of this shape; 1 for an MLP. Pooling stops at 1 pixel."""
        if self.kind == "mlp":
            return [1] * self.depth
        sizes, size = [], shape[-1]
        for row in range(1, self.depth + 1):
            sizes.append(size)
            size = self.pooled(row, size)
        return sizes

    def pooled(self, row: int, size: int) -> int:
        """Height (= width) of the images that leave layer `row`, of those that enter it with height `size`."""
        return size // 2 if self.pool_every and row % self.pool_every == 0 and size >= 2 else size


class TrainingConfig(Strict):
    """How the network is trained: for so many steps, or for so many epochs."""

    optimizer: Annotated[Selection, OPTIMIZERS] = OPTIMIZERS.field()
    steps: Annotated[int | None, STEPS] = STEPS.field()
    epochs: Annotated[int | None, EPOCHS] = EPOCHS.field()
    clip_norm: Annotated[float | None, CLIP_NORM] = CLIP_NORM.field()

    @model_validator(mode="before")
    @classmethod
    def _epochs_replace_the_default_steps(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("epochs") is not None and "steps" not in data:
            return {**data, "steps": None}
        return data

    @model_validator(mode="after")
    def _steps_or_epochs(self) -> TrainingConfig:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError(say("give either steps or epochs, not steps = {steps} and epochs = {epochs}",
                                 steps=self.steps, epochs=self.epochs))
        return self


class CaptureConfig(Strict):
    """How often a frame is taken, and how finely; whether the weights are kept in the end."""

    every: Annotated[int | Literal["auto"], EVERY] = EVERY.field()
    bins: Annotated[int, BINS] = BINS.field()
    samples: Annotated[int | Literal["all"], SAMPLES] = SAMPLES.field()
    weights: Annotated[bool, WEIGHTS] = WEIGHTS.field()


class Identified(Strict):
    """The whole configuration of something that is computed: the same configuration is the same run, or the same map.

    family: tells its kind's identities from others'
    """

    family: ClassVar[str] = ""

    def canonical(self) -> str:
        """The configuration as canonical JSON: all fields, keys sorted."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)

    def fingerprint(self) -> str:
        """Its identity: 16 hexadecimal digits of the SHA-256 of NUMERICS_VERSION and the configuration."""
        return hashlib.sha256(f"{self.family}{NUMERICS_VERSION}\n{self.canonical()}".encode()).hexdigest()[:16]


class RunConfig(Identified):
    """The configuration of a run. Every field has a default; unknown fields are refused."""

    model_config = ConfigDict(json_schema_extra={"examples": [
        {"network": {"depth": 50, "activation": {"name": "tanh"}}, "init": {"name": "xavier_normal"}, "training": {"steps": 20}}]})

    network: NetworkConfig = Field(default_factory=NetworkConfig, title="Network")
    init: Annotated[Selection, INITIALIZERS] = INITIALIZERS.field()
    bias_init: Annotated[Selection, BIAS_INITIALIZERS] = BIAS_INITIALIZERS.field()
    data: Annotated[Selection, SOURCES] = SOURCES.field()
    training: TrainingConfig = Field(default_factory=TrainingConfig, title="Training")
    capture: CaptureConfig = Field(default_factory=CaptureConfig, title="Capture")
    seed: Annotated[int, SEED] = SEED.field()
    device: Annotated[Literal["auto", "cpu", "cuda"], DEVICE] = DEVICE.field()

    # ---- what follows from the fields -------------------------------------------------------------------------------

    @property
    def demand(self) -> Demand:
        """What the data set needs to know of the rest."""
        batch = self.data.params["batch_size"]
        return Demand(self.network.kind, self.network.width, None if batch == "all" else batch, self.data.params["validation_fraction"])

    @property
    def input_shape(self) -> Shape:
        """(features,) or (channels, height, width)."""
        return SOURCES[self.data.name].shape(self.data.params, self.demand)

    @property
    def classes(self) -> int:
        """Number of classes, and so of the network's outputs."""
        return SOURCES[self.data.name].classes(self.data.params)

    @property
    def split(self) -> tuple[int, int]:
        """Numbers of training and of validation examples."""
        return SOURCES[self.data.name].sizes(self.data.params, self.demand)

    @property
    def batch_size(self) -> int:
        """Examples in a step: as asked for, at most all there are."""
        training, _ = self.split
        return min(self.demand.batch_size or training, training)

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run; an epoch drops the last batch where it is not full."""
        if self.training.steps is not None:
            return self.training.steps
        return (self.training.epochs or 0) * (self.split[0] // self.batch_size)

    @property
    def frame_every(self) -> int:
        """Steps between two frames."""
        if self.capture.every != "auto":
            return self.capture.every
        return max(1, math.ceil(self.total_steps / AUTO_FRAMES))

    @property
    def frame_count(self) -> int:
        """Frames of the whole run: every `frame_every` steps from 0, and the last step."""
        return self.total_steps // self.frame_every + 1 + (self.total_steps % self.frame_every > 0)

    # ---- what must fit together -------------------------------------------------------------------------------------

    @model_validator(mode="after")
    def _fits_together(self) -> RunConfig:
        for rule in RULES:
            if found := rule(self):
                field, problem = found
                raise PydanticCustomError("does_not_fit", "{problem}", {"field": field, "problem": problem})
        return self


Misfit = tuple[str, Text]
"""A field's dotted path, and a sentence on its value, what is allowed and what to do."""


def _kind_of(field: str, table: Mapping[str, Choice], name: str, kind: Kind) -> Misfit | None:
    if kind in table[name].kinds:
        return None
    allowed = ", ".join(entry.name for entry in table.values() if kind in entry.kinds)
    return field, say("{name} is not for network.kind {kind}; choose one of {allowed}", name=name, kind=kind, allowed=allowed)


def _source_is_a_name(config: RunConfig) -> Misfit | None:
    problem = source_problem(config.init.params["source"]) if INITIALIZERS[config.init.name].trained else None
    return ("init.source", problem) if problem else None


def _groups_divide(config: RunConfig) -> Misfit | None:
    norm, width = config.network.normalization, config.network.width
    if norm.name != "group" or width % norm.params["groups"] == 0:
        return None
    fitting = ", ".join(str(groups) for groups in range(1, min(width, 64) + 1) if width % groups == 0)
    return "network.normalization.groups", say("{groups} does not divide network.width {width}; choose one of {fitting}",
                                               groups=norm.params["groups"], width=width, fitting=fitting)


def _batch_has_two(config: RunConfig) -> Misfit | None:
    if config.network.normalization.name != "batch":
        return None
    values = config.batch_size * min(config.network.pixels(config.input_shape)) ** 2
    if values > 1:
        return None
    return "data.batch_size", say("{values} value a channel is too few for batch normalization to average over; choose 2 or more",
                                  values=values)


def _instance_has_two(config: RunConfig) -> Misfit | None:
    if config.network.normalization.name != "instance" or min(config.network.pixels(config.input_shape)) > 1:
        return None
    return "network.pool_every", say("pooling leaves 1 pixel, and instance normalization needs at least 2; pool less often, or never (0)")


def _circular_fits(config: RunConfig) -> Misfit | None:
    network = config.network
    if network.kind == "mlp" or network.padding == "zeros":
        return None
    left, reach = min(network.pixels(config.input_shape)), network.kernel_size // 2
    if left >= reach:
        return None
    return "network.pool_every", say("pooling leaves {left} {left|pixel|pixels}, and circular padding of a kernel of {kernel} needs "
                                     "at least {reach}; pool less often, or choose padding zeros",
                                     left=left, kernel=network.kernel_size, reach=reach)


LARGEST_GAIN = 1e30
"""Weights that are multiplied by more do not fit into float32, and torch refuses to draw them."""


def _gain_fits(config: RunConfig) -> Misfit | None:
    gain = gain_of(config.network.activation)
    if not INITIALIZERS[config.init.name].uses_gain or gain < LARGEST_GAIN:
        return None
    return "network.activation", say("this is so close to 0 everywhere that {init} has no gain for it (1/√E[φ(z)²] is {gain:.3g}); choose "
                                     "other limits, or another initializer", init=config.init.name, gain=gain)


RULES: tuple[Callable[[RunConfig], Misfit | None], ...] = (
    lambda c: _kind_of("network.normalization", NORMALIZATIONS, c.network.normalization.name, c.network.kind),
    lambda c: _kind_of("init", INITIALIZERS, c.init.name, c.network.kind),
    lambda c: _kind_of("data", SOURCES, c.data.name, c.network.kind),
    _source_is_a_name,
    _groups_divide,
    _batch_has_two,
    _instance_has_two,
    _circular_fits,
    _gain_fits,
)
"""What must fit together. Each rule gives the field that does not fit and says why; None where all is well."""
