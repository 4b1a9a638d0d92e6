"""Which GGUF type each matrix gets in a file of one kind: Q4_K_M and its like mix types.

Source of every row: llama.cpp src/llama-quant.cpp, llama_tensor_get_type_impl, build 10919; importance matrix given for
the IQ kinds and not for the others, as published files have it. Types are keys of catalog/formats.toml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Category = Literal[
    "embedding", "output", "attn_q", "attn_k", "attn_v", "attn_output", "ffn_up", "ffn_down", "experts_up",
    "experts_down", "other", "tower", "plain",
]  # fmt: skip
"""attn_v: every matrix that llama.cpp treats as values, fused qkv too; towers stay in 16 bits, plain in fp32."""

When = Literal[
    "always", "more_bits", "first_2", "first_4", "first_eighth", "first_sixteenth", "middle", "grouped",
    "grouped_or_experts", "eight_experts", "experts",
]  # fmt: skip
"""more_bits: first and last eighth of the layers and every third between; grouped: 4 or more query heads a KV head."""


class Rule(NamedTuple):
    """Matrices of this category get this type when the condition holds."""

    category: Category
    type: str
    when: When = "always"


@dataclass(frozen=True, slots=True)
class Mixture:
    """The type of every matrix, then the exceptions; the first that holds is taken."""

    base: str
    rules: tuple[Rule, ...] = ()
    output: str = "q6_k"
    embedding: str | None = None
    """Type of an untied token embedding; None: as base."""
    lifts_experts: bool = True
    """Models with 8 experts keep keys and values in q8_0, 70B models values in q5_k."""
    experts: str | None = None
    """Type of the experts where only they differ from base."""


Q2, Q3, Q4, Q5, Q6 = "q2_k_block", "q3_k_block", "q4_k_block", "q5_k_block", "q6_k"
EIGHT_OUTPUT = Rule("attn_output", Q5, "eight_experts")


def _tiny(base: str, low: str, output_projection: str | None) -> Mixture:
    """IQ1 and IQ2: values and the first down projections keep more bits."""
    rules = [
        Rule("attn_v", Q4, "grouped_or_experts"),
        Rule("attn_v", low),
        Rule("attn_k", Q4, "eight_experts"),
        Rule("ffn_down", low, "first_eighth"),
        EIGHT_OUTPUT,
    ]
    if output_projection:
        rules.append(Rule("attn_output", output_projection))
    embedding = "iq3_s_block" if low == "iq3_s_block" else Q2
    return Mixture(base, tuple(rules), output=Q5, embedding=embedding, lifts_experts=False)


MIXTURES: dict[str, Mixture] = {
    "iq1_s": _tiny("iq1_s_block", Q2, "iq2_xxs_block"),
    "iq1_m": _tiny("iq1_m_block", Q2, "iq2_xxs_block"),
    "iq2_xxs": _tiny("iq2_xxs_block", Q2, None),
    "iq2_xs": _tiny("iq2_xs_block", Q2, None),
    "iq2_s": _tiny("iq2_xs_block", "iq3_s_block", "iq3_s_block"),
    "iq2_m": _tiny("iq2_s_block", "iq3_s_block", "iq3_s_block"),
    "iq3_xxs": Mixture(
        "iq3_xxs_block",
        (
            Rule("attn_v", Q4, "grouped"),
            Rule("attn_k", "iq2_s_block"),
            Rule("attn_q", "iq2_s_block"),
            EIGHT_OUTPUT,
            Rule("attn_output", "iq3_s_block"),
        ),
        output=Q5,
        embedding="iq3_s_block",
    ),
    "iq3_xs": Mixture(
        "iq3_s_block",
        (
            Rule("attn_v", Q4, "grouped"),
            Rule("attn_k", "iq3_xxs_block"),
            Rule("attn_q", "iq3_xxs_block"),
            EIGHT_OUTPUT,
            Rule("ffn_up", "iq3_xxs_block", "middle"),
        ),
    ),
    "iq3_s": Mixture("iq3_s_block", (Rule("attn_v", Q4, "grouped"), EIGHT_OUTPUT)),
    "iq3_m": Mixture(
        "iq3_s_block",
        (Rule("attn_v", Q4), Rule("ffn_down", Q4, "first_eighth"), EIGHT_OUTPUT, Rule("attn_output", Q4)),
    ),
    "iq4_xs": Mixture("iq4_xs_block", (Rule("attn_v", Q5, "grouped"), EIGHT_OUTPUT)),
    "iq4_nl": Mixture("iq4_nl", (Rule("attn_v", Q5, "grouped"), EIGHT_OUTPUT)),
    "q2_k_s": Mixture(Q2, (Rule("attn_v", Q4, "grouped"), Rule("ffn_down", Q4, "first_eighth"))),
    "q2_k": Mixture(
        Q2,
        (
            Rule("attn_v", Q4, "grouped"),
            Rule("attn_v", Q3),
            Rule("ffn_down", Q3),
            EIGHT_OUTPUT,
            Rule("attn_output", Q3),
        ),
    ),
    "q3_k_s": Mixture(Q3, (EIGHT_OUTPUT,)),
    "q3_k_m": Mixture(
        Q3,
        (
            Rule("attn_v", Q5, "first_2"),
            Rule("attn_v", Q4),
            Rule("ffn_down", Q5, "first_sixteenth"),
            Rule("ffn_down", Q4),
            EIGHT_OUTPUT,
            Rule("attn_output", Q4),
        ),
    ),
    "q3_k_l": Mixture(Q3, (Rule("attn_v", Q5), Rule("ffn_down", Q5), Rule("attn_output", Q5))),
    "q4_0": Mixture("q4_0"),
    "q4_1": Mixture("q4_1"),
    "q4_k_s": Mixture(Q4, (Rule("attn_v", Q5, "first_4"), Rule("ffn_down", Q5, "first_eighth"), EIGHT_OUTPUT)),
    "q4_k_m": Mixture(Q4, (Rule("attn_v", Q6, "more_bits"), Rule("ffn_down", Q6, "more_bits"), EIGHT_OUTPUT)),
    "q5_0": Mixture("q5_0"),
    "q5_1": Mixture("q5_1"),
    "q5_k_s": Mixture(Q5),
    "q5_k_m": Mixture(Q5, (Rule("attn_v", Q6, "more_bits"), Rule("ffn_down", Q6, "more_bits"))),
    "q6_k": Mixture(Q6),
    "q8_0": Mixture("q8_0", output="q8_0"),
    "tq1_0": Mixture("tq1_0", embedding=Q4),
    "tq2_0": Mixture("tq2_0", embedding=Q4),
    "mxfp4": Mixture("q8_0", output="q8_0", experts="mxfp4"),
    "fp32": Mixture("fp32", output="fp32", lifts_experts=False),
    "fp16": Mixture("fp16", output="fp16", lifts_experts=False),
    "bf16": Mixture("bf16", output="bf16", lifts_experts=False),
}
"""By the name of the file's kind."""

LIFTED_VALUES = frozenset({Q3, Q4})
"""Types that a 70B model's values are lifted from, to q5_k."""
LAYERS_70B = 80

WIDE_BLOCK, NARROW_BLOCK = 256, 32
NARROW = frozenset({"q8_0", "q6_0", "q5_0", "q5_1", "q4_0", "q4_1", "iq4_nl", "iq1_s_r4", "iq1_m_r4", "mxfp4"})
"""Types with blocks of 32; all other quantized ones have blocks of 256."""
FALLBACK: dict[str, str] = {
    Q2: "q4_0",
    Q3: "q4_0",
    "tq1_0": "q4_0",
    "tq2_0": "q4_0",
    Q4: "q5_0",
    Q5: "q5_1",
    Q6: "q8_0",
    "iq4_k": "q5_0",
    "iq5_ks": "q5_0",
    "iq5_k": "q6_0",
    "iq6_k": "q8_0",
    "q8_k_r8": "q8_0",
}
"""What a matrix gets whose rows are no multiple of 256; other IQ types fall back to iq4_nl."""
