"""The log of TensorRT-LLM and its Triton backend."""

from bot.logs.reader import LogReader

READER = LogReader("tensorrt_llm")
