"""The command that serves a deployment, per engine, written from the engine's flag table and quoted for a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from bot.commands import reader_of
from bot.commands.rewrite import Change
from bot.commands.table import Table
from bot.formats import GGUF_ENGINE, SIXTEEN_BIT, own_kv_cache
from bot.longer import NEEDS_VARIABLE, served_length, stretched
from bot.parsing.names import default_finder
from bot.parsing.pasted import name_format
from bot.questions import release
from bot.refusals import BFLOAT16_FROM, COMPUTED_16_BIT
from bot.serve_settings import CannotState, setting_flags
from formulas.deployment import PARALLEL, Deployment

ATTENTION_COPIES = "--enable-dp-attention"
INPUTS = "max_input_length"
"""TGI limits inputs apart from the whole and refuses a limit that is not below it (launcher/src/main.rs)."""
SHARE_MOVES = "kv_cache_config:"
"""A cache section in the options file takes the place of the flag for its share."""
OPTIONS_FILE = "options.yaml"
IN_OPTIONS = "."
"""In a flag's name: a key of the options file, which no command line takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What of a deployment its command must state."""

    utilization: float | None = None
    limit_sequences: bool = True
    """Whether the number of sequences was asked for."""
    longest: int = 0
    """Tokens of the longest sequence of a mix."""


@dataclass(frozen=True, slots=True)
class Serve:
    """A command as words, before it is quoted for a shell or a specification."""

    head: tuple[str, ...]
    words: tuple[str, ...]
    """Model and flags."""
    env: tuple[str, ...] = ()
    """NAME=value in front of it."""
    options: tuple[str, ...] = ()
    """Lines of the options file that the words name."""

    @property
    def text(self) -> str:
        """For a shell."""
        line = " ".join((*self.env, shlex.join((*self.head, *self.words))))
        if not self.options:
            return line
        return "\n".join((f"cat > {OPTIONS_FILE} <<'EOF'", *self.options, "EOF", line))


def states(engine_key: str, slot: str) -> bool:
    """Whether commands of this engine always state a field, because its default differs by release and card."""
    reader = reader_of(engine_key)
    return reader is not None and slot in reader.table.serve.get("states", ())


def serve_command(deployment: Deployment, asked: Asked) -> str | None:
    """The command of this deployment; None where its engine or format has none."""
    found = serve(deployment, asked)
    return found.text if found else None


def serve(deployment: Deployment, asked: Asked) -> Serve | None:
    """The command as words; None for engines without a server and formats that need a checkpoint of their own."""
    reader = reader_of(deployment.engine)
    if reader is None or not reader.table.serve:
        return None
    try:
        return _serve(deployment, asked, reader.table)
    except CannotState:
        return None


def flags_of(deployment: Deployment, asked: Asked, *, weights: bool = True) -> dict[str, str | None]:
    """Every flag that states the deployment, with its value; weights: also those of its format. Raises CannotState."""
    reader = reader_of(deployment.engine)
    if reader is None or not reader.table.serve:
        raise CannotState(deployment.engine)
    table = reader.table
    flags = [*_flags(deployment, asked, table, weights=weights), *_cache(deployment, table)]
    return dict([*flags, *setting_flags(deployment, table)])


def _serve(deployment: Deployment, asked: Asked, table: Table) -> Serve:
    model = _model(deployment, table)
    flags = flags_of(deployment, asked).items()
    options = _options(deployment, asked, table)
    kept = [
        (flag, value) for flag, value in flags if not (SHARE_MOVES in options and flag == table.flag_of("utilization"))
    ]
    words = [word for flag, value in kept for word in (_written(flag, deployment, table), value) if word is not None]
    stretch = _stretch(deployment, asked)
    words += [word for change in stretch for word in (change.flag, change.value) if word is not None]
    words += shlex.split(table.serve.get("always", ""))
    words += [table.serve["options"], OPTIONS_FILE] if options else []
    return Serve(tuple(table.serve["head"].split()), (*model, *words), environment(deployment, stretch), options)


def _written(flag: str, deployment: Deployment, table: Table) -> str:
    if IN_OPTIONS in flag or table.lacks(flag, release(deployment.engine_version)):
        raise CannotState(flag)
    return table.spelled(flag)


# --------------------------------------------------------------------------- parts


def _model(deployment: Deployment, table: Table) -> list[str]:
    """The model, by its flag where the engine wants one; llama.cpp takes a file of the format."""
    flag = table.flag_of("model") or ""
    if deployment.engine == GGUF_ENGINE:
        return [flag, f"{deployment.model.id.rsplit('/', 1)[-1]}-{deployment.weights.key.upper()}.gguf"]
    return [deployment.model.id] if table.positional_model else [flag, deployment.model.id]


def _flags(deployment: Deployment, asked: Asked, table: Table, *, weights: bool) -> Iterator[tuple[str, str | None]]:
    """Flags with their values, None for switches. Raises CannotState."""
    for slot, value in _stated(deployment, asked, table).items():
        if flag := table.flag_of(slot):
            yield flag, value
        elif slot == "data_parallel" or (slot in PARALLEL and deployment.engine != GGUF_ENGINE):
            raise CannotState(slot)
    if weights:
        yield from _weights(deployment, table)
    if _sharing(deployment) > 1:
        yield ATTENTION_COPIES, None
    if deployment.layout.expert_parallel:
        yield _experts(deployment, table)
    if deployment.settings.enforce_eager and (flag := table.flag_of("enforce_eager")):
        yield flag, None


