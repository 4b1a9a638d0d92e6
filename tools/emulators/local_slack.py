"""Drives the real bot through local-slack: `local_slack.py http|socket|host`, as run.sh starts it.

Prints what the person saw and exits with 1 if a question went unanswered or the bot logged an error.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import config

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BINARY = HERE / "node/node_modules/local-slack-linux-x64/bin/local-slack"
START_SECONDS = 15
QUESTIONS = (
    "qwen3-32b fp8 batch 20 seq 12k on h100",
    "help",
    "",
    "qwen3-32b fp8 batch 20 batch 30 on h100",
    "<!channel> no-such-model on h100",
)


def main(mode: str) -> int:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        workspace = Path(folder, "workspace.yaml")
        config.write(workspace, mode)
        running.enter_context(_process(_emulator(workspace), Path(folder, "emulator.log"), {}))
        _wait(lambda: control(f"/messages/{config.CHANNEL}"))
        bot_log = Path(folder, "bot.log")
        running.enter_context(_process(_bot(mode), bot_log, config.environment()))
        _wait(lambda: _answered(QUESTIONS[0]))
        replies = [_answered(question) for question in QUESTIONS]
        for question, reply in zip(QUESTIONS, replies, strict=True):
            print(json.dumps({"question": question, **summary(reply)}, ensure_ascii=False))
        errors = [line for line in bot_log.read_text().splitlines() if '"level": "error"' in line]
        print(f"{mode}: {len(replies)} answers, {len(errors)} errors in the bot's log", *errors, sep="\n")
    return 0 if all(_only_for_the_person(reply) for reply in replies) and not errors else 1


def control(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call the emulator's control interface."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"{config.EMULATOR}/_control{path}", data=data, headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def summary(reply: dict[str, Any]) -> dict[str, Any]:
    """What stands out in a message: its notification text, who sees it, its kinds of blocks."""
    kinds = [block["type"] for block in reply.get("blocks") or []]
    return {"text": reply.get("text"), "only_for": reply.get("ephemeral_to"), "blocks": kinds}


def _only_for_the_person(reply: dict[str, Any]) -> bool:
    return bool(reply.get("blocks")) and reply.get("ephemeral_to") == config.PERSON


def _answered(question: str) -> dict[str, Any]:
    before = len(_messages())
    said = {"channel": config.CHANNEL, "user": config.PERSON, "command": "/vram", "text": question}
    control("/command", said)
    for _ in range(50):
        if len(messages := _messages()) > before:
            return messages[-1]
        time.sleep(0.1)
    raise TimeoutError(question)


def _messages() -> list[dict[str, Any]]:
    return control(f"/messages/{config.CHANNEL}")["messages"]


def _emulator(workspace: Path) -> list[str]:
    port = str(config.EMULATOR_PORT)
    return [str(BINARY), "--config", str(workspace), "--port", port, "--base-host", "127.0.0.1"]


def _bot(mode: str) -> list[str]:
    if mode == "socket":
        return [sys.executable, "-m", "bot.surfaces.slack", "--socket"]
    if mode == "host":
        return [sys.executable, "examples/host_app.py"]
    procfile = (ROOT / "Procfile").read_text()
    return ["bash", "-c", "exec " + next(line[4:] for line in procfile.splitlines() if line.startswith("web:"))]


@contextmanager
def _process(command: list[str], log: Path, settings: dict[str, str]) -> Iterator[None]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    with log.open("wb") as output:
        environment = {**os.environ, **settings, "PATH": path, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(attempt: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
            return
        except (OSError, TimeoutError, urllib.error.HTTPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http"))
