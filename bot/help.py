"""Help by example: one question of every kind, each ready to send."""

from __future__ import annotations

from bot.contract import Answer
from bot.messages import messages
from bot.present import understood_so_far
from bot.query import Query
from bot.reply import Reply, Step

EXAMPLES = {
    "en": {
        "size": "qwen3-32b fp8 batch 20 seq 12k on h100",
        "batch": "how many users at 8k for gpt-oss-120b on h200",
        "sequence": "longest context for llama 3.3 70b fp8 on 2x h100 with 4 users",
        "gpu_count": "how many h100s for deepseek r1 at 32k x 64",
        "gpu": "what gpu for qwen3-14b bf16, 4 users, 8k",
        "command": "vllm serve Qwen/Qwen3-8B --max-model-len 16384 on one l4",
        "explain": "explain qwen3-32b fp8 batch 20 seq 12k on h200",
    },
    "vi": {
        "size": "qwen3-32b fp8 20 người dùng ngữ cảnh 12k trên h100",
        "batch": "gpt-oss-120b trên h200 ngữ cảnh 8k phục vụ được bao nhiêu người dùng",
        "sequence": "ngữ cảnh dài nhất của llama 3.3 70b fp8 trên 2 h100 với 4 người dùng",
        "gpu_count": "cần bao nhiêu h100 cho deepseek r1 64 người dùng ngữ cảnh 32k",
        "gpu": "gpu nào chạy được qwen3-14b bf16 4 người dùng ngữ cảnh 8k",
        "command": "vllm serve Qwen/Qwen3-8B --max-model-len 16384 trên 1 l4",
        "explain": "giải thích qwen3-32b fp8 batch 20 ngữ cảnh 12k trên h200",
    },
}
"""Question of each kind by language; tests answer every one."""


def help_reply(query: Query) -> Reply:
    """What can be asked, taught by questions that work."""
    text = messages(query.language)
    examples = EXAMPLES.get(query.language, EXAMPLES["en"])
    return Reply(
        answer=Answer(question=query.text, understood=understood_so_far(query), verdict="help"),
        verdict="help",
        headline=text("help.headline"),
        language=query.language,
        steps=tuple(Step(text(f"help.{kind}"), question=example) for kind, example in examples.items()),
    )
