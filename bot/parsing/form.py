"""Which engine's command, or specification, a question wants its answer as: "as sglang", "as k8s", "dạng tgi"."""

from __future__ import annotations

import re
from functools import cache

from bot.parsing.items import Claim, Sentence
from bot.words import languages

FORMS = {
    "vllm": "vllm",
    "sglang": "sglang",
    "tgi": "tgi",
    "trt-llm": "tensorrt-llm",
    "trtllm": "tensorrt-llm",
    "tensorrt-llm": "tensorrt-llm",
    "llama.cpp": "llama.cpp",
    "llamacpp": "llama.cpp",
    "k8s": "k8s",
    "kubernetes": "k8s",
    "kubectl": "k8s",
}
"""What people write -> engine key, or k8s for the specification of whatever engine serves it."""
K8S = "k8s"
OWN_TO_ENGINE = ("engine", "engine_version", "utilization", "max_batched_tokens", "block_size")
"""What a command of one engine says that means something else, or nothing, to another."""


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted({word for table in languages().values() for word in table["command_in"]}, key=len, reverse=True)
    names = sorted(map(re.escape, FORMS), key=len, reverse=True)
    lead, form = "|".join(map(re.escape, words)), "|".join(names)
    return re.compile(rf"(?i)(?<![\w-])(?:{lead})[ \t]+(?P<form>{form})(?![\w./-])(?:[ \t]+(?:yaml|command|manifest))?")


def split_form(text: str) -> tuple[str, str | None]:
    """The text without the words that ask for a form, which become spaces, and the form; the last one counts."""
    found = list(_pattern().finditer(text))
    for match in found:
        text = text[: match.start()] + " " * len(match.group()) + text[match.end() :]
    return text, FORMS[found[-1]["form"].lower()] if found else None


def claim_form(sentence: Sentence, form: str | None) -> None:
    """State the engine of the form; what a command of another engine says for itself alone is dropped."""
    if form is None:
        return
    sentence.claims["form"] = [Claim(form, 0, 0)]
    if form == K8S or any(claim.value == form for claim in sentence.claims.get("engine", [])):
        return
    if sentence.command:
        sentence.extra.clear()
        sentence.command = None
    for slot in OWN_TO_ENGINE:
        sentence.claims.pop(slot, None)
    sentence.claims["engine"] = [Claim(form, 0, 0)]
