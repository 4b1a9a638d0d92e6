"""Messages sent through a response_url, which Slack takes up to five times within thirty minutes."""

from __future__ import annotations

from typing import Any

from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.message import Message

TIMEOUT_SECONDS = 5
MOST_RETRIES = 2
REFUSED = "invalid_blocks"


def send(url: str, message: Message) -> None:
    """Send `message`; if Slack refuses its blocks, send it once more as plain sections. Never raises."""
    try:
        refusal = _post(url, message.body())
        if refusal and REFUSED in refusal:
            log().warning("blocks_refused")
            refusal = _post(url, message.plain())
        if refusal:
            log().warning("response_refused")
    except Exception as error:
        log_error("response_failed", error)


def _post(url: str, body: dict[str, Any]) -> str | None:
    from slack_sdk.webhook import WebhookClient

    from bot.surfaces.slack.client import retry_handlers

    client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=retry_handlers(MOST_RETRIES))
    response = client.send_dict({**body, "unfurl_links": False, "unfurl_media": False})
    accepted = response.status_code == 200 and REFUSED not in response.body
    return None if accepted else f"{response.status_code} {response.body}"
