"""Where the numbers are computed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from models.later import torch
from models.words import say

if TYPE_CHECKING:
    from torch import device as Device

NO_MEMORY = ("can't allocate memory", "bad_alloc")
"""Words in torch's RuntimeError when the CPU's memory does not suffice. (For a GPU's memory torch has a class of its own.)"""

DRIVERS = tuple(Path(path) for path in ("/proc/driver/nvidia", "/dev/dxg", "/dev/kfd"))
"""Where torch can find a GPU one of these exists: NVIDIA's driver, the one of Windows' Linux (WSL), AMD's."""


class OutOfMemory(RuntimeError):
    """The machine has too little memory left for what was asked, whatever the estimate said."""


@contextmanager
def enough_memory() -> Iterator[None]:
    """Within it, whatever error says that memory does not suffice is raised as OutOfMemory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, MemoryError | torch.OutOfMemoryError) or any(words in str(error) for words in NO_MEMORY):
            raise OutOfMemory(str(error)) from error
        raise


def may_have_gpu() -> bool:
    """Whether there is a driver, so that it is worth loading torch and asking it."""
    return any(driver.exists() for driver in DRIVERS)


@cache
def has_gpu() -> bool:
    """Whether there is a GPU that torch can use. Without a driver there is none, and torch need not be loaded to say so."""
    return may_have_gpu() and torch.cuda.is_available()


def kind(wanted: str) -> Literal["cpu", "cuda"]:
    """The kind of device of a run: `auto` is the GPU where there is one, else the CPU.

    Raises ValueError where a GPU is asked for and there is none.
    """
    if wanted == "cuda" and not has_gpu():
        raise ValueError(say("device: cuda is asked for, but this machine has no GPU that torch can use; choose auto or cpu"))
    return "cuda" if wanted != "cpu" and has_gpu() else "cpu"


def resolve(wanted: str) -> Device:
    """The device of a run: of `kind(wanted)`, whose errors it raises."""
    return torch.device(kind(wanted))


def label(device: Device) -> str:
    """The device in words, as it stands in a run's record."""
    return f"cuda ({torch.cuda.get_device_name(device)})" if device.type == "cuda" else "cpu"
