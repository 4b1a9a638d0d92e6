"""Messages sent through a response_url, which Slack takes up to five times within thirty minutes."""

from __future__ import annotations

from typing import Any

from bot.surfaces.slack import elements as e
from bot.surfaces.slack.client import MOST_RETRIES, TIMEOUT_SECONDS
from bot.surfaces.slack.logging import log, log_error
from bot.surfaces.slack.message import Message
from bot.surfaces.slack.text import escape

REFUSED = "invalid_blocks"


def send(url: str, message: Message, **options: Any) -> bool:
    """Send `message`; if Slack refuses its blocks, send it once more as plain sections. Never raises.

    options: of the response, by default {"response_type": "ephemeral"}. True when Slack took it.
    """
    if not url:
        return False
    chosen = {"response_type": "ephemeral", **options}
    try:
        refusal = _post(url, {**message.native(), **chosen})
        if refusal and REFUSED in refusal:
            log().warning("blocks_refused")
            refusal = _post(url, {**message.plain(), **chosen})
    except Exception as error:
        log_error("response_failed", error)
        return False
    if refusal:
        log().warning("response_refused")
    return not refusal


def tell(url: str, sentence: str, *, link: str = "", **options: Any) -> bool:
    """Send one sentence, with a link behind it if there is one, to the person alone. Never raises."""
    if not url:
        return False
    runs = [e.run(sentence, e.TEXT_UNITS)]
    runs += [e.run(" ", 1), {"type": "link", "url": link}] if link else []
    body = {"text": escape(sentence), "blocks": [e.rich(e.line(*runs))], "response_type": "ephemeral"}
    try:
        refusal = _post(url, {**body, "replace_original": False, **options})
    except Exception as error:
        log_error("response_failed", error)
        return False
    return not refusal


def _post(url: str, body: dict[str, Any]) -> str | None:
    from slack_sdk.webhook import WebhookClient

    from bot.surfaces.slack.client import retry_handlers

    client = WebhookClient(url, timeout=TIMEOUT_SECONDS, retry_handlers=retry_handlers(MOST_RETRIES))
    response = client.send_dict({**body, "unfurl_links": False, "unfurl_media": False})
    accepted = response.status_code == 200 and REFUSED not in response.body
    return None if accepted else f"{response.status_code} {response.body}"
