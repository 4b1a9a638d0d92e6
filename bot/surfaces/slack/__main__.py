"""`python -m bot.surfaces.slack --socket`: Socket Mode. HTTP is served by gunicorn, see the Procfile."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.settings import SettingsError, load


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; 2 when a setting is missing, 1 when Slack cannot be reached or refuses the token."""
    parser = argparse.ArgumentParser(prog="vram slack", description="Answer /vram in Slack.")
    parser.add_argument("--socket", action="store_true", required=True, help="connect by Socket Mode: no public URL")
    parser.parse_args(arguments)
    try:
        _connect()
    except SettingsError as error:
        return _stop(2, str(error))
    except OSError as error:
        return _stop(1, f"Slack could not be reached: {error}")
    except KeyboardInterrupt:
        return 0
    return 0


def _connect() -> None:
    from slack_sdk.errors import SlackApiError

    from bot.surfaces.slack.logging import configure
    from bot.surfaces.slack.socket_mode import handler

    settings = load()
    configure(settings.log_level)
    try:
        handler(settings).start()
    except SlackApiError as error:
        raise ConnectionRefusedError(error.response["error"]) from None


def _stop(status: int, sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
