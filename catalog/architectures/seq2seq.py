"""Encoder-decoder models: Whisper, BART and T5."""

from __future__ import annotations

from functools import partial
from typing import Any

from catalog.architectures import blocks
from catalog.architectures.config import Config, dtype
from catalog.architectures.style import LAYER_NORM
from catalog.types import Architecture, Attention, Encoder, Layer, Mlp, Table

CONVOLUTION_WIDTH = 3
"""Kernel of Whisper's two input convolutions."""


def heads(config: Config, side: str, *, width: int | None = None) -> Attention:
    """Attention of one side, all heads apart."""
    count = config.size(f"{side}_attention_heads", config.size("num_attention_heads", 0))
    return Attention(
        num_attention_heads=count,
        num_key_value_heads=count,
        head_dim=width or config.size("hidden_size") // count,
        output_bias=width is None,
    )


def plain_layer(config: Config, side: str, *, key_bias: bool) -> Layer:
    """Block of Whisper and BART: biases everywhere, in Whisper not on keys."""
    hidden = config.size("hidden_size")
    width = config.size(f"{side}_ffn_dim")
    mixer = heads(config, side)
    biases = (3 if key_bias else 2) * hidden
    crossing = side == "decoder"
    return Layer(
        mixer=mixer,
        cross_attention=mixer if crossing else None,
        feed_forward=Mlp(intermediate_size=width, gated=False, bias=True),
        norm_parameters=biases * (1 + crossing) + LAYER_NORM * hidden * (2 + crossing),
    )


def encoder_decoder(config: Config, decoder: Layer, encoder: Encoder, count: int, **changes: Any) -> Architecture:
    facts: dict[str, Any] = {
        "model_type": config.model_type,
        "role": "encoder_decoder",
        "hidden_size": config.size("hidden_size"),
        "vocab_size": config.size("vocab_size"),
        "tie_word_embeddings": blocks.tied(config, default=True),
        "encoder": encoder,
        "dtype": dtype(config),
        **blocks.stack((0,) * count, lambda key: decoder),
        **changes,
    }
    return Architecture(**facts)


def whisper(config: Config) -> Architecture:
    """Whisper: two convolutions halve 30 s of mel frames to 1,500 positions; the decoder stops at 448 tokens."""
    config.need("d_model", "encoder_layers", "decoder_layers", "max_source_positions", "max_target_positions")
    hidden, positions = config.size("d_model"), config.size("max_source_positions")
    targets, mels = config.size("max_target_positions"), config.size("num_mel_bins")
    convolutions = CONVOLUTION_WIDTH * hidden * (mels + hidden) + 2 * hidden
    encoder = Encoder(
        kinds=(plain_layer(config, "encoder", key_bias=False),),
        order=(0,) * config.count("encoder_layers"),
        positions=positions,
        other_parameters=convolutions + positions * hidden + LAYER_NORM * hidden,
    )
    return encoder_decoder(
        config,
        plain_layer(config, "decoder", key_bias=False),
        encoder,
        config.count("decoder_layers"),
        tables=(Table(name="positions", rows=targets, columns=hidden),),
        max_position_embeddings=targets,
        final_parameters=LAYER_NORM * hidden,
    )


BART_RESERVED_POSITIONS = 2
"""Rows of BART's position tables before position 0."""


def bart(config: Config, *, reserved: int | None = BART_RESERVED_POSITIONS, norms: int = 1) -> Architecture:
    """BART and its kin: one shared embedding, biases everywhere.

    reserved: rows of the position tables before position 0; None where positions are computed. norms: layer norms of
    each side outside its layers, beside the last one that mBART has.
    """
    hidden, longest = config.size("d_model"), config.size("max_position_embeddings")
    rows = 0 if reserved is None else longest + reserved
    closing = norms + config.flag("add_final_layer_norm", config.model_type == "mbart")
    encoder = Encoder(
        kinds=(plain_layer(config, "encoder", key_bias=True),),
        order=(0,) * config.count("encoder_layers"),
        other_parameters=(rows + LAYER_NORM * closing) * hidden,
    )
    return encoder_decoder(
        config,
        plain_layer(config, "decoder", key_bias=True),
        encoder,
        config.count("decoder_layers"),
        tables=(Table(name="positions", rows=rows, columns=hidden),) if rows else (),
        max_position_embeddings=longest,
        final_parameters=LAYER_NORM * hidden * closing,
    )


RELATIVE_BUCKETS = 32
"""Class default of relative_attention_num_buckets in T5."""


def t5(config: Config) -> Architecture:
    """T5, Flan-T5 and mT5: no biases, one table of relative positions on each side, head width of its own."""
    config.need("d_model", "d_kv", "d_ff", "num_layers", "num_heads", "vocab_size")
    hidden, width = config.size("d_model"), config.size("d_kv")
    gated = "gated" in config.text("feed_forward_proj", "relu")
    block = Mlp(intermediate_size=config.size("d_ff"), gated=gated)
    mixer = heads(config, "encoder", width=width)
    relative = config.size("relative_attention_num_buckets", RELATIVE_BUCKETS) * config.size("num_heads")
    encoder = Encoder(
        kinds=(Layer(mixer=mixer, feed_forward=block, norm_parameters=2 * hidden),),
        order=(0,) * config.count("num_layers"),
        other_parameters=relative + hidden,
    )
    decoder = Layer(mixer=mixer, cross_attention=mixer, feed_forward=block, norm_parameters=3 * hidden)
    layers = config.count("num_decoder_layers") if config.has("num_decoder_layers") else config.count("num_layers")
    return encoder_decoder(config, decoder, encoder, layers, final_parameters=relative + hidden)


READERS = {
    "whisper": whisper,
    **dict.fromkeys(("bart", "mbart"), bart),
    **dict.fromkeys(("m2m_100", "pegasus"), partial(bart, reserved=None)),
    "marian": partial(bart, reserved=0, norms=0),
    **dict.fromkeys(("t5", "mt5", "umt5"), t5),
}
