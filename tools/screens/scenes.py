"""What the pictures show: conversations with the real bot, its form and its Home, as pages."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from bot.defaults import Defaults
from bot.parse import parse
from bot.surfaces.slack import default_answer, forms, history, home, never, preferences
from bot.surfaces.slack.blocks import COMMAND
from bot.surfaces.slack.desk import Desk, Where
from bot.surfaces.slack.store import MemoryStore, Tenant
from tools.screens.page import asked_privately, home_tab, message, modal, page, said_in_thread

ALICE = Where(tenant=Tenant(None, "T0TEAM"), user="U0ALICE", channel="C0DEPLOYS")
SAMPLE = "qwen3-32b fp8 batch 20 seq 12k on h100"


def desk() -> Desk:
    """What the server answers with, remembering nothing yet."""
    pool = ThreadPoolExecutor(1)
    return Desk(answer=default_answer, store=MemoryStore(), pool=pool, late=pool, waits=never, command=COMMAND)


def command(question: str) -> str:
    """`/vram question` and the card that its author sees."""
    there = desk()
    blocks = there.private(there.state(ALICE, question)).blocks
    return page(asked_privately(f"{COMMAND} {question}") + message(blocks))


def thread() -> str:
    """A mention in a thread, and the card that all see, with charts."""
    there = desk()
    question = "qwen3-32b fp8 batch 20 seq 12k on h200 chart"
    blocks = there.shared(there.state(ALICE, question, asker=ALICE.user)).blocks
    return page(said_in_thread("Alice", f"@vram {question}") + message(blocks))


def form() -> str:
    """The form, as Edit opens it."""
    return page(modal(forms.view(forms.Destination(goal="card"), parse(SAMPLE))))


def home_page() -> str:
    """The Home of someone who has asked and has defaults."""
    there = desk()
    for question in ("max batch for llama 3.3 70b fp8 on 2x h100 seq 8k", SAMPLE):
        history.add(there.store, ALICE, question)
    preferences.save_person(there.store, ALICE.tenant, ALICE.user, Defaults(gpu="NVIDIA L40S", engine="vllm"))
    return page(home_tab(home.view(there, ALICE)))


SCENES: dict[str, Callable[[], str]] = {
    "card-fits": lambda: command("qwen3-32b fp8 batch 20 seq 12k on h200"),
    "card-does-not-fit": lambda: command(SAMPLE),
    "card-vietnamese": lambda: command("qwen3-32b fp8 20 người dùng ngữ cảnh 12k trên h100"),
    "help": lambda: command("help"),
    "thread": thread,
    "form": form,
    "home": home_page,
}
"""Picture -> its page."""
