"""The log of SGLang."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.logs.phases import CAPTURING, HEALTHY, Settled
from bot.logs.reader import LogReader


class SglangReader(LogReader):
    """SGLang makes its pool before it captures graphs, within what it keeps free for them."""

    def judge(self, facts: Mapping[str, Any], settled: Settled) -> Settled:
        """A log that was cut while graphs were captured went well as far as it shows."""
        is_cut = settled.failure is None and settled.stage == CAPTURING
        return settled._replace(phase=HEALTHY) if is_cut else settled


READER = SglangReader("sglang")
