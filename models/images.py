"""Data sets of real images: what their files are, where those come from, and how they are read.

`load` reads a set from a folder; `loaded` and `sizes` then know it. The server sees to it that the right files lie in the folder. MNIST's
IDX files are a header and numbers, CIFAR-10's binary version a label and 3,072 pixels an image: nothing is unpickled, and no archive is
extracted to disk.
"""

from __future__ import annotations

import gzip
import math
import struct
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.later import torch

if TYPE_CHECKING:
    from torch import Tensor

Bytes = NDArray[np.uint8]
Stamp = tuple[tuple[int, int], ...]

CHUNK = 4096
"""Images whose squares are taken at once."""

SQUARES = (np.arange(256) ** 2).astype(np.uint16)


class Unreadable(ValueError):
    """A file is not what its name says; the message is a sentence."""


class Bounded(gzip.GzipFile):
    """A gzip file that raises Unreadable beyond `most` bytes of content: a small file may expand to more than there is memory."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path)
        self.left = most
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.left -= len(data)
        if self.left < 0:
            raise Unreadable(f"{Path(self.name).name} holds more than the {self.most} bytes that this data set can have")
        return data


@dataclass(frozen=True, slots=True)
class HomeFile:
    """A file of a data set as it is published."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Training or test part: images (N, channels, height, width) uint8, labels (N,) int64, and of each image the sum of its pixels and of
    their squares, `sums` and `squares` (N,) int64. From these follow the exact moments of any subset, without another look at the pixels.
    """

    images: Tensor
    labels: Tensor
    sums: Tensor
    squares: Tensor

    @classmethod
    def of(cls, images: Bytes, labels: Bytes) -> LabelledImages:
        """From images (N, channels, height, width) and labels (N,), both uint8, with each image's sums."""
        flat = images.reshape(len(images), -1)
        squares = [SQUARES[flat[start : start + CHUNK]].sum(1, dtype=np.int64) for start in range(0, len(flat), CHUNK)]
        return cls(torch.from_numpy(images), torch.from_numpy(labels.astype(np.int64)),
                   torch.from_numpy(flat.sum(1, dtype=np.int64)), torch.from_numpy(np.concatenate(squares)))

    def choose(self, order: Tensor) -> LabelledImages:
        """The images with these indices (M,), in their order."""
        return LabelledImages(self.images[order], self.labels[order], self.sums[order], self.squares[order])

    def moments(self) -> tuple[float, float]:
        """Mean and population standard deviation of all pixels, from 0 to 255."""
        values = self.images.numel()
        mean = self.sums.sum().item() / values
        return mean, math.sqrt(max(0.0, self.squares.sum().item() / values - mean**2))


