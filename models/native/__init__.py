"""A frame's numbers in C, for float32 tensors on the CPU: native.c, which `make setup` compiles beside this file.

Without a compiler there is no library, and `readable` is False for every tensor: models/moments.py and models/histograms.py then
take their form in torch operations, which gives the same numbers some ten times slower.
"""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int64, c_void_p
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

LIBRARY = Path(__file__).with_name("native.so")

FUNCTIONS = {
    "moments": (None, (c_void_p, c_int64, c_void_p, c_int64, c_int64, c_void_p)),
    "dead_units": (c_int64, (c_void_p, c_int64, c_int64, c_int64, c_void_p)),
    "beyond": (c_int64, (c_void_p, c_int64, c_double, c_double)),
    "units_squared": (c_double, (c_void_p, c_int64, c_int64, c_void_p)),
    "histograms": (None, (*[c_void_p] * 2, c_int64, *[c_void_p] * 2, *[c_int64] * 2, *[c_void_p] * 3)),
}
"""What each function gives and takes."""


WORTH_THREADS = 50_000
"""Values to count from which on a second thread earns what its start costs, some 20 us."""


def _load() -> ctypes.PyDLL | None:
    """PyDLL: a call takes microseconds, and giving the interpreter to other threads and getting it back takes longer."""
    if not LIBRARY.exists():
        return None
    library = ctypes.PyDLL(str(LIBRARY))
    for name, (gives, takes) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes
    return library


_library = _load()


def _call(name: str, *args: float) -> float:
    """The function's answer; 0 of one that gives none."""
    return getattr(_library, name)(*args) or 0


def readable(*tensors: Tensor) -> bool:
    """Whether these functions can read the tensors where they lie."""
    return _library is not None and all(x.dtype == torch.float32 and x.device.type == "cpu" for x in tensors)


def moments(x: Tensor, fields: int, block: int, step: int) -> tuple[Tensor, Tensor]:
    """The numbers of models.moments.FIELDS as float64 (fields,), and a copy of every step-th block of x, flat."""
    x, n = x.contiguous(), x.numel()
    found, sample = torch.empty(fields, dtype=torch.float64), torch.empty(n if step == 1 else -(-(n // block) // step) * block)
    _call("moments", x.data_ptr(), n, found.data_ptr(), block, step, sample.data_ptr())
    return found, sample


def dead_units(phi: Tensor) -> int:
    """How many units of phi (B, units, ...) are zero on the whole batch."""
    phi, (batch, units) = phi.contiguous(), phi.shape[:2]
    alive = torch.empty(units, dtype=torch.int32)
    return int(_call("dead_units", phi.data_ptr(), batch, units, phi.numel() // (batch * units), alive.data_ptr()))


def beyond(x: Tensor, low: float, high: float) -> int:
    """How many values are at most low or at least high."""
    x = x.contiguous()
    return int(_call("beyond", x.data_ptr(), x.numel(), low, high))


def units_squared(rows: Tensor) -> float:
    """The squared length of the sum of the rows (R, n), each divided by its length; NaN where float32 would lose accuracy."""
    rows, total = rows.contiguous(), torch.empty(rows.shape[1])
    return float(_call("units_squared", rows.data_ptr(), *rows.shape, total.data_ptr()))


def histograms(rows: list[Tensor], low: Tensor, high: Tensor, bins: int) -> tuple[Tensor, Tensor, Tensor]:
    """As models.histograms.histograms."""
    places, sizes = (np.array([get(row) for row in rows], dtype=np.int64) for get in (Tensor.data_ptr, Tensor.numel))
    low, high, axis = low.contiguous(), high.contiguous(), torch.empty(2, dtype=torch.float64)
    linear, log10 = (torch.zeros(len(rows), bins, dtype=torch.int32) for _ in range(2))
    threads = torch.get_num_threads() if sizes.sum() > WORTH_THREADS else 1
    _call("histograms", places.ctypes.data, sizes.ctypes.data, len(rows), low.data_ptr(), high.data_ptr(), bins, threads, axis.data_ptr(),
          linear.data_ptr(), log10.data_ptr())
    return linear, axis, log10
