"""Where the numbers are computed."""

from __future__ import annotations

import torch

from models.words import say


def resolve(wanted: str) -> torch.device:
    """The device of a run: `auto` is the GPU where there is one, else the CPU.

    Raises ValueError where a GPU is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise ValueError(say("device: cuda is asked for, but this machine has no GPU that torch can use; choose auto or cpu"))
    return torch.device("cuda" if available and wanted != "cpu" else "cpu")


def label(device: torch.device) -> str:
    """The device in words, as a run's record bears it."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else "cpu"
