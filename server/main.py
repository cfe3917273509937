"""The command line: settings from options and environment, then uvicorn."""

from __future__ import annotations

import uvicorn
from pydantic_settings import CliApp

from server.app import create_app
from server.settings import Settings


class Command(Settings):
    """Serves the Signal Propagation Dashboard. Every option is also an environment variable SIGPROP_..."""

    def cli_cmd(self) -> None:
        uvicorn.run(create_app(self), host=self.host, port=self.port, log_level=self.log_level,
                    timeout_graceful_shutdown=self.shutdown_grace_s, access_log=False)


def main() -> None:
    CliApp.run(Command)
