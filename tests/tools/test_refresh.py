"""Rows read from the Hub again: what it has otherwise is shown, and written where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.load import FOLDER
from catalog.remote import use
from tests.hub.configs import LLAMA_1B, LLAMA_1B_PARAMETERS
from tests.hub.stand_in import COMMIT, Repo, StandIn, standing_in
from tools.refresh.__main__ import main
from tools.refresh.toml_rows import changed

ROW = f"""# A comment.
[[model]]
id = "acme/small"
source = "a card"
checked = 2026-01-02
aliases = ["small"]
parameters = {LLAMA_1B_PARAMETERS}
[model.config]
model_type = "llama"
hidden_size = 2048
num_hidden_layers = 15   # wrong
num_attention_heads = 32
num_key_value_heads = 8
head_dim = 64
intermediate_size = 8192
vocab_size = 128256
max_position_embeddings = 131072
tie_word_embeddings = true

[[model]]
id = "acme/other"
source = "a card"
checked = 2026-01-02
[model.config]
model_type = "llama"
num_hidden_layers = 15
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A Hub with one of the two models, the other gated."""
    with standing_in() as running:
        running.repos["acme/small"] = Repo(config=LLAMA_1B, parameters={"BF16": LLAMA_1B_PARAMETERS})
        running.repos["acme/other"] = Repo(status=403)
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.delenv("REDIS_URL", raising=False)
        yield running
    use(None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "acme.toml").write_text(ROW)
    return tmp_path


def test_differences_are_shown(hub: StandIn, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff has the changed value, the new source and day, and nothing is written; what is gated is named."""
    assert 0 == main([], folder=folder)
    shown = capsys.readouterr()
    assert "-num_hidden_layers = 15" in shown.out
    assert "+num_hidden_layers = 16" in shown.out
    assert f"/acme/small @ {COMMIT[:12]}" in shown.out
    assert "acme/other: gated" in shown.err
    assert ROW == (folder / "acme.toml").read_text()


def test_differences_are_written(hub: StandIn, folder: Path) -> None:
    """Only the row's own lines change; a second look finds the same."""
    main(["--write"], folder=folder)
    written = (folder / "acme.toml").read_text()
    changes = [new for old, new in zip(ROW.splitlines(), written.splitlines(), strict=True) if old != new]
    assert ["source", "checked", "num_hidden_layers"] == [line.split(" = ")[0] for line in changes]
    main(["--write"], folder=folder)
    assert written == (folder / "acme.toml").read_text()


def test_only_rows_that_are_asked_for(hub: StandIn, folder: Path) -> None:
    """A word chooses the rows whose id has it."""
    main(["--write", "other"], folder=folder)
    assert (ROW, 0) == ((folder / "acme.toml").read_text(), hub.asked_about("acme/small"))


def test_a_config_that_means_more_is_named(hub: StandIn, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A fact that the row does not state, and that changes what is read, is left to a person."""
    hub.repos["acme/small"].config = {**LLAMA_1B, "attention_bias": True}
    main(["small"], folder=folder)
    assert "acme/small: its config means something else" in capsys.readouterr().err


def test_without_the_hub(hub: StandIn, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, a failure, and nothing written."""
    hub.stop()
    assert 1 == main(["--write"], folder=folder)
    assert "The Hub does not answer" in capsys.readouterr().err
    assert ROW == (folder / "acme.toml").read_text()


@pytest.mark.parametrize("file", sorted((FOLDER / "models").glob("*.toml")), ids=lambda file: file.stem)
def test_files_of_the_catalog_keep_their_lines(file: Path) -> None:
    """Changing nothing in a row gives the file back as it was."""
    text = file.read_text(encoding="utf-8")
    assert text == changed(text, "nobody/nothing", {})
