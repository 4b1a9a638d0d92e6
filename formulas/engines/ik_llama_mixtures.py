"""Which type each matrix gets in a file of ik_llama.cpp's own kinds.

Dense models: ik_llama.cpp src/llama-quantize.cpp, llama_tensor_get_type, 7671335; importance matrix given. Models with
experts come with recipes of their publishers (--custom-q), of which all that are known name a file by the gates, take
the next wider type for the down projections and five or six bits for attention: ik_llama.cpp pull requests 529
(DeepSeek-R1-0528 IQ3_KT), 624 (GLM-4.5-Air IQ3_KS) and 642 (Qwen3-235B-A22B IQ4_KSS).
"""

from __future__ import annotations

from formulas.engines.llama_cpp_mixtures import Q2, Q5, Mixture, Rule

ATTENTION_OF_EXPERTS = tuple(
    Rule(category, "iq5_ks", "experts") for category in ("attn_q", "attn_k", "attn_v", "attn_output")
)


def _mixture(base: str, down: str, *rules: Rule, output: str = Q5, embedding: str | None = None) -> Mixture:
    """A kind whose experts' down projections are of the type `down`."""
    experts = (*ATTENTION_OF_EXPERTS, Rule("ffn_down", down, "experts"))
    return Mixture(base, (*experts, *rules), output=output, embedding=embedding, lifts_experts=False)


GROUPED_VALUES = (Rule("attn_v", "iq4_k", "grouped"), Rule("attn_v", "iq3_k"))

IK_MIXTURES: dict[str, Mixture] = {
    "iq1_s_r4": _mixture("iq1_s_r4", "iq1_m_r4", *GROUPED_VALUES, embedding=Q2),
    "iq1_m_r4": _mixture("iq1_m_r4", "iq1_m_r4", *GROUPED_VALUES, embedding=Q2),
    "iq1_kt": _mixture("iq1_kt", "iq2_kt"),
    "iq2_kt": _mixture(
        "iq2_kt", "iq3_kt", *GROUPED_VALUES, Rule("ffn_down", "iq3_k", "first_eighth"), Rule("attn_output", "iq3_k")
    ),
    "iq2_ks": _mixture("iq2_ks", "iq2_kl", *GROUPED_VALUES, Rule("ffn_down", Q2, "first_eighth")),
    "iq2_k": _mixture("iq2_k", "iq3_k", Rule("attn_v", "iq4_k"), Rule("attn_output", "iq3_k")),
    "iq2_kl": _mixture("iq2_kl", "iq3_ks", Rule("attn_v", "iq4_ks")),
    "iq3_kt": _mixture(
        "iq3_kt", "iq4_kt", *GROUPED_VALUES, Rule("attn_output", "iq3_k", "grouped"), embedding="iq3_s_block"
    ),
    "iq3_ks": _mixture("iq3_ks", "iq4_ks", Rule("attn_v", "iq4_ks")),
    "iq3_k": _mixture("iq3_k", "iq4_k", Rule("attn_v", "iq4_k")),
    "iq4_kt": _mixture("iq4_kt", "iq4_kt", Rule("attn_v", "iq5_k", "grouped"), Rule("attn_v", "iq4_k"), output="q6_k"),
    "iq4_kss": _mixture("iq4_kss", "iq4_ks", Rule("attn_v", "iq5_k"), output="q6_k"),
    "iq4_ks": _mixture("iq4_ks", "iq5_ks", Rule("attn_v", "iq5_k"), output="q6_k"),
    "iq4_k": _mixture("iq4_k", "iq5_k", Rule("attn_v", "iq5_k"), output="q6_k"),
    "iq5_ks": _mixture("iq5_ks", "iq6_k", output="q6_k"),
    "iq5_k": _mixture("iq5_k", "iq6_k", output="q6_k"),
    "iq6_k": Mixture("iq6_k", output="iq6_k"),
    "iq1_bn": Mixture("iq1_bn", embedding="iq4_nl"),
    "iq2_bn": Mixture("iq2_bn", embedding="iq4_nl"),
    "q6_0": Mixture("q6_0"),
    "q8_k_r8": Mixture("q8_k_r8", output="q8_k_r8"),
}
"""By the name of the file's kind."""
