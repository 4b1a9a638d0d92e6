"""Memory of SGLang that no source states: what logs show, and its middle."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from formulas.since import Since
from formulas.units import GIB


@dataclass(frozen=True, slots=True)
class Seen:
    """One constant. gib: what each log shows, in GiB."""

    title: str
    gib: tuple[float, ...]

    @property
    def bytes(self) -> int:
        return round(median(self.gib) * GIB)

    @property
    def left_out(self) -> tuple[float, ...]:
        """How far each log is from the middle of the others, in GiB; nothing where one log stands alone."""
        if len(self.gib) == 1:
            return ()
        return tuple(each - median(self.gib[:i] + self.gib[i + 1 :]) for i, each in enumerate(self.gib))


CONTEXT: Since[Seen] = Since(
    {
        "0.0": Seen("before loading, data centre, to 0.4.3", (0.38,)),
        "0.4.4": Seen("before loading, data centre, 0.4.4 to 0.5.5", (0.60,)),
        "0.5.6": Seen("before loading, data centre, 0.5.6 on", (0.72, 0.76, 0.67, 0.78, 0.74)),
    },
    source="visible memory less 'Load weight begin': H100 (0.4.1, 0.4.4); H100 twice, H200, B200, MI355X (0.5.8 on)",
)
"""Taken before the weights load on one GPU: CUDA context and libraries; newer images take more."""
CONTEXT_SMALL = Seen("before loading, GeForce, RTX and L4", (0.13, 0.31, 0.40, 0.45, 0.59, 0.60, 0.77))
"""On other cards, whatever the layout."""
NVLINK_MANY = Seen("more of it over NVLink", (0.78, 1.16, 1.43, 1.9, 2.4))
"""More of it where GPUs talk over NVLink: 8 x H20, 8 x H100, 4 x H800, 8 x H200, 4 x B200."""
ROCM_MANY = Seen("more of it over ROCm", (3.7, 3.7, 7.0, 8.0))
"""More of it with several GPUs of ROCm: 8 x MI355X twice, 8 x MI300X (implied), 2 x MI355X."""
CONTEXT_UNIFIED = Seen("before loading, GB10", (8.7, 9.6, 9.9, 10.1, 10.1))
"""Taken where GPU and system share memory."""
LOADING_ONE = Seen(
    "kept by loading, one GPU",
    (0.02, 0.02, 0.02, 0.05, 0.06, 0.06, 0.06, 0.07, 0.10, 0.12, 0.14, 0.15, 0.16, 0.16, 0.16),
)
LOADING_MANY = Seen("kept by loading, several GPUs", (0.09, 0.20, 0.24, 0.28, 0.34, 0.63))
LOADING_UNIFIED = Seen("kept by loading, GB10", (0.67, 0.90, 1.09))
LOADING_COMPRESSED = Seen("kept by loading, DeepSeek-V4", (1.6, 1.7, 3.0))
"""Memory that loading keeps beside the weights themselves, logged against computed; for DeepSeek-V4 what the tokens of
8 x H20 (twice) and 4 x H200 imply, of which 0.5 are two tables of positions (models/deepseek_v4.py)."""

CONTEXT_BAND, NVLINK_BAND, ROCM_BAND, UNIFIED_BAND = (round(gib * GIB) for gib in (0.3, 1.0, 2.6, 1.2))
LOADING_BAND, LOADING_BAND_WIDE = round(0.35 * GIB), round(1.2 * GIB)
"""What the figures leave open: most of their spread; wide: unified memory and DeepSeek-V4."""

SEEN = (
    *(CONTEXT.at(release) for release in ((0, 0, 0), (0, 4, 4), (0, 5, 6))),
    CONTEXT_SMALL,
    NVLINK_MANY,
    ROCM_MANY,
    CONTEXT_UNIFIED,
    LOADING_ONE,
    LOADING_MANY,
    LOADING_UNIFIED,
    LOADING_COMPRESSED,
)
