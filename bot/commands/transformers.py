"""FastChat workers, which run Hugging Face transformers."""

from bot.commands.reader import Reader

READER = Reader("transformers")