def _sharing(deployment: Deployment) -> int:
    """Copies of the attention that share the GPUs of tensor parallelism with the experts: SGLang's way."""
    layout = deployment.layout
    return layout.data_parallel if layout.expert_parallel and deployment.engine == "sglang" else 1


def _stated(deployment: Deployment, asked: Asked, table: Table) -> dict[str, str]:
    layout, settings = deployment.layout, deployment.settings
    tokens, sequences = _length(deployment, asked)
    numbers: dict[str, float | None] = {
        "sequence_tokens": tokens,
        "max_sequences": sequences if asked.limit_sequences or deployment.engine == GGUF_ENGINE else None,
        "utilization": asked.utilization,
        "max_batched_tokens": settings.max_batched_tokens,
        "block_size": settings.block_size,
    }
    if table.flag_of(INPUTS):
        numbers[INPUTS] = min(tokens - 1, settings.max_batched_tokens or tokens)
    for slot in PARALLEL:
        size = layout.tensor_parallel * _sharing(deployment) if slot == "tensor_parallel" else getattr(layout, slot)
        numbers[slot] = size if size > 1 or states(deployment.engine, slot) else None
    return {slot: f"{number:.10g}" for slot, number in numbers.items() if number is not None}


def _length(deployment: Deployment, asked: Asked) -> tuple[int, int]:
    """(limit of tokens, sequences); the slots of llama.cpp share its context."""
    tokens = max(deployment.load.sequence_tokens, asked.longest)
    sequences = deployment.settings.max_sequences or deployment.batch_per_replica
    if deployment.engine == GGUF_ENGINE and not deployment.settings.shared_slots:
        slots = deployment.batch_per_replica
        return tokens * slots, slots
    return tokens, sequences


def _weights(deployment: Deployment, table: Table) -> Iterator[tuple[str, str]]:
    """A format that the engine makes itself, or the width of one; raises CannotState where a checkpoint is needed."""
    key, recipe = deployment.weights.key, deployment.model.quantization
    stored = recipe.weights if recipe else name_format(default_finder(), deployment.model.id)
    if deployment.engine == GGUF_ENGINE or stored == key:
        return
    words = table.serve["weights"].get(_computed(deployment))
    if stored or (words is None and key != SIXTEEN_BIT[deployment.model.architecture.dtype]):
        raise CannotState(key)
    if words:
        flag, value = words.split()
        yield flag, value


def _computed(deployment: Deployment) -> str:
    """The format's key; fp16 for bf16 on a card that has none: the engine refuses the one, both take the same."""
    key, has = deployment.weights.key, deployment.gpu.compute_capability
    return COMPUTED_16_BIT if key == "bf16" and has and has < BFLOAT16_FROM else key


def _cache(deployment: Deployment, table: Table) -> Iterator[tuple[str, str]]:
    """The KV cache where the engine would not pick it by itself; raises CannotState where it cannot."""
    key, flag = deployment.kv_cache.key, table.flag_of("kv_cache")
    if key == _usual_cache(deployment) or deployment.engine == "tensorrt-llm":
        return
    value = table.serve["kv_cache"].get(key)
    if flag is None or value is None:
        raise CannotState(key)
    yield flag, value
    values = table.flag_of("kv_cache_v")
    if values and deployment.settings.value_cache is None:
        yield values, value


def _usual_cache(deployment: Deployment) -> str:
    return own_kv_cache(deployment.model, deployment.gpu, deployment.weights, deployment.engine)


def _experts(deployment: Deployment, table: Table) -> tuple[str, str | None]:
    if flag := table.flag_of("expert_parallel_size"):
        return flag, str(deployment.layout.expert_ranks)
    if flag := table.flag_of("expert_parallel"):
        return flag, None
    raise CannotState("expert_parallel")


def _options(deployment: Deployment, asked: Asked, table: Table) -> tuple[str, ...]:
    """What TensorRT-LLM reads from a file alone: statistics, the format of its cache, and with it the cache's share."""
    if "options" not in table.serve:
        return ()
    always = tuple(table.serve["always_options"])
    if deployment.kv_cache.key == _usual_cache(deployment):
        return always
    value = table.serve["kv_cache"].get(deployment.kv_cache.key)
    if value is None:
        raise CannotState(deployment.kv_cache.key)
    share = [f"  free_gpu_memory_fraction: {asked.utilization:g}"] if asked.utilization else []
    return *always, SHARE_MOVES, f"  dtype: {value}", *share


def _stretch(deployment: Deployment, asked: Asked) -> tuple[Change, ...]:
    """Rope scaling for a length beyond the model's. Raises CannotState where the engine does not serve it."""
    found = stretched(deployment, max(deployment.load.sequence_tokens, asked.longest))
    if found is None and served_length(deployment) is not None:
        raise CannotState("sequence_tokens")
    return found or ()


def environment(deployment: Deployment, stretch: tuple[Change, ...] = ()) -> tuple[str, ...]:
    """llama.cpp spreads over every GPU that it sees; a stretched length may have to be allowed."""
    count = deployment.layout.gpu_count
    if stretch and deployment.engine in NEEDS_VARIABLE:
        return (NEEDS_VARIABLE[deployment.engine],)
    if deployment.engine != GGUF_ENGINE or count == 1 or deployment.gpu.vendor == "Apple":
        return ()
    name = "HIP_VISIBLE_DEVICES" if deployment.gpu.vendor == "AMD" else "CUDA_VISIBLE_DEVICES"
    return (f"{name}={','.join(map(str, range(count)))}",)
