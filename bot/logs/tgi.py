"""The log of Text Generation Inference."""

from bot.logs.reader import LogReader

READER = LogReader("tgi")
