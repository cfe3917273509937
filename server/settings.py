"""The server's settings: each an option of the command line and an environment variable `SIGPROP_...`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

GIB = 1024**3


def _memory_gib() -> float:
    """The machine's memory in GiB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB


class Places(NamedTuple):
    """Two folders in the data directory: `datasets` has a folder for each data set that comes as files, `weights` the trained weights."""

    datasets: Path
    weights: Path


class Settings(BaseSettings):
    """Every setting with its unit and default."""

    model_config = SettingsConfigDict(env_prefix="SIGPROP_", frozen=True, extra="forbid", cli_prog_name="python -m server",
                                      cli_kebab_case=True, cli_implicit_flags=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    token: str | None = Field(None, description="secret that a client needs to do more than look; by default none is asked for on an "
                              "address that only this machine reaches; on any other, one is made at the first start and kept in the data "
                              "directory")
    public_read: Literal["on", "off"] = Field("on", description="whether runs may be looked at by link without the token")
    public_preview: Literal["on", "off"] = Field("off", description="whether previews may be asked for without the token")
    data_dir: Path = Field(Path("data"), description="folder of the database, data sets, trained weights and token")
    database_url: str | None = Field(None, description="SQLAlchemy URL of the store; default: sigprop.db in the data directory")
    dataset_mirror: str | None = Field(None, description="URL or folder that data sets are fetched from, as MIRROR/NAME/FILE")
    run_workers: int = Field(1, ge=1, le=64, description="processes that train, beside the one for previews")
    threads: int = Field(os.cpu_count() or 1, ge=1, le=1024, description="threads that a worker process computes with")
    max_memory_gib: float = Field(round(0.5 * _memory_gib(), 1), gt=0, description="memory that one network may take, in GiB")
    max_run_flops: float = Field(1e15, gt=0, description="floating point operations that one run may take")
    max_preview_flops: float = Field(2e12, gt=0, description="floating point operations that one preview may take")
    max_frames: int = Field(5000, ge=1, description="frames that one run may store")
    max_stored_frames: int = Field(1_000_000, ge=1, description="frames of all runs together; beyond, the oldest unpinned runs are removed")
    max_stored_gib: float = Field(10.0, gt=0, description="GiB of all frames and weights together; beyond, the oldest are removed "
                                  "that are neither pinned nor needed")
    max_run_s: float = Field(86_400.0, gt=0, description="seconds that one run may take")
    heartbeat_s: float = Field(60.0, ge=5, description="seconds without a sign of life after which a run's worker is ended")
    max_queue: int = Field(100, ge=0, description="runs that may wait for a worker")
    max_body_bytes: int = Field(100_000, ge=1000, description="largest request body, in bytes")
    requests_per_minute: int = Field(6000, ge=1, description="requests that one client's address may make in a minute")
    max_upload_bytes: int = Field(256 * 1024**2, ge=1000, description="largest file of weights that is taken, in bytes")
    preview_timeout_s: float = Field(60.0, gt=0, description="seconds that a preview may take")
    cancel_grace_s: float = Field(1.5, ge=0, description="seconds that a cancelled run has to end by itself before its worker is killed")
    drain_s: float = Field(10.0, ge=0, description="seconds that runs have to end after SIGTERM, before they are cancelled")
    tail_interval_s: float = Field(0.05, gt=0, le=10, description="seconds between two looks into the store for viewers of a run")
    shutdown_grace_s: int = Field(3, ge=0, description="seconds that open connections have to end when the server stops")
    log_format: Literal["plain", "json"] = Field("plain", description="lines for people, or a JSON object a line")
    log_level: str = Field("info", description="critical, error, warning, info, debug or trace")

    @property
    def places(self) -> Places:
        """The folders that workers read and write."""
        return Places(self.data_dir / "datasets", self.data_dir / "weights")

    @property
    def reserve(self) -> Path:
        """The file that keeps some room on the disk."""
        return self.data_dir / "reserve"

    @property
    def store_url(self) -> str:
        """SQLAlchemy's URL of the store."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'sigprop.db').absolute()}"
