"""The log of LMDeploy."""

from bot.logs.reader import LogReader

READER = LogReader("lmdeploy")
