"""The command line: settings from options and environment, then uvicorn."""

from __future__ import annotations

import signal
import sys

import uvicorn
from pydantic_settings import CliApp

from server.app import create_app
from server.settings import Settings


class Command(Settings):
    """Serves the Signal Propagation Dashboard. Every option is also an environment variable SIGPROP_..."""

    def cli_cmd(self) -> None:
        # uvicorn shuts down in order and then raises the signal once more: that is a good end, not a failure.
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda *_: sys.exit(0))
        uvicorn.run(create_app(self), host=self.host, port=self.port, log_level=self.log_level,
                    timeout_graceful_shutdown=self.shutdown_grace_s, access_log=False)


def main() -> None:
    CliApp.run(Command)
