"""Training: a RunConfig becomes an iterator of frames.

A frame costs no pass of its own: the forward and backward of the step that follows it are the ones that are measured.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor, nn
from torch.nn import functional

from models import device, seeds
from models.activations import ACTIVATIONS
from models.config import RunConfig
from models.datasets import SOURCES, Dataset
from models.drawn import Drawn
from models.frame import Frame, row_numbers
from models.initializers import INITIALIZERS
from models.inputs import input_moments, input_sums
from models.measure import Meter
from models.network import Network, build
from models.normalized import Norms, as_columns
from models.optimizers import OPTIMIZERS
from models.pretrained import Fit, Tensors, fit
from models.trace import Hooks, Probe, probes

VALIDATION_CHUNK = 4096
"""Validation examples in one forward pass."""

GROWN = 2.0
"""A loss this many times the first one may be the last that is finite."""

OnStep = Callable[[int], bool]
"""Called with the number of steps done; False ends the run."""


def train(config: RunConfig, on_step: OnStep = lambda steps_done: True, tensors: Tensors | None = None) -> Iterator[Frame]:
    """The frames of a run, in order, as they are made: those of `Run.start(config, tensors)`."""
    return Run.start(config, tensors).frames(on_step)


def initial_frame(config: RunConfig) -> Frame:
    """The frame of step 0: what a preview shows."""
    return next(train(config))


@dataclass
class Run:
    """A network in training, with its data and what the next frame needs.

    places:   where the rows that frames show are measured
    started:  when, on the clock of time.monotonic
    seq:      number of the next frame
    diverged: whether the newest frame's loss is not finite
    losses:   of the steps since the last frame
    first_loss, newest_loss: the loss of step 0, and the newest one that is known outside the device
    fit:      which layers took trained weights; None where the configuration asks for none
    """

    config: RunConfig
    device: torch.device
    data: Dataset
    network: Network
    places: list[Probe]
    norms: Norms
    started: float
    seq: int = 0
    diverged: bool = False
    losses: list[Tensor] = field(default_factory=list)
    first_loss: float = math.nan
    newest_loss: float = math.nan
    fit: Fit | None = None

    @classmethod
    def start(cls, config: RunConfig, tensors: Tensors | None = None, drawn: Drawn | None = None) -> Run:
        """Loads the data and builds the network on the run's device.

        tensors: trained weights by name; needed where the configuration starts from trained weights (else LookupError)
        drawn:   the weights that were drawn last, which may be those of this network
        """
        where = device.resolve(config.device)
        source = SOURCES[config.data.name]
        data = source.load(config.data.params, config.demand, config.seed).to(where)
        first, _ = next(batches_of(config, data))
        network = build(config, where, first, drawn)
        found = fit(network, _given(config, tensors), config.init.params["gain"]) if INITIALIZERS[config.init.name].trained else None
        rows = row_numbers(config.network.depth + 1)
        return cls(config, where, data, network, probes(network, rows), Norms(network, rows), time.monotonic(), fit=found)

    @cached_property
    def optimizer(self) -> torch.optim.Optimizer:
        """Made for the first update: torch loads 1,900 modules for the first optimizer of a process, which a preview never needs."""
        choice = self.config.training.optimizer
        return OPTIMIZERS[choice.name].build(self.network.parameters(), choice.params)

    def frames(self, on_step: OnStep = lambda steps_done: True) -> Iterator[Frame]:
        """Trains, and gives the frames in order, as they are made.

        A run ends after its last step, when `on_step` returns False, or when the loss is no longer finite: the last frame then shows that
        loss as None. Batches are drawn without replacement, epoch after epoch; a last batch that is not full is left out.
        """
        try:
            yield from self._frames(on_step)
        finally:
            self.hooks.remove()

    def _frames(self, on_step: OnStep) -> Iterator[Frame]:
        config = self.config
        batches = batches_of(config, self.data)
        for step in range(config.total_steps + 1):
            wanted, wanted_next = self._wanted(step), self._wanted(step + 1)
            if wanted:
                yield self.frame(step, *next(batches), keep_weights=wanted_next)
            else:
                inputs, labels = next(batches)
                self.losses.append(self.backward(inputs, labels)[0])
                if self.stopped_being_finite():
                    self.losses.pop()
                    yield self.frame(step, inputs, labels)
            if step == config.total_steps or not on_step(step) or self.diverged:
                return
            if not (wanted and wanted_next):  # else the frame has copied them
                self.meter.keep_weights(place.weight for place in self.places if wanted_next or self.may_end(step))
            self.update()

    def _wanted(self, step: int) -> bool:
        """Whether there is a frame of this step."""
        return step == self.config.total_steps or (step < self.config.total_steps and step % self.config.frame_every == 0)

    def backward(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """One forward and backward pass on a batch: the loss (detached) and the logits. Gradients are left in the weights."""
        self.network.zero_grad(set_to_none=True)
        logits = self.network(inputs)
        loss = functional.cross_entropy(logits, labels)
        loss.backward()
        return loss.detach(), logits.detach()

    def frame(self, step: int, inputs: Tensor, labels: Tensor, keep_weights: bool = False) -> Frame:
        """The frame of this step, from a forward and backward pass on this batch. The gradients are left for the update that may follow;
        with `keep_weights` the weights are copied, for the next step's frame to measure their change."""
        validation, evaluation = self.validate(), self.evaluate(inputs, labels)
        self.meter.keep = keep_weights
        with self.hooks.watching(stay=keep_weights), self.norms.watched():
            loss, logits = self.backward(inputs, labels)
        accuracy = (logits.argmax(1) == labels).double().mean()
        others = (
            torch.stack([*self.losses, loss]), torch.stack([accuracy, *validation, *evaluation]),
            input_sums(self.config, inputs, initial=self.seq == 0),
            self.norms.numbers() if self.norms.any else torch.empty(0, device=self.device))
        quantities, correlation, (losses, shares, seen, held) = self.meter.read(*others)
        self.diverged = losses[-1] is None
        self.newest_loss = math.nan if losses[-1] is None else losses[-1]
        if step == 0:
            self.first_loss = self.newest_loss
        self.losses.clear()
        self.seq += 1
        return Frame(
            seq=self.seq - 1, step=step, time_s=time.monotonic() - self.started, loss=losses[-1], accuracy=shares[0],
            validation_loss=shares[1], validation_accuracy=shares[2], evaluation_loss=shares[3], evaluation_accuracy=shares[4],
            losses=losses, layers=[place.row for place in self.places],
            input=input_moments(self.config, inputs, seen),
            correlation=correlation, normalization=as_columns(held, len(self.places)) if self.norms.any else None, quantities=quantities,
        )

    def stopped_being_finite(self) -> bool:
        """Whether the newest loss is NaN or infinite. Asked every step only where the answer costs nothing: on the CPU."""
        if self.device.type == "cpu":
            self.newest_loss = self.losses[-1].item()
        return not math.isfinite(self.newest_loss)

    def may_end(self, step: int) -> bool:
        """Whether the next pass may end the run, with a frame that was not wanted: after the first update, and where the loss has grown.
        Only then are the weights copied for that frame; copying them at every step would take 1 to 6 % of it."""
        return self.device.type == "cpu" and (step == 0 or not self.newest_loss < GROWN * self.first_loss)

    def update(self) -> None:
        """One optimizer step on the gradients of the last pass."""
        if self.config.training.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.config.training.clip_norm)
        self.optimizer.step()

    def validate(self) -> Tensor:
        """(loss, accuracy) on the validation part in evaluation mode, on the device; NaN where there is no such part."""
        inputs, labels = self.data.validation_inputs, self.data.validation_labels
        if not len(labels):
            return self._unscored()
        chunks = zip(inputs.split(VALIDATION_CHUNK), labels.split(VALIDATION_CHUNK), strict=True)
        return self._scores((self.data.values(inputs), labels) for inputs, labels in chunks)

    def evaluate(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """(loss, accuracy) on a batch in evaluation mode; NaN where training mode computes the same."""
        return self._scores([(inputs, labels)]) if self.modes_differ else self._unscored()

    @property
    def modes_differ(self) -> bool:
        """Whether the network computes something else in evaluation mode. Where not, the mode is not switched: that walks all modules."""
        network = self.config.network
        return network.normalization.name == "batch" or network.dropout > 0

    def _unscored(self) -> Tensor:
        return torch.full((2,), math.nan, dtype=torch.float64, device=self.device)

    @torch.no_grad()
    def _scores(self, parts: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
        """(mean loss, share of right answers), float64, over all parts, in evaluation mode."""
        if self.modes_differ:
            self.network.eval()
        sums = torch.zeros(2, dtype=torch.float64, device=self.device)
        total = 0
        for inputs, labels in parts:
            logits = self.network(inputs)
            loss, correct = functional.cross_entropy(logits, labels, reduction="sum"), (logits.argmax(1) == labels).sum()
            sums += torch.stack([loss.double(), correct.double()])
            total += len(labels)
        if self.modes_differ:
            self.network.train()
        return sums / total

    @cached_property
    def hooks(self) -> Hooks:
        """Hand what the passes of frames compute to the meter."""
        return Hooks(self.places, self.meter)

    @cached_property
    def meter(self) -> Meter:
        """Measures the run's frames; one for all of them, as it keeps weights from one frame to the next."""
        capture, activation = self.config.capture, self.config.network.activation
        samples = None if capture.samples == "all" else capture.samples
        return Meter(len(self.places), capture.bins, samples, ACTIVATIONS[activation.name].limits(activation.params))


def _given(config: RunConfig, tensors: Tensors | None) -> Tensors:
    if tensors is None:
        raise LookupError(f"init.source {config.init.params['source']!r}: give its tensors too, as in train(config, tensors=...)")
    return tensors


def batches_of(config: RunConfig, data: Dataset) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches (inputs, labels) of `config.batch_size` without end, each epoch in a new order, drawn from the run's seed."""
    generator = seeds.generator(config.seed, "batches")
    size, total = config.batch_size, len(data.labels)
    while True:
        order = torch.randperm(total, generator=generator).to(data.labels.device)
        for start in range(0, total - size + 1, size):
            chosen = order[start : start + size]
            yield data.values(data.inputs[chosen]), data.labels[chosen]
