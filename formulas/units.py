"""Bytes of the binary units (IEC 80000-13)."""

from __future__ import annotations

KIB, MIB, GIB = 2**10, 2**20, 2**30
