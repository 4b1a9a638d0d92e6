"""Parameter counts of vision and audio towers, projector included, from the nested config."""

from __future__ import annotations

from collections.abc import Callable

from catalog.architectures.config import Config
from catalog.architectures.style import LAYER_NORM
from catalog.types import Tower

COLOURS = 3
FRAMES_PER_PATCH = 2
"""temporal_patch_size of the Qwen and GLM towers where the config leaves it out."""


Counter = Callable[[Config, int], int]
"""Weights of a tower, from its config and the width of the language model."""


def depth(vision: Config) -> int:
    return vision.size("num_hidden_layers", vision.size("depth", 0)) or vision.size("depth")


def blocks(
    vision: Config,
    *,
    hidden: int,
    width: int,
    gated: bool = False,
    attention_bias: int = 4,
    mlp_bias: bool = True,
    norms: int = 2 * LAYER_NORM,
) -> int:
    """All transformer blocks; attention_bias counts the biased projections, norms the vectors of a block."""
    ups = 2 if gated else 1
    attention = 4 * hidden * hidden + attention_bias * hidden
    feed_forward = (ups + 1) * hidden * width + mlp_bias * (ups * width + hidden)
    return depth(vision) * (attention + feed_forward + norms * hidden)


def patches(vision: Config, *, class_token: bool = False) -> int:
    """Positions of a square picture."""
    return (vision.size("image_size") // vision.size("patch_size")) ** 2 + class_token


def patch_projection(vision: Config, hidden: int, *, frames: int = 1, bias: bool = False) -> int:
    return COLOURS * frames * vision.size("patch_size") ** 2 * hidden + bias * hidden


def merger(vision: Config, hidden: int, out: int, *, norm: int) -> int:
    """Two biased linears over a square of merged patches, behind a norm."""
    wide = hidden * vision.size("spatial_merge_size", 2) ** 2
    return norm + wide * wide + wide + wide * out + out


def siglip(vision: Config, text: int) -> int:
    """SigLIP with Gemma 3's projector: a norm and one matrix."""
    hidden = vision.size("hidden_size")
    inside = blocks(vision, hidden=hidden, width=vision.size("intermediate_size"))
    edges = patch_projection(vision, hidden, bias=True) + patches(vision) * hidden + LAYER_NORM * hidden
    return inside + edges + hidden * text + hidden


def clip_tower(vision: Config) -> int:
    hidden = vision.size("hidden_size")
    inside = blocks(vision, hidden=hidden, width=vision.size("intermediate_size"))
    positions = patches(vision, class_token=True) * hidden
    return inside + patch_projection(vision, hidden) + hidden + positions + 2 * LAYER_NORM * hidden


def two_linears(entry: int, text: int, *, bias: bool = True) -> int:
    """Projector of two linears, the second square."""
    return entry * text + text * text + bias * 2 * text


def qwen2_vl(vision: Config, text: int) -> int:
    hidden = vision.size("embed_dim")
    width = int(hidden * vision.number("mlp_ratio", 4))
    inside = blocks(vision, hidden=hidden, width=width)
    frames = vision.size("temporal_patch_size", FRAMES_PER_PATCH)
    edges = patch_projection(vision, hidden, frames=frames)
    return inside + edges + merger(vision, hidden, text, norm=LAYER_NORM * hidden)


def qwen2_5_vl(vision: Config, text: int) -> int:
    hidden = vision.size("hidden_size")
    inside = blocks(vision, hidden=hidden, width=vision.size("intermediate_size"), gated=True, norms=2)
    frames = vision.size("temporal_patch_size", FRAMES_PER_PATCH)
    edges = patch_projection(vision, hidden, frames=frames)
    return inside + edges + merger(vision, hidden, vision.size("out_hidden_size", text), norm=hidden)


def qwen3_vl(vision: Config, text: int) -> int:
    """Qwen3-VL and Qwen3.5: learned positions, and a merger for each deepstack level."""
    hidden, out = vision.size("hidden_size"), vision.size("out_hidden_size", text)
    inside = blocks(vision, hidden=hidden, width=vision.size("intermediate_size"))
    frames = vision.size("temporal_patch_size", FRAMES_PER_PATCH)
    edges = patch_projection(vision, hidden, frames=frames, bias=True) + vision.size("num_position_embeddings") * hidden
    merged = LAYER_NORM * hidden * vision.size("spatial_merge_size", 2) ** 2
    levels = len(vision.items("deepstack_visual_indexes"))
    mergers = merger(vision, hidden, out, norm=LAYER_NORM * hidden) + levels * merger(vision, hidden, out, norm=merged)
    return inside + edges + mergers


def llama4(vision: Config, text: int) -> int:
    hidden, width = vision.size("hidden_size"), vision.size("intermediate_size")
    entry, out = vision.size("projector_input_dim", 4096), vision.size("projector_output_dim", 4096)
    inside = blocks(vision, hidden=hidden, width=width)
    positions = (patches(vision, class_token=True) + 1) * hidden
    edges = patch_projection(vision, hidden) + positions + 2 * LAYER_NORM * hidden
    return inside + edges + width * entry + out * out + vision.size("vision_output_dim", out) * text


ASPECT_RATIO_KINDS = 9
"""Aspect ratios of Llama 3.2's tiles, with the one for none."""


def mllama(vision: Config, text: int) -> int:
    """Llama 3.2 Vision: plain and gated blocks, positions by tile and aspect ratio, one projection."""
    hidden, width, tiles = vision.size("hidden_size"), vision.size("intermediate_size"), vision.size("max_num_tiles")
    extra = vision.size("num_global_layers")
    inside = blocks(vision, hidden=hidden, width=width, attention_bias=0) // depth(vision) * (depth(vision) + extra)
    positions = patches(vision, class_token=True) * hidden
    tables = positions + ASPECT_RATIO_KINDS * tiles * (positions + 2 * hidden)
    gates = 2 * extra + 3
    edges = patch_projection(vision, hidden) + hidden + tables + gates + 2 * LAYER_NORM * hidden
    out = hidden * (1 + len(vision.items("intermediate_layers_indices")))
    return inside + edges + vision.size("vision_output_dim", out) * text + text


def pixtral(vision: Config, text: int) -> int:
    """Pixtral with Mistral 3's projector: merged patches, two linears."""
    hidden = vision.size("hidden_size")
    inside = blocks(
        vision,
        hidden=hidden,
        width=vision.size("intermediate_size"),
        gated=True,
        attention_bias=0,
        mlp_bias=False,
        norms=2,
    )
    merge = (vision.parent.size("spatial_merge_size", 2) if vision.parent else 2) ** 2
    edges = patch_projection(vision, hidden) + hidden + hidden
    return inside + edges + merge * hidden * hidden + two_linears(hidden, text, bias=False)


def glm4v(vision: Config, text: int) -> int:
    hidden, out = vision.size("hidden_size"), vision.size("out_hidden_size", text)
    inside = blocks(vision, hidden=hidden, width=out, gated=True, attention_bias=0, mlp_bias=False, norms=2)
    frames = vision.size("temporal_patch_size", FRAMES_PER_PATCH)
    edges = patch_projection(vision, hidden, frames=frames, bias=True) + patches(vision) * hidden + 2 * hidden
    joined = out * hidden * vision.size("spatial_merge_size", 2) ** 2 + out
    return inside + edges + joined + out * out + LAYER_NORM * out + 3 * out * vision.size("intermediate_size")


def gemma4(vision: Config, text: int) -> int:
    """Gemma 4: two position tables, four norms a block, norms on queries and keys, one projection."""
    hidden, width = vision.size("hidden_size"), vision.size("intermediate_size")
    inside = blocks(vision, hidden=hidden, width=width, gated=True, attention_bias=0, mlp_bias=False, norms=4)
    norms = depth(vision) * 2 * vision.size("head_dim")
    tables = 2 * vision.size("position_embedding_size") * hidden + 2 * hidden * vision.flag("standardize")
    return inside + norms + tables + patch_projection(vision, hidden) + hidden * text


def moonvit(vision: Config, text: int) -> int:
    """Kimi's MoonViT: a position grid and a merger over 2 x 2 patches."""
    hidden, width = vision.size("vt_hidden_size"), vision.size("vt_intermediate_size")
    count = vision.size("vt_num_hidden_layers")
    attention = 4 * hidden * hidden + 4 * hidden
    inside = count * (attention + 2 * hidden * width + width + hidden + 2 * LAYER_NORM * hidden)
    grid = vision.size("init_pos_emb_height") * vision.size("init_pos_emb_width") * hidden
    wide = hidden * 4
    projector = LAYER_NORM * hidden + wide * wide + wide + wide * text + text
    return inside + grid + patch_projection(vision, hidden, bias=True) + LAYER_NORM * hidden + projector


def exaone45(vision: Config, text: int) -> int:
    """EXAONE 4.5: Qwen2.5's tower with grouped keys and values."""
    hidden, heads = vision.size("hidden_size"), vision.size("num_heads")
    spared = 2 * (hidden - vision.size("num_key_value_heads", heads) * hidden // heads)
    return qwen2_5_vl(vision, text) - depth(vision) * spared * (hidden + 1)


def minimax_m3(vision: Config, text: int) -> int:
    """MiniMax-M3: CLIP blocks without class token and position table, a projector before and one after merging."""
    hidden = vision.size("hidden_size")
    width = vision.parent.size("projector_hidden_size", text) if vision.parent else text
    inside = blocks(vision, hidden=hidden, width=vision.size("intermediate_size"))
    edges = patch_projection(vision, hidden, frames=FRAMES_PER_PATCH) + LAYER_NORM * hidden
    first = hidden * width + width + width * text + text
    second = 4 * text * width + width + width * text + text
    return inside + edges + first + second


STEP_MLP_RATIO = 8960 / 1536
"""Class default of mlp_ratio in Step-3.7's tower."""


def step3p7(vision: Config, text: int) -> int:
    """Step-3.7: two scales a block, learned positions, two convolutions that halve the picture and double the width."""
    hidden = vision.size("width", vision.size("hidden_size", 0))
    width = int(hidden * vision.number("mlp_ratio", STEP_MLP_RATIO))
    inside = blocks(vision, hidden=hidden, width=width, norms=2 * LAYER_NORM + 2)
    edges = patch_projection(vision, hidden) + patches(vision) * hidden + LAYER_NORM * hidden
    halving = 9 * hidden * 2 * hidden + 2 * hidden + 9 * 2 * hidden * 4 * hidden + 4 * hidden
    return inside + edges + halving + 4 * hidden * text


def gemma4_audio(audio: Config, text: int) -> int:
    """Gemma 4's conformer: two feed-forwards, relative attention and a light convolution a block."""
    hidden, out = audio.size("hidden_size"), audio.size("output_proj_dims")
    first, second = audio.sizes("subsampling_conv_channels")
    head = hidden // audio.size("num_attention_heads")
    matrices = (16 + 5 + 3) * hidden * hidden
    vectors = (4 + audio.size("conv_kernel_size") + 2 + 3) * hidden + head
    entry = 9 * first + first + 9 * first * second + second + first // 4 * second * hidden
    return depth(audio) * (matrices + vectors) + entry + hidden * out + out + out * text


COUNTERS: dict[str, Counter] = {
    "siglip": siglip,
    "qwen2_5_omni": qwen2_5_vl,
    "qwen3_omni": qwen3_vl,
    "qwen2_vl": qwen2_vl,
    "qwen2_5_vl": qwen2_5_vl,
    "qwen3_vl": qwen3_vl,
    "llama4": llama4,
    "mllama": mllama,
    "pixtral": pixtral,
    "glm4v": glm4v,
    "gemma4": gemma4,
    "gemma4_audio": gemma4_audio,
    "moonvit": moonvit,
    "exaone4_5": exaone45,
    "minimax_m3": minimax_m3,
    "step3p7": step3p7,
}


def tower(kind: str, vision: Config, text: int, count: Counter, *, shards: bool = True) -> Tower:
    """The tower of one kind beside a language model of width `text`."""
    hidden = vision.optional("hidden_size") or vision.optional("vt_hidden_size") or vision.optional("embed_dim")
    return Tower(
        name="audio" if kind.endswith("audio") else "vision",
        parameters=count(vision, text),
        hidden_size=vision.optional("embed_dim") or hidden,
        intermediate_size=vision.optional("intermediate_size") or vision.optional("vt_intermediate_size"),
        shards=shards,
    )
