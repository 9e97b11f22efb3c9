"""What is written to standard error: lines for people, or JSON for a collector."""

import json
import logging
from datetime import UTC, datetime
from typing import Literal

LogFormat = Literal["text", "json"]


class _JsonFormatter(logging.Formatter):
    """One object a line: `at` (UTC), `level`, `logger`, `message`, `exception`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        # ASCII alone: half a surrogate pair, or what the terminal's encoding has not,
        # must not lose the line
        return json.dumps(line)


def log_handler(log_format: LogFormat) -> logging.Handler:
    """Writes records to standard error."""
    handler = logging.StreamHandler()
    if log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        words = "%(asctime)s %(levelname)s %(name)s %(message)s"
        handler.setFormatter(logging.Formatter(words))
    return handler


def prepare_log(log_format: LogFormat) -> None:
    """Once in each process that serves."""
    logging.basicConfig(level=logging.INFO, handlers=[log_handler(log_format)])
    # httpx names the addresses it asks, which may hold a token
    for name in ("alembic.runtime.plugins", "httpx"):
        logging.getLogger(name).setLevel(logging.WARNING)
