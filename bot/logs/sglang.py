"""SGLang's start-up log."""

from bot.logs.reader import LogReader

READER = LogReader("sglang")
