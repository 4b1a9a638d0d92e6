"""What listeners have in common: an acknowledgement at once, and work behind it that never raises."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from bot.surfaces.slack.logging import log_error

if TYPE_CHECKING:
    from slack_bolt import Ack

Work = Callable[..., None]


def acknowledge(ack: Ack) -> None:
    ack()


def safely(event: str) -> Callable[[Work], Work]:
    """Logs what goes wrong in a listener under this name; Bolt's own log would quote it."""

    def guarded(work: Work) -> Work:
        @wraps(work)
        def run(**arguments: Any) -> None:
            try:
                work(**arguments)
            except Exception as error:
                log_error(event, error)

        return run

    return guarded
