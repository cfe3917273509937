"""A frame's numbers in C, for float32 tensors on the CPU. `make setup` compiles the C files beside this one into native.so.

Without a C compiler there is no library. Then `readable` is False for every tensor, and models/sheet.py computes the same numbers with
torch operations, which is several times slower.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Sequence
from ctypes import c_double, c_int64, c_void_p
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.sampling import BLOCK, stride

LIBRARY = Path(__file__).with_name("native.so")

FUNCTIONS = {
    "moments": (None, (c_void_p, c_int64, c_void_p)),
    "units": (None, (c_void_p, c_int64, c_int64, c_void_p)),
    "mean_cosine": (c_double, (c_void_p, c_int64, c_int64, c_int64)),
    "on_one_axis": (None, (c_void_p, c_int64, c_void_p, c_void_p)),
    "together": (None, (c_void_p, c_int64, c_int64)),
}
"""The return type and the argument types of each C function."""

DECADES = 84
"""Decades of float32, subnormal numbers included: DECADES of native.h."""

MEASURE, COSINE, SHARES = range(3)
"""The kinds of task: the enum of together.c."""

WORDS = 8
"""64-bit numbers in a task: the kind, and the fields of its struct in together.c."""

MOST_KEPT = 1 << 17
"""Values in waiting tensors beyond which they are measured. Measuring several tensors together keeps all threads busy; waiting for more
would find the first ones gone from the cache, and would hold memory that the network's own pass would have released."""

Columns = tuple[Tensor, Tensor, Tensor, Tensor]
FloatArray = NDArray[np.float64]


def _load() -> ctypes.PyDLL | None:
    """The compiled library, None where there is none. PyDLL keeps Python's global lock during a call: a call takes microseconds, and
    releasing and retaking the lock takes longer."""
    if not LIBRARY.exists():
        return None
    library = ctypes.PyDLL(str(LIBRARY))
    for name, (gives, takes) in FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = gives, takes
    return library


_library = _load()


def _call(name: str, *args: int) -> float:
    """Calls the C function; the answer of one that returns nothing is 0."""
    return getattr(_library, name)(*args) or 0


def readable(*tensors: Tensor) -> bool:
    """Whether there is a library and it can read these tensors in place: float32, on the CPU."""
    return _library is not None and all(x.dtype == torch.float32 and x.device.type == "cpu" for x in tensors)


def moments(x: Tensor, fields: int) -> Tensor:
    """The numbers of models.moments.FIELDS (`fields` is how many) of all values of x, float64 (fields,)."""
    x, found = x.contiguous(), torch.empty(fields, dtype=torch.float64)
    _call("moments", x.data_ptr(), x.numel(), found.data_ptr())
    return found


def mean_cosine(rows: Tensor) -> float:
    """Mean cosine between two different rows of (R, n). NaN for a single row, and where a row's length is 0 or not finite."""
    rows = rows.contiguous()
    count, n = rows.shape
    sums = torch.empty(n, dtype=torch.float64)
    _call("units", rows.data_ptr(), count, n, sums.data_ptr())
    return float(_call("mean_cosine", sums.data_ptr(), 1, count, n))


