"""The log of llama.cpp and its forks."""

from bot.logs.reader import LogReader

READER = LogReader("llama_cpp")
