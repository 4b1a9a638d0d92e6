"""Typed look at a config.json: one name per fact, whatever a family calls it, and a refusal where it is absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from catalog.kept import toml

SYNONYMS: dict[str, tuple[str, ...]] = {
    "hidden_size": ("n_embd", "d_model", "dim"),
    "num_hidden_layers": ("n_layer", "n_layers", "num_layers", "decoder_layers"),
    "num_attention_heads": ("n_head", "n_heads", "num_heads", "decoder_attention_heads"),
    "num_key_value_heads": ("multi_query_group_num", "num_kv_heads", "n_head_kv", "kv_n_heads", "num_attention_groups"),
    "head_dim": ("kv_channels", "attention_head_dim", "d_kv"),
    "intermediate_size": ("ffn_hidden_size", "n_inner", "d_ff", "ffn_dim", "ff_intermediate_size", "decoder_ffn_dim"),
    "vocab_size": ("padded_vocab_size",),
    "max_position_embeddings": ("seq_length", "n_positions", "max_seq_len", "max_sequence_length", "model_max_length"),
    "num_experts": ("num_local_experts", "n_routed_experts", "moe_num_experts"),
    "num_experts_per_tok": ("num_experts_per_token", "top_k_experts", "moe_topk", "moe_k", "moe_top_k"),
    "moe_intermediate_size": ("expert_ffn_hidden_size",),
    "n_shared_experts": ("num_shared_experts", "moe_num_shared_experts", "num_shared_expert"),
    "hidden_act": ("hidden_activation", "activation_function", "mlp_hidden_act", "hidden_activation_function"),
    "dtype": ("torch_dtype",),
    "num_nextn_predict_layers": ("mtp_num_hidden_layers",),
}
"""Other names of a fact in published configs, in the order they are looked up."""

LARGEST = 2**53
"""No size in a config is larger; beyond it a number is damage or malice."""

MOST_LAYERS = 10_000
"""No model has more layers; beyond it a list of them would fill memory."""

Dtype = Literal["bfloat16", "float16", "float32"]


class UnknownArchitecture(ValueError):
    """A config that no reader understands: an unknown model_type, or a known one with fields missing or malformed."""

    def __init__(
        self,
        model_type: str,
        *,
        missing: tuple[str, ...] = (),
        malformed: tuple[str, ...] = (),
        strange: tuple[str, ...] = (),
    ) -> None:
        """strange: what an unknown design has beyond the common one."""
        self.model_type, self.missing, self.malformed, self.strange = model_type, missing, malformed, strange
        super().__init__(self._sentence())

    def _sentence(self) -> str:
        if self.missing:
            return f"config of model_type {self.model_type!r} lacks {', '.join(self.missing)}"
        if self.malformed:
            return f"config of model_type {self.model_type!r} has no usable value for {', '.join(self.malformed)}"
        if self.strange:
            return f"no reader for model_type {self.model_type!r} with {', '.join(self.strange)}"
        return f"no reader for model_type {self.model_type!r}"


@cache
def class_defaults() -> dict[str, dict[str, Any]]:
    """Values that published configs leave to the model class, by model_type."""
    return toml(Path(__file__).with_name("defaults.toml"))


class Config:
    """One config, or one nested part of it; parts fall back on their parent for what they leave out."""

    def __init__(self, values: Mapping[str, Any], *, parent: Config | None = None, model_type: str = "") -> None:
        self.values, self.parent = values, parent
        self.model_type = str(values.get("model_type") or model_type)
        self.defaults = class_defaults().get(self.model_type, {})

    def raw(self, name: str) -> Any:
        """First value that is given for a name or its synonyms, or the class default; None if there is none."""
        for source in (self.values, self.defaults):
            for key in (name, *SYNONYMS.get(name, ())):
                if source.get(key) is not None:
                    return source[key]
        return None

    def inherited(self, name: str) -> Any:
        """Like raw, and then from the enclosing config."""
        value = self.raw(name)
        return self.parent.inherited(name) if value is None and self.parent else value

    def malformed(self, name: str) -> UnknownArchitecture:
        return UnknownArchitecture(self.model_type, malformed=(name,))

    def whole(self, name: str, value: Any) -> int:
        """A whole number, or UnknownArchitecture."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LARGEST or value % 1:
            raise self.malformed(name)
        return int(value)

    def size(self, name: str, default: int | None = None) -> int:
        """A whole number that the reader needs; absent without a default: UnknownArchitecture."""
        value = self.raw(name)
        if value is None:
            if default is None:
                raise UnknownArchitecture(self.model_type, missing=(name,))
            return default
        return self.whole(name, value)

    def first_size(self, *names: str) -> int:
        """The first of these sizes that is given; none: UnknownArchitecture, lacking the last."""
        return self.size(next((name for name in names if self.has(name)), names[-1]))

    def count(self, name: str) -> int:
        """A number of layers."""
        value = self.size(name)
        if not 0 < value <= MOST_LAYERS:
            raise self.malformed(name)
        return value

    def optional(self, name: str) -> int | None:
        """A whole number above zero, or None where it is absent or zero."""
        return self.size(name, 0) or None

    def need(self, *names: str) -> None:
        """Refuses the config once, naming everything of `names` that it lacks."""
        missing = tuple(name for name in names if self.raw(name) is None)
        if missing:
            raise UnknownArchitecture(self.model_type, missing=missing)

    def number(self, name: str, default: float) -> float:
        """A finite number above zero."""
        value = self.raw(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LARGEST:
            raise self.malformed(name)
        return float(value)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw(name)
        return default if value is None else bool(value)

    def text(self, name: str, default: str = "") -> str:
        value = self.raw(name)
        return default if value is None else str(value)

    def items(self, name: str) -> tuple[Any, ...]:
        """A list, empty where it is absent."""
        value = self.raw(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            raise self.malformed(name)
        return tuple(value)

    def sizes(self, name: str) -> tuple[int, ...]:
        """A list of whole numbers, empty where it is absent."""
        return tuple(self.whole(name, value) for value in self.items(name))

    def has(self, name: str) -> bool:
        return self.raw(name) is not None

    def part(self, *names: str, model_type: str = "") -> Config | None:
        """The first nested config of these names."""
        for name in names:
            value = self.values.get(name)
            if isinstance(value, Mapping) and value:
                return Config(value, parent=self, model_type=model_type)
        return None

    def inner_types(self) -> Iterator[str]:
        """Names in `architectures`, the outer config's included."""
        yield from map(str, self.inherited("architectures") or ())


def dtype(config: Config) -> Dtype:
    """Number type of the unquantized weights; bfloat16 where the config is silent."""
    name = str(config.inherited("dtype") or "bfloat16").removeprefix("torch.")
    known: dict[str, Dtype] = {"float16": "float16", "half": "float16", "float32": "float32", "float": "float32"}
    return known.get(name, "bfloat16")
