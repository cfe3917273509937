"""Images from files: what is read equals what plain numpy parses; nothing that lies is believed, nothing is extracted."""

import gzip
import io
import math
import struct
import tarfile
import tracemalloc

import numpy as np
import pytest
import torch

from models import images
from models.config import RunConfig
from models.datasets import SOURCES
from models.images import CIFAR10, CIFAR_ARCHIVE, FASHION_MNIST, MNIST, MNIST_FILES, Unreadable
from models.training import train
from tests import mirror


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mirror")
    mirror.make_mnist(folder)
    return folder / "mnist"


def plain(folder, name, offset):
    """The bytes behind the header, as numpy finds them."""
    return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=offset)


def data_of(config):
    return SOURCES[config.data.name].load(config.data.params, config.demand, config.seed)


@pytest.mark.parametrize(("kind", "shape"), [("mlp", (784,)), ("cnn", (1, 28, 28))])
def test_numbers_are_those_of_plain_parsing(mnist, kind, shape):
    images.load(MNIST, mnist)
    config = RunConfig.model_validate({"network": {"kind": kind}, "data": {"name": "mnist"}})
    data = data_of(config)
    pixels, labels = plain(mnist, MNIST_FILES[0], 16).astype(np.float64), plain(mnist, MNIST_FILES[1], 8)
    test = plain(mnist, MNIST_FILES[2], 16).astype(np.float64)
    assert config.split == (mirror.TRAINING, 297) and config.input_shape == shape == data.inputs.shape[1:]
    assert data.labels.tolist() == labels.tolist() and data.validation_labels.tolist() == plain(mnist, MNIST_FILES[3], 8).tolist()
    for got, expected in ((data.inputs, pixels), (data.validation_inputs, test)):
        found = data.values(got).double().numpy().ravel()
        np.testing.assert_allclose(found, (expected - pixels.mean()) / pixels.std(), atol=2e-6)
    assert data.inputs.dtype == torch.uint8  # a quarter of the memory: pixels become floats a batch at a time


def test_a_share_of_the_training_part_can_validate_instead(mnist):
    images.load(MNIST, mnist)
    config = RunConfig.model_validate({"data": {"name": "mnist", "validation_fraction": 0.2}, "seed": 3})
    data = data_of(config)
    assert config.split == (1200, 300) == (len(data.inputs), len(data.validation_inputs))
    whole = plain(mnist, MNIST_FILES[0], 16).reshape(-1, 784)
    assert sorted([*map(bytes, data.inputs.numpy()), *map(bytes, data.validation_inputs.numpy())]) == sorted(map(bytes, whole))
    assert data.values(data.inputs).double().mean().abs() < 1e-5
    assert data.values(data.inputs).double().std(correction=0).item() == pytest.approx(1.0, abs=1e-5)
    none = RunConfig.model_validate({"data": {"name": "mnist", "validation_fraction": 0}})
    assert none.split == (1500, 0) and len(data_of(none).validation_inputs) == 0


def test_sizes_are_the_homes_until_the_files_are_read(mnist):
    images.load(FASHION_MNIST, mnist)  # another set takes the place in memory
    config = RunConfig.model_validate({"data": {"name": "mnist", "batch_size": 100}, "training": {"epochs": 2}})
    assert config.split == (60_000, 10_000) and config.total_steps == 1200
    with pytest.raises(LookupError, match=r"mnist is not in memory: call models\.images\.load"):
        data_of(config)
    images.load(MNIST, mnist)
    assert config.total_steps == 30


def test_a_set_is_read_once_until_a_file_changes(mnist):
    first = images.load(MNIST, mnist)
    assert images.load(MNIST, mnist) is first
    path = mnist / MNIST_FILES[0]
    path.write_bytes(path.read_bytes() + b"")
    assert images.load(MNIST, mnist) is not first


