"""What a program does once before its first answer."""

from __future__ import annotations

from bot.settings import Settings
from catalog import local
from catalog.cache import MemoryCache, open_cache
from catalog.find import remember_in
from catalog.hub import Hub
from catalog.remote import MOST_KEPT, PATIENT_SECONDS, Remote, use, weigh


def connect(settings: Settings, *, reads_files: bool = False) -> None:
    """Let look-ups use Redis where REDIS_URL names one, and ask the Hub for models that the catalog does not have.

    reads_files: whether a question may name a folder of this machine; for the terminal alone.
    """
    url = settings.redis_url.reveal() if settings.redis_url else None
    if url:
        remember_in(open_cache(url, verify_tls=settings.redis_tls_verify))
    use(_remote(settings, url))
    local.allow(reads_files)


def _remote(settings: Settings, url: str | None) -> Remote:
    token = settings.hf_token.reveal() if settings.hf_token else None
    near, tls = MemoryCache(MOST_KEPT, weigh=weigh), settings.redis_tls_verify
    return Remote(
        Hub(settings.hf_endpoint, token=token, offline=settings.hf_hub_offline),
        open_cache(url, verify_tls=tls, near=near),
        shared=open_cache(url, verify_tls=tls, near=near, timeout=PATIENT_SECONDS),
    )
