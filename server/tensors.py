"""Reads and writes trained weights as tensors, in a worker. (`server.weights` handles the same files in the server, without PyTorch.)"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.words import say
from server.files import put_in_place, weights_file
from server.trouble import StoreFailed


def read(folder: Path, source: str) -> dict[str, Tensor]:
    """The tensors of a source, by name."""
    return load_file(weights_file(folder, source))


def write(folder: Path, run_id: str, state: Mapping[str, Tensor]) -> None:
    """Keeps a run's weights. Raises StoreFailed where they cannot be written."""
    folder.mkdir(parents=True, exist_ok=True)
    target = weights_file(folder, run_id)
    part = target.with_suffix(".part")
    try:
        save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, part)
    except SafetensorError as error:  # which is all that is told of a full disk
        raise StoreFailed(say("The run's weights could not be kept: {problem}.", problem=error)) from error
    put_in_place(part, target)
