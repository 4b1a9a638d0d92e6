"""python -m sglang.launch_server, and sglang serve."""

from bot.commands.reader import Reader

READER = Reader("sglang")
