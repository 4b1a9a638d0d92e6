"""Decoders built of, or mixed with, state-space layers: Mamba, Jamba, Nemotron-H, Granite 4, Falcon-H1."""

from __future__ import annotations

from functools import partial

from catalog.architectures import blocks
from catalog.architectures.config import Config, UnknownArchitecture
from catalog.architectures.state import ATTENTION_NAMES, state_dtype
from catalog.architectures.style import nextn
from catalog.types import Architecture, FeedForward, Layer, Mamba1, Mamba2, Mixer, Mlp

# --------------------------------------------------------------------------- Mamba in its dresses


def mamba1(config: Config, *, inner_norms: bool = False) -> Mamba1:
    inner = config.size("intermediate_size", config.size("mamba_expand", 2) * config.size("hidden_size"))
    return Mamba1(
        inner_size=inner,
        state_size=config.size("mamba_d_state", config.size("state_size", MAMBA1_STATE)),
        conv_kernel=config.size("mamba_d_conv", config.size("conv_kernel", MAMBA_KERNEL)),
        time_step_rank=time_step_rank(config),
        inner_norms=inner_norms,
    )


MAMBA1_STATE, MAMBA_KERNEL, RANK_DIVISOR = 16, 4, 16
"""Class defaults of Mamba: state_size, conv_kernel, and hidden_size over time_step_rank."""


def time_step_rank(config: Config) -> int:
    given = config.raw("mamba_dt_rank") or config.raw("time_step_rank")
    if given in (None, "auto"):
        return -(-config.size("hidden_size") // RANK_DIVISOR)
    return config.whole("time_step_rank", given)


def pure_mamba1(config: Config) -> Architecture:
    """Mamba and Falcon-Mamba: nothing but state-space layers, each behind one norm."""
    config.need("hidden_size", "num_hidden_layers", "vocab_size")
    layer = Layer(mixer=mamba1(config), norm_parameters=config.size("hidden_size"))
    keys = (0,) * blocks.layers(config)
    tied = blocks.tied(config, default=True)
    return blocks.decoder(config, keys, lambda key: layer, tie_word_embeddings=tied)


def mamba2(config: Config) -> Mamba2:
    """Mamba-2 under the names of Granite, Falcon-H1 and Bamba, or those of Nemotron-H and Mamba2."""
    heads = config.size("mamba_n_heads", config.size("mamba_num_heads", config.size("num_heads", 0)))
    inner = config.size("mamba_d_ssm", 0) or int(
        config.number("mamba_expand", config.number("expand", 2)) * config.size("hidden_size")
    )
    width = config.raw("mamba_d_head") or config.raw("mamba_head_dim")
    return Mamba2(
        num_heads=heads,
        head_dim=inner // heads if width in (None, "auto") else config.whole("mamba_d_head", width),
        n_groups=config.size("mamba_n_groups", config.size("n_groups", 1)),
        state_size=config.size("mamba_d_state", config.size("ssm_state_size", config.size("state_size", 0))),
        conv_kernel=config.size("mamba_d_conv", config.size("conv_kernel", MAMBA_KERNEL)),
        state_dtype=state_dtype(config),
        gated_norm=config.flag("mamba_rms_norm", config.model_type != "falcon_h1"),
    )


def jamba(config: Config) -> Architecture:
    """Jamba: attention and experts each at their own period and offset."""
    count = blocks.layers(config)
    full = blocks.every(count, config.size("attn_layer_period"), offset=config.size("attn_layer_offset"))
    sparse = blocks.every(count, config.size("expert_layer_period"), offset=config.size("expert_layer_offset"))
    width = config.size("intermediate_size")
    inner = config.size("mamba_expand", 2) * config.size("hidden_size")
    state = Config({**config.values, "intermediate_size": inner})

    def build(key: tuple[bool, bool]) -> Layer:
        attends, routed = key
        block: FeedForward = blocks.moe(config, moe_intermediate_size=width) if routed else blocks.mlp(config)
        mixer: Mixer = blocks.attention(config) if attends else mamba1(state, inner_norms=True)
        return Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * config.size("hidden_size"))

    routed = sparse if config.size("num_experts", 1) > 1 else (False,) * count
    return blocks.decoder(config, blocks.pairs(full, routed), build, tie_word_embeddings=blocks.tied(config, False))


# --------------------------------------------------------------------------- Nemotron-H


LETTERS = {"M": "mamba", "*": "attention", "-": "mlp", "E": "moe"}


def pattern(config: Config, letters: str, listed: str) -> tuple[str, ...]:
    """One word a layer, from the letter pattern or the list."""
    text = config.text(letters)
    if text:
        return tuple(LETTERS[letter] for letter in text if letter in LETTERS)
    return tuple(
        kind.replace("full_", "").replace("linear_attention", "mamba") for kind in map(str, config.items(listed))
    )


