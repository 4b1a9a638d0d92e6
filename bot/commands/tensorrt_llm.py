"""trtllm-serve of TensorRT-LLM."""

from bot.commands.reader import Reader

READER = Reader("tensorrt_llm")
