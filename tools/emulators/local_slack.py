"""Drives the real bot through local-slack as a person would: `local_slack.py http|socket|host`, as run.sh starts it."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import config
from running import NODE, STEP_SECONDS, Record, call, process, wait, web_server

BINARY = NODE / "local-slack-linux-x64/bin/local-slack"
QUESTION = "qwen3-32b fp8 batch 20 seq 12k on h100"

Message = dict[str, Any]


def main(mode: str) -> int:
    record = Record(f"local-slack, {mode}")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        workspace, log = Path(folder, "workspace.yaml"), Path(folder, "bot.log")
        config.write(workspace, mode)
        running.enter_context(process(emulator(workspace), Path(folder, "emulator.log"), {}))
        wait(lambda: control("/state"))
        running.enter_context(process(bot(mode), log, config.environment()))
        wait(lambda: asked("help"), 3 * STEP_SECONDS)
        for conversation in (commands, mentions, home):
            conversation(record)
        record.log(log)
    return record.status


def commands(record: Record) -> None:
    """Slash command -> card -> buttons -> what others see."""
    card = asked(QUESTION)
    record.step(
        "/vram is answered by a card for the person alone", kinds(card) >= {"rich_text", "data_table", "actions"}
    )
    record.step("its notification is the verdict", card["text"].startswith("Does not fit: Qwen/Qwen3-32B fp8"))
    for words in ("qwen3-32b fp8 batch 20 batch 30 on h100", "<!channel> no-such-model on h100"):
        record.step(f"/vram {words} is answered for the person alone", asked(words).get("blocks"))
    posted = after(lambda: press(card, "vram_post_channel"), public)
    record.step("Post to channel: everyone sees it, with who asked", posted and config.PERSON in str(posted["blocks"]))
    press(card, "vram_post_thread")
    record.step("Post to thread opens a modal", called("views.open", "vram_post"))


def mentions(record: Record) -> None:
    """A mention in a thread -> card in that thread -> follow-up, update, controls."""
    root = said("we deploy qwen")
    card = after(lambda: said(f"<@{config.BOT}> {QUESTION}", root), public)
    record.step("a mention in a thread is answered in that thread", card and card.get("thread_ts") == root["ts"])
    changed = after(lambda: said(f"<@{config.BOT}> same on h200", root), public)
    record.step(
        "`same on h200` changes the card alone", changed and "Fits" in changed["text"] and "H200" in changed["text"]
    )
    before = len(everything())
    said(f"<@{config.BOT}> {QUESTION}", root)
    told = wait(lambda: [m for m in everything()[before:] if m.get("ephemeral_to")], STEP_SECONDS)
    cards = [m for m in everything() if m.get("thread_ts") == root["ts"] and kinds(m) >= {"data_table"}]
    record.step("the same question again updates its card", told and len(cards) == 2)
    menu = {"type": "external_select", "selected_option": {"value": "NVIDIA L40S"}}
    press(card, "vram_gpu", **menu)
    record.step("the GPU menu recomputes in place", wait(lambda: "L40S" in found(card)["text"], STEP_SECONDS))


def home(record: Record) -> None:
    """The form and the Home."""
    control("/command", {"channel": config.CHANNEL, "user": config.PERSON, "command": "/vram", "text": ""})
    record.step("/vram alone opens the form", called("views.update", "vram_model"))
    control("/open-home", {"user": config.PERSON})
    record.step("the Home is drawn, with a question that was asked", called("views.publish", QUESTION))


# --------------------------------------------------------------------------- the emulator's control interface


def control(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    return call(f"{config.EMULATOR}/_control{path}", body)


def asked(question: str) -> Message:
    """The reply to `/vram question`; empty where none came to the person alone."""
    typed = {"channel": config.CHANNEL, "user": config.PERSON, "command": "/vram", "text": question}
    return after(lambda: control("/command", typed), lambda m: m.get("ephemeral_to") == config.PERSON) or {}


def said(text: str, root: Message | None = None) -> Message:
    """A message of the person, in a thread where one is given."""
    thread = {"thread_ts": root["ts"]} if root else {}
    return control("/message", {"channel": config.CHANNEL, "user": config.PERSON, "text": text, **thread})["message"]


def press(card: Message, action_id: str, **fields: Any) -> None:
    block = next(block for block in card["blocks"] if block["type"] == "actions")
    action = {"type": "button", **fields, "action_id": action_id, "block_id": block.get("block_id")}
    pressed = {"channel": config.CHANNEL, "messageTs": card["ts"], "user": config.PERSON, "action": action}
    control("/interact", pressed)


def after(act: Callable[[], object], fits: Callable[[Message], object]) -> Message | None:
    """The first fitting message that appears once `act` is done."""
    before = {message["ts"] for message in everything()}
    act()
    new = wait(lambda: [m for m in everything() if m["ts"] not in before and fits(m)], STEP_SECONDS)
    return new[0] if new else None


def public(message: Message) -> bool:
    return bool(message.get("blocks")) and not message.get("ephemeral_to") and message.get("user") == config.BOT


def found(card: Message) -> Message:
    return next(message for message in everything() if message["ts"] == card["ts"])


def everything() -> list[Message]:
    return control(f"/messages/{config.CHANNEL}")["messages"]


def called(method: str, words: str) -> object:
    """Whether the bot called a method of the Web API with these words."""

    def found() -> list[Any]:
        calls = [entry for entry in control("/log")["log"] if entry["kind"] == "web_api"]
        return [entry for entry in calls if entry["summary"] == method and words in json.dumps(entry["detail"])]

    return wait(found, STEP_SECONDS)


def kinds(message: Message) -> set[str]:
    return {block["type"] for block in message.get("blocks") or []}


def emulator(workspace: Path) -> list[str]:
    port = str(config.EMULATOR_PORT)
    return [str(BINARY), "--config", str(workspace), "--port", port, "--base-host", "127.0.0.1"]


def bot(mode: str) -> list[str]:
    if mode == "socket":
        return [sys.executable, "-m", "bot.surfaces.slack", "--socket"]
    if mode == "host":
        return ["gunicorn", "examples.host_app:web()", "--threads", "8", "--bind", f"127.0.0.1:{config.BOT_PORT}"]
    return web_server()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http"))
