"""Logs of the Slack surface: one JSON object a line on stderr, without secrets and without what people wrote.

`log` works inside a host's process too: it writes to the standard logger `vram.slack` and leaves the set-up alone.
`configure` is for our own server: every logger of the process then prints through the same redaction.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
from collections.abc import MutableMapping
from functools import cache
from typing import Any

import structlog

from bot.traces import frames

NAME = "vram.slack"
REMOVED = "[removed]"
SECRET_SHAPES = re.compile(
    r"xox[a-z](?:\.xox[a-z])?-[\w-]+|xapp-[\w-]+"  # Slack tokens: bot, user, rotated, app level
    r"|hf_[A-Za-z0-9]{8,}"
    r"|https?://[^\s\"']*(?:hooks\.slack\.com|/commands/|/actions/|/response)[^\s\"']*"  # response_url
    r"|\b\d{9,}\.\d{9,}\.[0-9a-f]{16,}\b"  # trigger_id
    r"|\bv0=[0-9a-f]{64}\b"  # request signature
    r"|(?<=://)[^/\s@]*:[^/\s@]*(?=@)"  # user and password of a URL
)
SECRET_KEYS = frozenset({"token", "response_url", "trigger_id", "signature", "body", "text", "authorization"})
QUOTING_LOGGERS = {"slack_bolt": logging.ERROR, "slack_sdk": logging.ERROR, "urllib3": logging.WARNING}
"""Libraries that quote requests, and so people's words, below these levels."""


@cache
def log() -> structlog.stdlib.BoundLogger:
    """The surface's logger: `log().info("event", key=value)`."""
    processors = [redact, structlog.stdlib.render_to_log_kwargs]
    return structlog.wrap_logger(
        logging.getLogger(NAME), processors=processors, wrapper_class=structlog.stdlib.BoundLogger
    )


def log_error(event: str, error: BaseException, **values: Any) -> str:
    """Log where `error` happened and return the reference id that the person is shown."""
    reference = secrets.token_hex(4)
    told = {"error": type(error).__name__, **_slack_code(error), **values}
    log().error(event, reference=reference, frames=frames(error), **told)
    return reference


def _slack_code(error: BaseException) -> dict[str, str]:
    """Slack's own word for what it refused."""
    response = getattr(error, "response", None)
    code = response.get("error") if response is not None and hasattr(response, "get") else None
    return {"code": code} if isinstance(code, str) else {}


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secrets replaced wherever they stand, in keys that carry them and inside any string."""
    return {key: REMOVED if key in SECRET_KEYS else _clean(value) for key, value in event.items()}


def configure(level: str) -> None:
    """Send every log record of this process to stderr as redacted JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    handler.addFilter(_quotes_nobody)
    logging.basicConfig(level=level, handlers=[handler], force=True)


def _quotes_nobody(record: logging.LogRecord) -> bool:
    return record.levelno >= QUOTING_LOGGERS.get(record.name.partition(".")[0], logging.NOTSET)


def _formatter() -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ExtraAdder(),
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _frames_of_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )


def _frames_of_exc_info(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    info = event.pop("exc_info", None)
    if isinstance(info, tuple) and info[1] is not None:
        event["error"], event["frames"] = type(info[1]).__name__, frames(info[1])
    return event


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return SECRET_SHAPES.sub(REMOVED, value)
    if isinstance(value, dict):
        return {key: REMOVED if key in SECRET_KEYS else _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    return value