def test_a_small_network_learns_the_digits(mnist):
    images.load(MNIST, mnist)
    config = RunConfig.model_validate({"network": {"depth": 1, "width": 128}, "data": {"name": "mnist", "batch_size": 64},
                                       "training": {"epochs": 5, "optimizer": {"name": "adamw", "lr": 1e-3}}, "capture": {"every": 1000}})
    *_, last = train(config)
    assert last["step"] == 5 * (1500 // 64) and last["validation_accuracy"] > 0.85
    assert last["input"]["mean_square"] == pytest.approx(1.0, abs=0.1)


def test_cifar_is_read_from_the_archive_and_nothing_is_extracted(tmp_path):
    evil = tarfile.TarInfo("../evil.bin")
    evil.size = 4
    link = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")  # under a name that is wanted, but no file
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    records = mirror.make_cifar(tmp_path, extra=[(evil, b"evil"), (link, b"")])
    before = sorted(tmp_path.rglob("*"))
    found = images.load(CIFAR10, tmp_path / "cifar10")
    assert sorted(tmp_path.rglob("*")) == before and not (tmp_path.parent / "evil.bin").exists()
    flat = records[:5].reshape(-1, 3073)
    assert found.training.labels.tolist() == flat[:, 0].tolist() and found.test.labels.tolist() == records[5][:, 0].tolist()
    np.testing.assert_array_equal(found.training.images.numpy(), flat[:, 1:].reshape(-1, 3, 32, 32))
    np.testing.assert_array_equal(found.test.images.numpy(), records[5][:, 1:].reshape(-1, 3, 32, 32))
    config = RunConfig.model_validate({"network": {"kind": "cnn", "depth": 2, "width": 4}, "data": {"name": "cifar10", "batch_size": 16},
                                       "training": {"steps": 2}})
    assert config.split == (100, 20) and [frame["step"] for frame in train(config)] == [0, 1, 2]


def packed(head, body=b""):
    return gzip.compress(head + body, mtime=0)


@pytest.mark.parametrize(("data", "words"), [
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 28, 28), bytes(100)), "another number of bytes"),
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 1, 1, 1), bytes(100)), "another number of bytes"),
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 2**31, 2**31, 2**31)), "the most that this data set can have"),
    (packed(struct.pack(">BBBBIII", 0, 0, 13, 3, 1, 28, 28), bytes(3136)), "no IDX file"),
    (packed(b"\x80\x04\x95pickle"), "no IDX file"), (b"no gzip at all", "no whole gzip"),
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 1, 28, 28), bytes(784))[:-9], "no whole gzip"),
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 3, 28, 28), bytes(3 * 784)), "do not belong together"),
    (packed(struct.pack(">BBBBIII", 0, 0, 8, 3, 1500, 2, 2), bytes(6000)), "shape"),
])
def test_a_file_that_lies_is_refused(tmp_path, data, words):
    mirror.make_mnist(tmp_path)
    (tmp_path / "mnist" / MNIST_FILES[0]).write_bytes(data)
    with pytest.raises(Unreadable, match=words):
        images.load(MNIST, tmp_path / "mnist")


MANY = 1000
"""Times that the same compressed zeros stand in a bomb: gzip's members follow one another and are one file."""


def bomb(head):
    """10 GB in 10 MB."""
    return gzip.compress(head, mtime=0) + MANY * gzip.compress(bytes(10_000_000), mtime=0)


def tar_head(name, size, kind=tarfile.REGTYPE):
    head = tarfile.TarInfo(name)
    head.size, head.type = size, kind
    return head.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(("image_set", "file", "head"), [
    (MNIST, MNIST_FILES[0], struct.pack(">BBBBIII", 0, 0, 8, 3, 10**10 // 784, 28, 28)),
    (MNIST, MNIST_FILES[0], struct.pack(">BBBBIII", 0, 0, 8, 3, 1500, 28, 28)),
    (MNIST, MNIST_FILES[1], struct.pack(">BBBBI", 0, 0, 8, 1, 2**32 - 1)),
    (CIFAR10, CIFAR_ARCHIVE, tar_head(images.CIFAR_BATCHES[0], 10**10)),
    (CIFAR10, CIFAR_ARCHIVE, tar_head("other", 10**10)),
    (CIFAR10, CIFAR_ARCHIVE, tar_head("././@LongLink", 10**10, tarfile.GNUTYPE_LONGNAME)),
], ids=["a header that says so", "a header that does not", "labels", "a member", "a member nobody wants", "a member's name"])
def test_a_bomb_is_refused_with_little_memory(tmp_path, image_set, file, head):
    mirror.make_mnist(tmp_path)
    mirror.write(tmp_path / image_set.name / file, bomb(head))
    whole = sum(part * math.prod(image_set.shape) for part in (image_set.training, image_set.test))
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable):
            images.load(image_set, tmp_path / image_set.name)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * whole
    finally:
        tracemalloc.stop()


def test_a_label_that_does_not_exist_and_an_archive_that_is_none_are_refused(tmp_path):
    arrays = mirror.make_mnist(tmp_path)
    (tmp_path / "mnist" / MNIST_FILES[1]).write_bytes(gzip.compress(mirror.idx(arrays[1] + 10)))
    with pytest.raises(Unreadable, match="label 19"):
        images.load(MNIST, tmp_path / "mnist")
    stream = io.BytesIO()
    tarfile.open(fileobj=stream, mode="w:gz").close()
    for data, words in ((b"nothing", "no whole tar"), (stream.getvalue(), "has no cifar-10-batches-bin/data_batch_1")):
        mirror.write(tmp_path / "cifar10" / CIFAR_ARCHIVE, data)
        with pytest.raises(Unreadable, match=words):
            images.load(CIFAR10, tmp_path / "cifar10")
