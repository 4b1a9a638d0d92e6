"""lmdeploy serve api_server of LMDeploy."""

from bot.commands.reader import Reader

READER = Reader("lmdeploy")
