"""Measure one case with PyTorch and transformers: on a GPU with its allocator, elsewhere by shapes alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.gpu.cases import Case

MEL_FRAMES = 3000
"""30 s of audio."""
DEPTHS = ("num_hidden_layers", "encoder_layers", "decoder_layers")
GPU, SHAPES_ALONE = "cuda", "meta"


def card() -> dict[str, int | str]:
    """Name, visible memory, and what the context takes of it before anything is allocated."""
    import torch

    torch.zeros(1, device=GPU)
    free, total = torch.cuda.mem_get_info()
    context = total - free - torch.cuda.memory_reserved()
    return {"name": torch.cuda.get_device_name(), "visible": total, "context_and_others": context}


def measure(case: Case, device: str) -> dict[str, int]:
    """Bytes by name: weights, each kind of cache after a prefill, and on a GPU the prefill's peak above both."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.for_model(**case.config, **dict.fromkeys(DEPTHS, case.depth))
    with torch.device(device):
        model = _class(case).from_config(config, dtype=torch.bfloat16).eval()
    found = {"weights": sum(parameter.nbytes for parameter in model.parameters())}
    with torch.inference_mode():
        for name, cache in _caches(case, config).items():
            peak = _prefill(model, case, cache, device)
            held = sum(tensor.nbytes for tensor in _tensors(cache))
            found |= {name: held} | ({f"peak_{name}": peak - held} if device == GPU else {})
    return found


def _class(case: Case) -> Any:
    from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSpeechSeq2Seq

    return {"decoder": AutoModelForCausalLM, "encoder": AutoModel, "speech": AutoModelForSpeechSeq2Seq}[case.kind]


def _caches(case: Case, config: Any) -> dict[str, Any]:
    from transformers import DynamicCache, EncoderDecoderCache, StaticCache

    if case.kind == "encoder":
        return {"dynamic_cache": None}
    if case.kind == "speech":
        return {"dynamic_cache": EncoderDecoderCache(DynamicCache(config=config), DynamicCache(config=config))}
    return {
        "dynamic_cache": DynamicCache(config=config),
        "static_cache": StaticCache(config=config, max_cache_len=case.tokens),
    }


def _tensors(cache: Any) -> Iterator[Any]:
    """Keys and values of every layer, of the cross attention too."""
    if cache is None:
        return
    for part in [cache] if hasattr(cache, "layers") else [cache.self_attention_cache, cache.cross_attention_cache]:
        yield from (tensor for layer in part.layers for tensor in (layer.keys, layer.values))


def _prefill(model: Any, case: Case, cache: Any, device: str) -> int:
    """Peak bytes above the weights and inputs; 0 without a GPU."""
    import torch

    ids = torch.ones(case.batch, case.tokens, dtype=torch.long, device=device)
    inputs: dict[str, Any] = {"input_ids": ids}
    if case.kind == "decoder":
        inputs |= {"past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
    if case.kind == "speech":
        features = torch.zeros(case.batch, model.config.num_mel_bins, MEL_FRAMES, dtype=torch.bfloat16, device=device)
        inputs = {"input_features": features, "decoder_input_ids": ids, "past_key_values": cache, "use_cache": True}
    if device != GPU:
        model(**inputs)
        return 0
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    model(**inputs)
    torch.cuda.synchronize()
    return int(torch.cuda.max_memory_allocated() - before)