@dataclass(frozen=True, slots=True)
class ImageSet:
    """A data set that comes as files.

    shape:    (channels, height, width)
    training: number of images in the training part, as published (a mirror may have fewer)
    test:     number of images in the test part, likewise
    files:    its files, with their published sizes and SHA-256
    homes:    addresses of the folders that hold the files; they are tried in this order
    read:     folder -> training images and labels, test images and labels; raises Unreadable
    """

    name: str
    shape: tuple[int, int, int]
    classes: int
    training: int
    test: int
    files: tuple[HomeFile, ...]
    homes: tuple[str, ...]
    read: Callable[[Path], tuple[Bytes, Bytes, Bytes, Bytes]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Both parts of a data set, in memory."""

    training: LabelledImages
    test: LabelledImages


_kept: dict[str, tuple[Stamp, Loaded]] = {}
"""The set that this process loaded last, with the stamp of its files: reading one takes up to a second, and a worker needs it for every
preview. One at a time, as they are large."""


def stamp(image_set: ImageSet, folder: Path) -> Stamp:
    """Size and time of change of each of its files in the folder, by which a change of a file is noticed. Raises FileNotFoundError where
    one is missing."""
    stats = [(folder / file.name).stat() for file in image_set.files]
    return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)


def load(image_set: ImageSet, folder: Path) -> Loaded:
    """The data set from its files in the folder, read once until a file changes.

    Raises FileNotFoundError where a file is missing, and Unreadable where one is not what it should be.
    """
    now = stamp(image_set, folder)
    known = _kept.get(image_set.name)
    if known is None or known[0] != now:
        _kept.clear()
        x, y, test_x, test_y = image_set.read(folder)
        _kept[image_set.name] = now, Loaded(_checked(image_set, x, y), _checked(image_set, test_x, test_y))
    return _kept[image_set.name][1]


def loaded(image_set: ImageSet) -> Loaded:
    """The data set that `load` has read; LookupError where it has not."""
    if image_set.name not in _kept:
        raise LookupError(f"{image_set.name} is not in memory: call models.images.load with the folder of its files first")
    return _kept[image_set.name][1]


def sizes(image_set: ImageSet) -> tuple[int, int]:
    """Numbers of training and test images: of the set in memory, else as published. (A mirror may have fewer.)"""
    if image_set.name not in _kept:
        return image_set.training, image_set.test
    found = _kept[image_set.name][1]
    return len(found.training.labels), len(found.test.labels)


def _checked(image_set: ImageSet, images: Bytes, labels: Bytes) -> LabelledImages:
    """A part of the set; raises Unreadable where its images and labels cannot be the set's."""
    if len(images) != len(labels) or len(images) == 0:
        raise Unreadable(f"{image_set.name}: {len(images)} images and {len(labels)} labels do not belong together")
    if images.shape[1:] != image_set.shape:
        raise Unreadable(f"{image_set.name}: images of shape {images.shape[1:]}, and {image_set.shape} is what it has")
    if int(labels.max()) >= image_set.classes:
        raise Unreadable(f"{image_set.name}: label {labels.max()}, and 0 to {image_set.classes - 1} are possible")
    return LabelledImages.of(images, labels)


# ---- MNIST's format -----------------------------------------------------------------------------------------------------

MNIST_FILES = ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")

MNIST_IMAGES = 60_000
"""The most images that a part of MNIST or Fashion-MNIST may have."""


def read_idx(path: Path, dimensions: int, most: int) -> Bytes:
    """The array in an IDX file, MNIST's format: two zeros, 8 (for bytes), the number of dimensions, their sizes, the numbers.

    Raises Unreadable for anything else, also for another number of dimensions or more than `most` bytes.
    """
    try:
        with gzip.open(path) as file:
            head = file.read(4 + 4 * dimensions)
            if len(head) != 4 + 4 * dimensions or head[:4] != bytes((0, 0, 8, dimensions)):
                raise Unreadable(f"{path.name} is no IDX file of {dimensions} dimensions of bytes")
            shape = struct.unpack(f">{dimensions}I", head[4:])
            size = math.prod(shape)
            if size > most:
                raise Unreadable(f"{path.name} claims {size} bytes, and {most} are the most that this data set can have")
            data = bytearray(file.read(size + 1))
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise Unreadable(f"{path.name} is no whole gzip file: {error}") from error
    if len(data) != size:
        raise Unreadable(f"{path.name} holds another number of bytes than the {size} that its header says")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _read_mnist(folder: Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    x, y, test_x, test_y = (read_idx(folder / name, *((3, MNIST_IMAGES * 28 * 28) if "idx3" in name else (1, MNIST_IMAGES)))
                            for name in MNIST_FILES)
    return x[:, None], y, test_x[:, None], test_y


# ---- CIFAR-10's binary version ------------------------------------------------------------------------------------------

CIFAR_ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR_BATCHES = tuple(f"cifar-10-batches-bin/data_batch_{number}.bin" for number in range(1, 6))
CIFAR_TEST = "cifar-10-batches-bin/test_batch.bin"
RECORD = 1 + 3 * 32 * 32
"""Bytes of an image: its label, then all red, all green and all blue pixels, row by row."""
CIFAR_BYTES = 6 * 10_000 * RECORD + 2**20
"""The most bytes that the uncompressed archive may have: six members of 10,000 images, and 1 MiB for their headers."""


def _read_cifar(folder: Path) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    records = _members(folder / CIFAR_ARCHIVE, (*CIFAR_BATCHES, CIFAR_TEST))
    x, y = _split_records(b"".join(records[name] for name in CIFAR_BATCHES))
    return x, y, *_split_records(records[CIFAR_TEST])


def _members(path: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    """The contents of these members of a tar.gz file, by name: read as a stream, never written to disk."""
    found: dict[str, bytes] = {}
    try:
        with Bounded(path, CIFAR_BYTES) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            for member in archive:
                if member.name in names and member.isreg():
                    stream = archive.extractfile(member)
                    found[member.name] = stream.read() if stream is not None else b""
    except (EOFError, gzip.BadGzipFile, tarfile.TarError, zlib.error) as error:
        raise Unreadable(f"{path.name} is no whole tar.gz file: {error}") from error
    for name in names:
        if not found.get(name) or len(found[name]) % RECORD:
            raise Unreadable(f"{path.name} has no {name} of whole records of {RECORD} bytes")
    return found


def _split_records(data: bytes) -> tuple[Bytes, Bytes]:
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    return np.ascontiguousarray(records[:, 1:]).reshape(-1, 3, 32, 32), records[:, 0].copy()


# ---- the sets -----------------------------------------------------------------------------------------------------------
# The hashes of MNIST and Fashion-MNIST are those that torchvision and TensorFlow pin; CIFAR-10's archive is the one whose MD5
# (c32a1d4ab5d03f1284b67883e8d87530) its authors publish.

MNIST = ImageSet(
    name="mnist", shape=(1, 28, 28), classes=10, training=60_000, test=10_000, read=_read_mnist,
    homes=("https://ossci-datasets.s3.amazonaws.com/mnist", "https://storage.googleapis.com/cvdf-datasets/mnist"),
    files=(
        HomeFile(MNIST_FILES[0], 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        HomeFile(MNIST_FILES[1], 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        HomeFile(MNIST_FILES[2], 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        HomeFile(MNIST_FILES[3], 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ),
)

FASHION_MNIST = ImageSet(
    name="fashion_mnist", shape=(1, 28, 28), classes=10, training=60_000, test=10_000, read=_read_mnist,
    homes=("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
           "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion"),
    files=(
        HomeFile(MNIST_FILES[0], 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        HomeFile(MNIST_FILES[1], 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        HomeFile(MNIST_FILES[2], 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        HomeFile(MNIST_FILES[3], 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ),
)

CIFAR10 = ImageSet(
    name="cifar10", shape=(3, 32, 32), classes=10, training=50_000, test=10_000, read=_read_cifar,
    homes=("https://www.cs.toronto.edu/~kriz",),
    files=(HomeFile(CIFAR_ARCHIVE, 170_052_171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"),),
)