def nemotron_experts(config: Config) -> FeedForward:
    """Ungated experts, maybe on a narrower width, one shared expert of its own width."""
    return blocks.moe(
        config,
        gated=False,
        latent_size=config.size("moe_latent_size", 0),
        shared_expert_intermediate_size=config.size("moe_shared_expert_intermediate_size", 0),
    )


def nemotron_layer(config: Config, kind: str) -> Layer:
    """A layer is one mixer or one feed-forward block behind one norm."""
    parts: dict[str, object] = {"norm_parameters": config.size("hidden_size")}
    if kind == "mamba":
        parts["mixer"] = mamba2(config)
    elif kind == "attention":
        parts["mixer"] = blocks.attention(config)
    elif kind == "moe":
        parts["feed_forward"] = nemotron_experts(config)
    else:
        parts["feed_forward"] = blocks.mlp(config, gated=False)
    return Layer.model_validate(parts)


def nemotron_h(config: Config) -> Architecture:
    """Nemotron-H and Nemotron 3: Mamba-2, attention, dense and expert layers in a published order."""
    config.need("hidden_size", "num_attention_heads", "vocab_size", "mamba_num_heads")
    order = pattern(config, "hybrid_override_pattern", "layers_block_type")
    if not order:
        raise UnknownArchitecture(config.model_type, missing=("hybrid_override_pattern",))
    return blocks.decoder(config, order, partial(nemotron_layer, config), **nemotron_nextn(config))


def nemotron_nextn(config: Config) -> dict[str, object]:
    """Prediction layers: attention and experts joined into one block with both norms."""
    kinds = pattern(config, "mtp_hybrid_override_pattern", "mtp_layers_block_type")
    if not kinds or not config.size("num_nextn_predict_layers", 0):
        return {}
    parts = [nemotron_layer(config, kind) for kind in kinds]
    joined = Layer(
        mixer=next((part.mixer for part in parts if part.mixer), None),
        feed_forward=next((part.feed_forward for part in parts if part.feed_forward), None),
        norm_parameters=sum(part.norm_parameters for part in parts),
    )
    return nextn(config, joined)


# --------------------------------------------------------------------------- Granite 4, Falcon-H1


def granite_hybrid(config: Config) -> Architecture:
    """Granite 4: Mamba-2 or attention, with experts and a shared block, or the shared block alone."""
    width, experts = config.size("shared_intermediate_size", 0), config.size("num_experts", 0)
    dense = Mlp(intermediate_size=width) if width else None

    def build(kind: str) -> Layer:
        block: FeedForward | None = dense
        if experts:
            block = blocks.moe(
                config, moe_intermediate_size=config.size("intermediate_size"), shared_expert_intermediate_size=width
            )
        mixer: Mixer = blocks.attention(config) if kind in ATTENTION_NAMES else mamba2(config)
        return Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * config.size("hidden_size"))

    kinds = blocks.layer_types(config) or blocks.layer_types(config, "layers_block_type")
    return blocks.decoder(config, kinds, build, tie_word_embeddings=blocks.tied(config, default=True))


def pure_mamba2(config: Config) -> Architecture:
    """Mamba-2 (Codestral Mamba): nothing but state-space layers, each behind one norm."""
    config.need("hidden_size", "num_hidden_layers", "vocab_size")
    layer = Layer(mixer=mamba2(config), norm_parameters=config.size("hidden_size"))
    return blocks.decoder(config, (0,) * blocks.layers(config), lambda key: layer)


def bamba(config: Config) -> Architecture:
    """Bamba: Mamba-2, attention in the layers of attn_layer_indices, a dense block in every layer."""
    full = set(config.sizes("attn_layer_indices"))

    def build(attends: bool) -> Layer:
        mixer: Mixer = blocks.attention(config) if attends else mamba2(config)
        return Layer(mixer=mixer, feed_forward=blocks.mlp(config), norm_parameters=2 * config.size("hidden_size"))

    return blocks.decoder(config, [index in full for index in range(blocks.layers(config))], build)


def falcon_h1(config: Config) -> Architecture:
    """Falcon-H1: attention and Mamba-2 side by side in every layer."""
    layer = Layer(
        mixer=blocks.attention(config),
        second_mixer=mamba2(config),
        feed_forward=blocks.mlp(config),
        norm_parameters=2 * config.size("hidden_size"),
    )
    return blocks.decoder(config, (0,) * blocks.layers(config), lambda key: layer)


READERS = {
    **dict.fromkeys(("mamba", "falcon_mamba"), pure_mamba1),
    "jamba": jamba,
    "nemotron_h": nemotron_h,
    "granitemoehybrid": granite_hybrid,
    "falcon_h1": falcon_h1,
    "mamba2": pure_mamba2,
    "bamba": bamba,
}
