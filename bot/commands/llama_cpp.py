"""llama-server and llama-cli of llama.cpp."""

from bot.commands.reader import Reader

READER = Reader("llama_cpp")
