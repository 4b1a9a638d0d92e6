"""The workflow step `size_deployment`: sizes from its inputs, posts the card where it is told, hands the figures on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.messages import messages
from bot.reply import Reply
from bot.surfaces.slack import posting
from bot.surfaces.slack.desk import Desk, Where, where
from bot.surfaces.slack.listening import acknowledge, safely
from bot.surfaces.slack.logging import log_error
from bot.surfaces.slack.message import WORKFLOW
from bot.surfaces.slack.permalink import CHANNEL, TIME, Target
from formulas.units import GIB

if TYPE_CHECKING:
    from slack_bolt import App, Complete, Fail
    from slack_sdk import WebClient

STEP = "size_deployment"
ACK_SECONDS = 5
DIGITS = 1


class Unanswered(Exception):
    """The inputs ask nothing that can be answered; the message is the sentence for the person."""


def register(app: App, desk: Desk) -> None:
    """Listen to the step."""

    @safely("step_failed")
    def work(body: dict[str, Any], client: WebClient, context: Any, complete: Complete, fail: Fail) -> None:
        here = where(context)
        if not desk.first_time(here, body):
            return
        try:
            complete(outputs=run(desk, client, here, body["event"].get("inputs") or {}))
        except posting.NotPosted as problem:
            fail(messages()(problem.key, code=problem.code))
        except Unanswered as error:
            fail(str(error))
        except Exception as error:
            fail(messages()("slack.failure", reference=log_error("step_failed", error)))

    app.function(STEP, auto_acknowledge=False, ack_timeout=ACK_SECONDS)(ack=acknowledge, lazy=[work])


def run(desk: Desk, client: WebClient, here: Where, inputs: dict[str, Any]) -> dict[str, Any]:
    """The step's outputs. Raises Unanswered or NotPosted."""
    state = desk.state(here, question(inputs), asker=_asker(inputs))
    reply = desk.reply(state)
    if reply.answer.error:
        raise Unanswered(reply.headline)
    posted = None
    if target := _target(inputs):
        posted = posting.post(desk, client, Where(tenant=here.tenant, user=state.asker), target, state)
    return outputs(reply, posted)


def question(inputs: dict[str, Any]) -> str:
    """The inputs in words."""
    given = {name: str(value).strip() for name, value in inputs.items() if value not in (None, "")}
    count = f"{given['count']}x " if "count" in given else ""
    words = [given.get("model", ""), given.get("format", "")]
    words += [
        f"batch {given['batch']}" if "batch" in given else "",
        f"seq {given['length']}" if "length" in given else "",
    ]
    words += [f"on {count}{given['gpu']}" if "gpu" in given else f"{count}GPUs" if count else ""]
    return " ".join(filter(None, words))


def outputs(reply: Reply, posted: posting.Posted | None) -> dict[str, Any]:
    """What later steps may use; with no GPU named there is no verdict and no batch."""
    answer = reply.answer
    return {
        "fits": bool(answer.fits),
        "max_batch": answer.capacity.max_batch if answer.capacity else 0,
        "used_gib": round(answer.memory.total / GIB, DIGITS) if answer.memory else 0,
        "permalink": (posted.link if posted else None) or "",
    }


def _asker(inputs: dict[str, Any]) -> str:
    user = str(inputs.get("user") or "")
    return user if CHANNEL.fullmatch(user) else WORKFLOW


def _target(inputs: dict[str, Any]) -> Target | None:
    channel, ts = str(inputs.get("channel") or ""), str(inputs.get("message_ts") or "")
    if not CHANNEL.fullmatch(channel):
        return None
    return Target(channel, ts if TIME.fullmatch(ts) else None)
