"""What the logs keep to themselves."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bot.surfaces.slack.logging import REMOVED, redact
from tests.slack.serving import ROOT


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-12-34-abc",
        "xoxp-12",
        "xoxe.xoxp-1-Mi0y",
        "xapp-1-A1-2-f",
        "hf_abcdefghijkl",
        "https://hooks.slack.com/commands/T1/2/x",
        "https://hooks.slack.com/services/T1/B1/x",
        "1234567890.9876543210.0123456789abcdef0123456789abcdef",
        "v0=" + "a" * 64,
    ],
)
def test_secrets_are_removed_wherever_they_stand(secret: str) -> None:
    """Inside a sentence, in a list, in a nested object."""
    event = {"event": f"got {secret}.", "deep": [{"why": secret}]}
    assert secret not in json.dumps(redact(None, "info", event))


def test_a_url_keeps_its_host() -> None:
    """Only user and password of a URL go."""
    assert {"url": f"redis://{REMOVED}@host:1/0"} == redact(None, "info", {"url": "redis://me:pw@host:1/0"})


@pytest.mark.parametrize("key", ["token", "response_url", "trigger_id", "text", "body"])
def test_telling_keys_are_removed(key: str) -> None:
    """Whatever stands under these keys."""
    assert {key: REMOVED, "n": 1} == redact(None, "info", {key: "anything", "n": 1})


def test_every_logger_of_the_server_is_redacted() -> None:
    """Once configured, records of other libraries are JSON too, without secrets, tracebacks or quoted requests."""
    program = (
        "import logging; from bot.surfaces.slack.logging import configure; configure('DEBUG')\n"
        "logging.getLogger('any').warning('with %s', 'xoxb-1-zebra')\n"
        "logging.getLogger('slack_bolt.App').warning('quoting zebra')\n"
        "try: int('zebra')\nexcept ValueError: logging.getLogger('any').exception('failed')"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert [f"with {REMOVED}", "failed"] == [json.loads(line)["event"] for line in ran.stderr.splitlines()]
    assert "zebra" not in ran.stderr
