"""The log on standard error, as lines for people or as JSON for programs. Lines about a run have its id, as `run_id`."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any


class JsonLines(logging.Formatter):
    """One JSON object a line: time (UTC), level, logger, message, and where there is one run_id and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname.lower(),
                "logger": record.name, "message": record.getMessage()}
        if (run_id := getattr(record, "run_id", None)) is not None:
            line["run_id"] = run_id
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


FORMATTERS: dict[str, dict[str, Any]] = {
    "plain": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"},
    "json": {"()": JsonLines},
}


def config(log_format: str, level: str) -> dict[str, Any]:
    """For logging.config.dictConfig: everything, uvicorn's lines too, in one format."""
    return {
        "version": 1, "disable_existing_loggers": False, "formatters": {"chosen": FORMATTERS[log_format]},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "loggers": {name: {"handlers": ["stderr"], "level": level.upper(), "propagate": False} for name in ("sigprop", "uvicorn")},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
    }
