"""The command line: settings from options and environment, then uvicorn."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

import uvicorn
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import CliApp

from server import forkserver, logs, memory
from server.settings import Settings
from server.starting import Starting

SWITCH_S = 0.0005
"""Seconds after which a thread hands Python's global lock to another that wants it; Python's default is 0.005. With fifty requests in
threads, the event loop, which serves the streams and answers health checks, would wait the default again and again."""


class Command(Settings):
    """Serves the Signal Propagation Dashboard. Every option is also an environment variable SIGPROP_..."""

    def cli_cmd(self) -> None:
        # uvicorn shuts down in order and then raises the signal once more: that is a good end, not a failure.
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda *_: sys.exit(0))
        sys.setswitchinterval(SWITCH_S)
        memory.few_arenas()
        forkserver.start()
        starting = Starting(self, lambda: setattr(server, "should_exit", True))
        server = Server(starting, uvicorn.Config(starting, host=self.host, port=self.port, log_level=self.log_level,
                                                 log_config=logs.config(self.log_format, self.log_level),
                                                 timeout_graceful_shutdown=self.shutdown_grace_s, access_log=False))
        server.run()
        if starting.error is not None:
            _fail(starting.error)


class Server(uvicorn.Server):
    """uvicorn's server, which on the first SIGTERM lets runs end while it still answers. A second one, and Ctrl-C, stop it at once."""

    def __init__(self, starting: Starting, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.starting = starting
        self.draining: threading.Thread | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and self.draining is None:
            self.draining = threading.Thread(target=self._drain, args=(sig, frame), name="drain", daemon=True)
            self.draining.start()
        else:
            super().handle_exit(sig, frame)

    def _drain(self, sig: int, frame: FrameType | None) -> None:
        try:
            self.starting.drain()
        finally:
            super().handle_exit(sig, frame)


def _fail(error: BaseException) -> NoReturn:
    """Ends the process: with a sentence where whoever started it can mend the cause, else with the traceback."""
    from server.schema import CannotOpen  # not above: it would delay the first answer; by now it is loaded

    if isinstance(error, (CannotOpen, OSError)):
        sys.exit(f"The server cannot start. {error}")
    raise error


def main() -> None:
    try:
        CliApp.run(Command)
    except ValidationError as error:
        if error.title != Command.__name__:
            raise
        sys.exit("\n".join(map(_refused, error.errors())))


def _refused(error: ErrorDetails) -> str:
    """What is wrong with one setting, by both its names."""
    name = str(error["loc"][0])
    return f"--{name.replace('_', '-')} (SIGPROP_{name.upper()}): {error['msg']}; got {error['input']!r}"
