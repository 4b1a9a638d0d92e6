"""Every row of the catalog: its shape, its source, its names, its dimensions against the published parameter total."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.load import load
from catalog.rows import RowError, model_from_row
from catalog.types import Model
from formulas.tensors import checkpoint_parameters, parameter_count

MODELS = load().models
FIRST_FACT = date(2026, 11, 23)
ROUNDING = 0.04
"""OpenAI prints Whisper's sizes in whole millions, whisper-tiny 3 % too high; GPT-3's is rounded too."""

GUIDE = [
    "meta-llama/Llama-2-7b-hf", "meta-llama/Llama-2-13b-hf", "meta-llama/Llama-2-70b-hf", "Qwen/Qwen3-32B",
    "google/gemma-3-27b-it", "meta-llama/Llama-3.3-70B-Instruct", "Qwen/Qwen2.5-7B-Instruct", "zai-org/GLM-4.5",
    "THUDM/glm-4-9b", "Qwen/QwQ-32B", "intfloat/multilingual-e5-large", "BAAI/bge-reranker-v2-m3",
    "Alibaba-NLP/gte-multilingual-base", "openai/whisper-tiny", "openai/whisper-base", "openai/whisper-small",
    "openai/whisper-medium", "openai/whisper-large-v3", "openai/whisper-large-v3-turbo",
    "mistralai/Mixtral-8x7B-Instruct-v0.1", "mistralai/Mistral-7B-v0.1", "openai/gpt-3-175b", "tiiuae/falcon-180B",
]  # fmt: skip
"""Models that the sizing guide works with."""

ROW = {
    "id": "maker/model",
    "source": "maker/model config.json",
    "checked": FIRST_FACT,
    "config": {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 128,
        "vocab_size": 256,
    },
}


@pytest.fixture(params=sorted(MODELS))
def model(request: pytest.FixtureRequest) -> Model:
    return MODELS[request.param]


def test_catalog_size() -> None:
    """The catalog knows at least 300 checkpoints of at least 60 architectures."""
    assert len(MODELS) >= 300
    assert len({MODELS[name].architecture.model_type for name in MODELS}) >= 60


@pytest.mark.parametrize("name", GUIDE)
def test_guide_models_have_a_row(name: str) -> None:
    """Every model of the sizing guide is in the catalog under its own id."""
    assert name == MODELS[name].id


def test_row_says_where_it_is_from(model: Model) -> None:
    """Every row names its source and the day it was read, and none has a longest sequence of nothing."""
    assert model.source.strip()
    assert model.checked >= FIRST_FACT
    assert model.id.count("/") == 1
    assert model.max_length is None or model.max_length > 0


def test_parameters_follow_from_dimensions(model: Model) -> None:
    """The dimensions meet a published total to the last parameter, apart from what the row says it counts beside."""
    if model.published_parameters is None:
        assert not model.parameters_note
        return
    counted = (parameter_count(model.architecture), checkpoint_parameters(model.architecture))
    if model.parameters_note and not model.parameters_beyond:
        assert model.published_parameters == pytest.approx(counted[1], rel=ROUNDING)
    else:
        assert model.published_parameters - model.parameters_beyond in counted


def test_differing_totals_say_why(model: Model) -> None:
    """A row whose published total counts more or less than the weights says why, and where the total is from."""
    assert bool(model.parameters_note) >= bool(model.parameters_beyond)
    assert bool(model.parameters_source) == (model.published_parameters is not None)


def test_names_are_stated_once() -> None:
    """No two rows state the same name."""
    assert {} == load().clashes


def test_layers_are_in_order(model: Model) -> None:
    """Every layer of the order is one of the kinds, and every kind is used."""
    architecture = model.architecture
    assert set(range(len(architecture.kinds))) == set(architecture.order)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sorce": "typo"}, "sorce: unknown key"),
        ({"source": ""}, "source: missing"),
        ({"config": {}}, "config: missing"),
        ({"parameters": 5}, "parameters_source: missing beside parameters"),
        ({"config": {"model_type": "nothing"}}, "no reader for model_type 'nothing'"),
        ({"config": {"model_type": "llama"}}, "lacks hidden_size, num_hidden_layers, num_attention_heads, vocab_size"),
        ({"checked": "soon"}, "checked"),
    ],
)
def test_mistakes_in_a_row_are_named(change: dict[str, object], said: str) -> None:
    """A row with a mistake is refused with its file, its id and the key."""
    with pytest.raises(RowError, match=r"models/llama\.toml: maker/model") as refusal:
        model_from_row({**ROW, **change}, family="llama")
    assert said in str(refusal.value)


def test_a_row_becomes_a_model() -> None:
    """A complete row gives a model of its family, without an output head where the row says so."""
    found = model_from_row({**ROW, "lm_head": False, "aliases": ["small one"]}, family="llama")
    assert ("maker/model", "llama", ("small one",)) == (found.id, found.family, found.aliases)
    assert not found.architecture.lm_head
