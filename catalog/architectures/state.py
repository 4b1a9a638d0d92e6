"""What readers of layers with a fixed-size state share."""

from __future__ import annotations

from typing import Literal

from catalog.architectures.config import Config

StateDtype = Literal["float32", "auto"]

ATTENTION_NAMES = ("attention", "full_attention")


def state_dtype(config: Config) -> StateDtype:
    """float32 where the checkpoint asks for it, else the engine's choice."""
    asked = config.text("mamba_ssm_cache_dtype") or config.text("mamba_ssm_dtype")
    return "float32" if asked.endswith("float32") else "auto"
