"""What the advice rows may ask of an answer."""

from __future__ import annotations

from bot.advice import Facts
from bot.choices import hears
from bot.resolve import CUSTOM
from bot.size import Sized
from catalog.types import Attention
from formulas.kv_cache import element_bits
from formulas.tensors import parameter_count
from formulas.units import GIB


def facts_of(sized: Sized) -> Facts:
    """Everything that is known of one answer."""
    result, resolution, held = sized.estimate, sized.resolution, sized.held
    deployment, memory = result.deployment, result.memory
    gpu, layout, architecture = deployment.gpu, deployment.layout, deployment.model.architecture
    mixers = [layer.mixer for layer in architecture.kinds if isinstance(layer.mixer, Attention)]
    return Facts(
        verdict=sized.verdict,
        solved=resolution.solve_for is not None,
        role=architecture.role,
        parameters=parameter_count(architecture),
        weights=deployment.weights.key,
        weights_bits=deployment.weights.bits,
        weights_share=memory.weights / memory.total,
        kv_bits=element_bits(deployment.kv_cache) if memory.kv_cache else None,
        kv_share=memory.kv_cache / memory.total,
        grouped=architecture.has_mixer("mla") or any(m.num_key_value_heads < m.num_attention_heads for m in mixers),
        windowed=any(m.sliding_window or m.attention_chunk_size for m in mixers),
        batch=deployment.load.batch,
        max_batch=held.max_batch if held else None,
        sequence_tokens=deployment.load.sequence_tokens,
        mixed=resolution.query.mix is not None,
        hears=hears(deployment.model),
        audio_seconds=resolution.query.audio_seconds.value if resolution.query.audio_seconds else None,
        gpu_vendor=gpu.vendor if held else None,
        gpu_fp8_native=gpu.fp8_native if held else None,
        gpu_nvfp4_native=gpu.nvfp4_native if held else None,
        gpu_nvlink=gpu.nvlink not in ("", "no") if held and gpu.vendor != CUSTOM else None,
        visible_gib=gpu.visible_bytes / GIB if held else None,
        headroom_share=result.headroom / result.usable if held and result.usable else None,
        gpu_count=layout.gpu_count if held else None,
        max_per_node=gpu.max_per_node if held else None,
        tensor_parallel=layout.tensor_parallel,
        pipeline_parallel=layout.pipeline_parallel,
        several_nodes=layout.gpu_count // layout.data_parallel > gpu.max_per_node if held else None,
        engine=deployment.engine,
    )
