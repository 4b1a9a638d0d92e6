"""What a program does once before its first answer."""

from __future__ import annotations

from bot.settings import Settings
from catalog.cache import open_cache
from catalog.find import remember_in


def connect(settings: Settings) -> None:
    """Let catalog look-ups remember their answers in Redis where REDIS_URL names one, else in this process."""
    if settings.redis_url:
        remember_in(open_cache(settings.redis_url.reveal(), verify_tls=settings.redis_tls_verify))
