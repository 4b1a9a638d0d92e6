"""Readers that turn a Hugging Face config.json into an Architecture, one module per family of designs."""

from catalog.architectures.config import UnknownArchitecture
from catalog.architectures.registry import model_types, read

__all__ = ["UnknownArchitecture", "model_types", "read"]
