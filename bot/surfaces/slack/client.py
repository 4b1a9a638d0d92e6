"""The Web API client, with timeouts and retries that suit a person waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.http_retry import RetryHandler

    from bot.settings import Secret

TIMEOUT_SECONDS = 5
MOST_RETRIES = 2


def web_client(token: Secret | None, api_url: str) -> WebClient:
    """A client for `token` at `api_url`, or without a token where each request brings its own."""
    from slack_sdk import WebClient

    revealed = token.reveal() if token else None
    return WebClient(revealed, api_url, timeout=TIMEOUT_SECONDS, retry_handlers=retry_handlers(MOST_RETRIES))


def retry_handlers(most: int) -> list[RetryHandler]:
    """Retries for lost connections, rate limits and server errors."""
    from slack_sdk.http_retry.builtin_handlers import (
        ConnectionErrorRetryHandler,
        RateLimitErrorRetryHandler,
        ServerErrorRetryHandler,
    )

    return [
        ConnectionErrorRetryHandler(max_retry_count=1),
        RateLimitErrorRetryHandler(max_retry_count=most),
        ServerErrorRetryHandler(max_retry_count=most),
    ]
