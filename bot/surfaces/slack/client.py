"""The Web API client, with timeouts and retries that suit a person waiting."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slack_sdk import WebClient
    from slack_sdk.http_retry import RetryHandler

    from bot.settings import Secret

TIMEOUT_SECONDS = 5
MOST_RETRIES = 2
LONGEST_WAIT_SECONDS = 5
"""A rate limit that lasts longer is told to the person instead of waited out."""


def web_client(token: Secret | None, api_url: str) -> WebClient:
    """A client for `token` at `api_url`, or without a token where each request brings its own."""
    from slack_sdk import WebClient

    revealed = token.reveal() if token else None
    return WebClient(revealed, api_url, timeout=TIMEOUT_SECONDS, retry_handlers=retry_handlers(MOST_RETRIES))


def retry_handlers(most: int) -> list[RetryHandler]:
    """Retries for lost connections, short rate limits and server errors."""
    from slack_sdk.http_retry.builtin_handlers import ConnectionErrorRetryHandler, ServerErrorRetryHandler

    return [
        ConnectionErrorRetryHandler(max_retry_count=1),
        _short_rate_limits()(max_retry_count=most),
        ServerErrorRetryHandler(max_retry_count=most),
    ]


@cache
def _short_rate_limits() -> type[RetryHandler]:
    from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

    class ShortRateLimits(RateLimitErrorRetryHandler):
        def _can_retry(self, *, response: Any = None, **request: Any) -> bool:
            return super()._can_retry(response=response, **request) and _wait(response.headers) <= LONGEST_WAIT_SECONDS

    return ShortRateLimits


def _wait(headers: dict[str, Any]) -> int:
    """Seconds that Slack asks to wait, in whatever form the header comes."""
    asked = next((value for name, value in headers.items() if name.lower() == "retry-after"), "1")
    text = str(asked[0] if isinstance(asked, list) else asked)
    return int(text) if text.isdigit() else LONGEST_WAIT_SECONDS + 1
