"""text-generation-launcher of Text Generation Inference."""

from bot.commands.reader import Reader

READER = Reader("tgi")
