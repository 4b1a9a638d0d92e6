"""Cards, the machines that hold them, and how numbers are stored."""

from __future__ import annotations

from datetime import date
from typing import Literal

from catalog.types.fact import Count, Fact, Size


class Gpu(Fact):
    """One card (or one slice, or one chip with unified memory)."""

    name: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that several cards share ("h100"): this card is the usual reading, and is reported as an assumption."""
    series: tuple[str, ...] = ()
    """Names that mean this card only together with its memory size ("a100" with "40GB")."""
    vendor: Literal["NVIDIA", "AMD", "Intel", "Apple", "custom"]
    architecture: str = ""
    marketed_gb: float
    """The number on the box, 10^9 or 2^30 bytes as the vendor pleases: never used in a sum."""
    visible_bytes: Count
    """What CUDA (HIP, Metal) reports as the card's total memory."""
    visible_basis: Literal["measured", "derived", "stated"]
    """measured: printed by torch or CUDA; derived: from nvidia-smi or the class; stated: by the question."""
    inline_ecc: Literal["on", "off", ""] = ""
    """State of GDDR ECC that visible_bytes is of; HBM keeps its ECC beside the memory."""
    windows_visible_bytes: Count | None = None
    """What CUDA reports under Windows and WSL, where it differs."""
    compute_capability: float | None = None
    memory_bandwidth_gbs: float | None = None
    bf16_dense_tflops: float | None = None
    fp8_native: bool = False
    nvfp4_native: bool = False
    unified_memory: bool = False
    nvlink: str = ""
    max_per_node: Count = 8
    recommend: bool = True
    """False keeps a card out of "what GPU" answers (laptops, retired cards, cards that no server engine supports)."""
    source: str
    checked: date
    note: str = ""


class Machine(Fact):
    """A machine that is rented or bought whole: a cloud's instance type, a maker's server."""

    name: str
    aliases: tuple[str, ...] = ()
    gpu: str
    """A card of the catalog."""
    gpu_count: Count
    vague: bool = False
    """The name leaves card or count open and this is its usual reading: to be listed as assumed."""
    counts_cards: bool = False
    """A number before the name counts cards, not machines, where one machine holds as many ("8x HGX H100")."""
    source: str
    checked: date
    note: str = ""


class NumberFormat(Fact):
    """How one number of a weight matrix or of the KV cache is stored, scales included."""

    key: str
    aliases: tuple[str, ...] = ()
    vague_aliases: tuple[str, ...] = ()
    """Names that leave a choice open ("4bit"): this format is the usual reading, and is reported as an assumption."""
    bits: float
    """Payload bits per number; for GGUF types bits per weight with everything included."""
    block_rows: Size = 0
    """Rows that share one scale; 0: all rows."""
    block_columns: Size = 0
    """Columns that share one scale; 0: all columns."""
    scale_bytes: float = 0.0
    """Bytes of scale and zero point per block of block_rows x block_columns."""
    tensor_bytes: Size = 0
    """Bytes per matrix on top."""
    use: tuple[Literal["weights", "kv_cache"], ...] = ("weights",)
    cache_bits: float | None = None
    """Bits per number of the KV cache, block scales included; set exactly where use names kv_cache."""
    cache_head_bytes: float = 0.0
    """Bytes of scale per token, head and side (key or value) of the KV cache."""
    gguf: bool = False
    """A llama.cpp type; a mixture (q4_k_m) picks a type per tensor."""
    fork: str = ""
    """The program that alone reads this type, where llama.cpp itself does not."""
    guide_bytes: float | None = None
    """Bytes per parameter in the guide's precision table."""
    min_compute_capability: float | None = None
    """Lowest capability with native arithmetic; below it weights are expanded while computing."""
    source: str
    note: str = ""