class Sheet:
    """The C form of models.sheet.Sheet, with the same methods.

    A call only notes a task; tasks are carried out together once enough values wait (MOST_KEPT). Until then the tensors are kept, and
    nobody may write into them.

    The axis of log10|x| that all rows share is known only when all rows are there, and no sample is kept until then. So values are counted
    at once into `fine` bins: all decades of float32, each in `bins` equal parts. The shared axis spans d whole decades in `bins` bins, so
    each of its bins is exactly d fine ones.
    """

    def __init__(self, rows: int, fields: int, bins: int, samples: int | None) -> None:
        self.rows, self.fields, self.bins, self.samples = rows, fields, bins, samples
        self._library = _library
        self._tables: dict[str, Table] = {}
        self._shares = np.full((3, rows), np.nan)
        self._share = self._shares.ctypes.data
        self._limits: dict[tuple[float, float], FloatArray] = {}
        self._tasks = array("q")
        self._kept: list[Tensor] = []
        self._kept_values = 0

    def measure(self, what: str, row: int, x: Tensor) -> None:
        x = x.contiguous()
        n = x.numel()
        self._tasks.extend((MEASURE, self._table(what), row, x.data_ptr(), n, stride(n, self.samples), 0, 0))
        self._keep(x, n)

    def compare(self, what: str, row: int, weight: Tensor, before: Tensor, keep: bool) -> None:
        weight = weight.contiguous()
        n = weight.numel()
        self._tasks.extend((MEASURE, self._table(what), row, weight.data_ptr(), n, stride(n, self.samples), before.data_ptr(), keep))
        self._kept.append(before)
        self._keep(weight, n)

    def correlate(self, row: int, z: Tensor) -> None:
        z, batch = z.contiguous(), z.shape[0]
        n = z.numel()
        self._tasks.extend((COSINE, self._share + 8 * row, z.data_ptr(), batch, n // batch, 0, 0, 0))
        self._keep(z, n)

    def share(self, row: int, phi: Tensor, edges: tuple[float, float] | None) -> None:
        phi, (batch, units, *_) = phi.contiguous(), phi.shape
        n, dead = phi.numel(), self._share + 8 * (self.rows + row)
        limits = self._limits.setdefault(edges, np.array(edges)).ctypes.data if edges else 0
        self._tasks.extend((SHARES, phi.data_ptr(), batch, units, n // (batch * units), limits, dead, dead + 8 * self.rows))
        self._keep(phi, n)

    def columns(self, names: Sequence[str]) -> Columns:
        self._finish()
        tables = [self._tables[name] for name in names]
        axes, log10 = np.empty((len(names), 2)), np.empty((len(names), self.rows, self.bins), np.int32)
        for table, axis, counts in zip(tables, axes, log10, strict=True):
            self._library.on_one_axis(table.place, self.rows, axis.ctypes.data, counts.ctypes.data)  # type: ignore[union-attr]
        moments, linear = (np.array([getattr(table, part) for table in tables]) for part in ("moments", "linear"))
        return tuple(map(torch.from_numpy, (moments, linear, axes, log10)))  # type: ignore[return-value]

    def shares(self) -> Tensor:
        self._finish()
        return torch.from_numpy(self._shares)

    def _table(self, what: str) -> int:
        if what not in self._tables:
            self._tables[what] = Table(self.rows, self.fields, self.bins)
        return self._tables[what].place

    def _keep(self, x: Tensor, n: int) -> None:
        self._kept.append(x)
        self._kept_values += n
        if self._kept_values > MOST_KEPT:
            self._finish()

    def _finish(self) -> None:
        """Carries out the noted tasks (together.c) in as many threads as torch uses, and lets the tensors go."""
        if self._kept:
            place, words = self._tasks.buffer_info()
            self._library.together(place, words // WORDS, torch.get_num_threads())  # type: ignore[union-attr]
            self._tasks, self._kept, self._kept_values = array("q"), [], 0


class Table:
    """The memory of one quantity of all rows: `struct` is the `table` of native.h, `place` its address.

    `fine` is large and mostly empty: the system gives memory only for those of its pages in which something is counted.
    """

    def __init__(self, rows: int, fields: int, bins: int) -> None:
        self.moments = np.empty((rows, fields))
        self.linear, self.fine = np.empty((rows, bins), np.int32), np.empty((rows, DECADES * bins), np.int32)
        self.reach = np.empty((rows, 2), np.int32)
        parts = (self.moments, self.linear, self.fine, self.reach)
        self.struct = np.array([bins, BLOCK, *(part.ctypes.data for part in parts)], np.int64)
        self.place: int = self.struct.ctypes.data
