"""A mirror of data sets made here, and a real HTTP server for it that can cut, spoil and hold what it sends."""

from __future__ import annotations

import gzip
import hashlib
import io
import struct
import tarfile
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from models.images import CIFAR_ARCHIVE, CIFAR_BATCHES, CIFAR_TEST, MNIST_FILES

TRAINING = 1500


def digits_28():
    """scikit-learn's digits as MNIST would have them: (N, 28, 28) bytes, every pixel three times as wide, with a frame of 2."""
    from sklearn.datasets import load_digits

    found = load_digits()
    large = np.kron(found.images, np.ones((3, 3))) * 15
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.uint8), found.target.astype(np.uint8)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def make_mnist(folder, name="mnist"):
    """MIRROR/mnist with SHA256SUMS; returns the four arrays."""
    images, labels = digits_28()
    arrays = images[:TRAINING], labels[:TRAINING], images[TRAINING:], labels[TRAINING:]
    for file, array in zip(MNIST_FILES, arrays, strict=True):
        write(folder / name / file, gzip.compress(idx(array)))
    write_sums(folder / name)
    return arrays


def make_cifar(folder, examples=20, extra=()):
    """MIRROR/cifar10: a tar.gz as the real one, with these (member, content) in front; returns records (6, N, 3073)."""
    random = np.random.default_rng(0)
    records = random.integers(0, 256, (6, examples, 3073), dtype=np.uint8)
    records[:, :, 0] = random.integers(0, 10, (6, examples))
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for member, content in extra:
            archive.addfile(member, io.BytesIO(content))
        for file, batch in zip((*CIFAR_BATCHES, CIFAR_TEST), records, strict=True):
            member = tarfile.TarInfo(file)
            member.size = batch.nbytes
            archive.addfile(member, io.BytesIO(batch.tobytes()))
    write(folder / "cifar10" / CIFAR_ARCHIVE, stream.getvalue())
    write_sums(folder / "cifar10")
    return records


def write(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def write_sums(folder):
    files = sorted(file for file in folder.iterdir() if file.name != "SHA256SUMS")
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / "SHA256SUMS").write_text("".join(lines))


class Mirror:
    """What the server should do to a file, by its name, and what it was asked for."""

    def __init__(self):
        self.url = ""
        self.asked = []  # (file name, Range header or None)
        self.cut = {}  # name -> bytes after which the connection is cut, once
        self.spoil = {}  # name -> number of times that it is sent with a wrong byte
        self.hold = {}  # name -> an event: half of it is sent, then the rest once the event is set

    def ranges(self, name):
        return [asked for file, asked in self.asked if file == name]


class Handler(SimpleHTTPRequestHandler):
    """Files with ranges, and the mirror's mischief."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments, mirror, **more):
        self.mirror = mirror
        super().__init__(*arguments, **more)

    def do_GET(self):
        path, name, wanted = self.translate_path(self.path), self.path.rsplit("/", 1)[1], self.headers["Range"]
        self.mirror.asked.append((name, wanted))
        try:
            data = Path(path).read_bytes()
        except OSError:
            return self.send_error(404)
        if self.mirror.spoil.get(name, 0) > 0:
            self.mirror.spoil[name] -= 1
            data = data[:-1] + bytes([data[-1] ^ 1])
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start >= len(data):
            return self.send_error(416)
        self.send_response(206 if wanted else 200)
        if wanted:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Type", self.guess_type(path))
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        return self.send(name, data[start:])

    def send(self, name, body):
        if name in self.mirror.cut:
            body = body[: self.mirror.cut.pop(name)]
            self.close_connection = True
        elif name in self.mirror.hold:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.mirror.hold[name].wait(300)
            body = body[len(body) // 2 :]
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@contextmanager
def served(folder):
    """A mirror of this folder on a port of its own."""
    mirror = Mirror()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder), mirror=mirror))
    server.daemon_threads = True
    mirror.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield mirror
    finally:
        for event in mirror.hold.values():
            event.set()
        server.shutdown()
        server.server_close()
        thread.join()
