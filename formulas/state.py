"""Fixed state of one sequence in linear-attention and state-space layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from catalog.types import GatedDeltaNet, KimiDeltaAttention, Mamba1, Mamba2, Mixer, ShortConv

FP32_BYTES = 4


class Held(NamedTuple):
    """How states are stored on each GPU."""

    tensor_parallel: int
    model_bytes: int
    """Bytes of one number in the model's dtype."""
    speculative_tokens: int
    hidden_size: int
    state_dtype: str | None = None
    """What the command states; None leaves it to the checkpoint."""

    def element(self, dtype: str) -> int:
        """Bytes of one state number: fp32 where it is stated or the checkpoint asks for it, else the model's dtype."""
        return FP32_BYTES if (self.state_dtype or dtype) == "float32" else self.model_bytes


def state_bytes(mixer: Mixer, held: Held, laws: Any) -> int:
    """Bytes of one sequence's state in one such layer on one GPU. Raises KeyError for mixers without a state."""
    return int(_STATES[type(mixer)](mixer, held, laws))


def _delta_net(mixer: GatedDeltaNet, held: Held, laws: Any) -> int:
    return laws.delta_net_state_bytes(
        num_key_heads=mixer.linear_num_key_heads,
        key_head_dim=mixer.linear_key_head_dim,
        num_value_heads=mixer.linear_num_value_heads,
        linear_value_head_dim=mixer.linear_value_head_dim,
        conv_kernel=mixer.linear_conv_kernel_dim,
        speculative_tokens=held.speculative_tokens,
        state_element_bytes=held.element(mixer.state_dtype),
        element_bytes=held.model_bytes,
        tensor_parallel=held.tensor_parallel,
    )


def _kimi_delta(mixer: KimiDeltaAttention, held: Held, laws: Any) -> int:
    return laws.kimi_delta_state_bytes(
        num_value_heads=mixer.num_heads,
        linear_value_head_dim=mixer.head_dim,
        conv_kernel=mixer.conv_kernel,
        state_element_bytes=FP32_BYTES,
        element_bytes=held.model_bytes,
        tensor_parallel=held.tensor_parallel,
    )


def _mamba2(mixer: Mamba2, held: Held, laws: Any) -> int:
    replicated = mixer.n_groups % held.tensor_parallel != 0
    return laws.mamba2_state_bytes(
        num_state_heads=mixer.num_heads,
        state_head_dim=mixer.head_dim,
        n_groups=held.tensor_parallel if replicated else mixer.n_groups,
        state_width=mixer.state_size,
        conv_kernel=mixer.conv_kernel,
        speculative_tokens=held.speculative_tokens,
        state_element_bytes=held.element(mixer.state_dtype),
        element_bytes=held.model_bytes,
        tensor_parallel=held.tensor_parallel,
    )


def _mamba1(mixer: Mamba1, held: Held, laws: Any) -> int:
    return laws.mamba1_state_bytes(
        inner_size=mixer.inner_size,
        state_width=mixer.state_size,
        conv_kernel=mixer.conv_kernel,
        state_element_bytes=held.model_bytes,
        element_bytes=held.model_bytes,
        tensor_parallel=held.tensor_parallel,
    )


def _short_conv(mixer: ShortConv, held: Held, laws: Any) -> int:
    return laws.short_conv_state_bytes(
        conv_width=held.hidden_size,
        conv_kernel=mixer.conv_kernel,
        element_bytes=held.model_bytes,
        tensor_parallel=held.tensor_parallel,
    )


_STATES: dict[type, Callable[[Any, Held, Any], int]] = {
    GatedDeltaNet: _delta_net,
    KimiDeltaAttention: _kimi_delta,
    Mamba2: _mamba2,
    Mamba1: _mamba1,
    ShortConv: _short_conv,
}
