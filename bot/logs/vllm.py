"""vLLM's start-up log."""

from bot.logs.reader import LogReader

READER = LogReader("vllm")
