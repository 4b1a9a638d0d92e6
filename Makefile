# `make` lists the tasks. Every task sets up .venv by itself; set-up runs again when a lock file or pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
VRAM := $(VENV)/bin/vram
READY := $(VENV)/ready
READY_TO_TEST := $(VENV)/ready-to-test
UV_VERSION := 0.13.9

# The question goes to the program through the environment, unread by make and by the shell.
Q ?= qwen3-32b fp8 batch 20 seq 12k on h100
override Q := $(value Q)
export Q

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types tests format generate lock bench gpu fit accuracy refresh slack slack-socket emulator emulate token-key screens clean

help: ## List every task
	@echo 'make run Q="llama 3.3 70b awq on 2x l40s"   answers a question'
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: $(READY_TO_TEST) ## Set up .venv with everything for development

run: $(READY) ## Answer the sample question, or yours: make run Q="..."
	@$(VRAM) -- "$$Q"

test: lint types tests ## Everything that must pass: lint, types, tests

lint: $(READY_TO_TEST) ## Check style and layout with ruff
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check

types: $(READY_TO_TEST) ## Check types with mypy
	@$(PY) -m mypy

tests: $(READY_TO_TEST) ## Run the tests: make tests T="-k solver"
	@$(PY) -m pytest $(T)

format: $(READY_TO_TEST) ## Lay the code out and mend what ruff can mend
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

generate: $(READY_TO_TEST) ## Write the generated files again: compiled laws and docs
	@$(PY) -m formulas.generate
	@$(PY) -m tests.guide.page
	@$(PY) -m tools.samples

lock: $(VENV)/lock/bin/uv ## Pin the newest allowed versions in both lock files
	@$(call pin,--group build,requirements.lock)
	@$(call pin,--group build --group dev -c requirements.lock,requirements-dev.lock)

bench: $(READY_TO_TEST) ## Measure start-up, answers and a thousand questions
	@$(PY) -m benchmarks

gpu: $(READY_TO_TEST) ## Measure weights, caches and peaks on a GPU (needs torch, transformers)
	@$(PY) -m benchmarks.gpu

fit: $(READY_TO_TEST) ## Fit the constants on the measured start-ups again
	@$(PY) -m benchmarks.accuracy.fit

accuracy: $(READY_TO_TEST) ## Score all measured start-ups, write docs/accuracy.md
	@$(PY) -m benchmarks.accuracy

refresh: $(READY_TO_TEST) ## Read catalog rows from the Hub again, show the diff: make refresh R="qwen3 --write"
	@$(PY) -m tools.refresh $(R)

slack: $(READY) ## Serve Slack over HTTP, settings from .env or the environment
	@$(call with-settings,sh -c "$$(sed -n 's/^web: *//p' Procfile)")

slack-socket: $(READY) ## Serve Slack in Socket Mode, no public URL needed
	@$(call with-settings,python -m bot.surfaces.slack --socket)

emulator: $(READY_TO_TEST) ## Talk to the bot in an emulated Slack: HTTP, Socket Mode, a host (needs npm)
	@bash tools/emulators/run.sh local-slack

emulate: $(READY_TO_TEST) ## Install, ask and uninstall in an emulated Slack with strict scopes (needs npm)
	@bash tools/emulators/run.sh emulate

token-key: $(READY) ## Print a key for TOKEN_ENCRYPTION_KEY
	@$(PY) -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'

screens: $(READY_TO_TEST) ## Take the pictures of the docs again (needs chromium, pngquant)
	@$(PY) -m tools.screens

clean: ## Remove .venv and what the tools left behind
	@rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock pyproject.toml
	@$(call install,requirements.lock)
	@touch $@

$(READY_TO_TEST): requirements-dev.lock pyproject.toml
	@$(call install,requirements-dev.lock)
	@touch $(READY) $@

$(VENV)/lock/bin/uv: Makefile
	@$(PYTHON) -m venv --without-pip $(VENV)/lock
	@$(PYTHON) -m pip --python $(VENV)/lock/bin/python install -q uv==$(UV_VERSION)
	@touch $@

define install
echo 'Setting up $(VENV) from $(1), once: about a quarter of a minute and the downloads ...' >&2 && \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")' && \
$(PYTHON) -m venv --without-pip $(VENV) && \
$(pip) -r $(1) --require-hashes && \
$(pip) --no-build-isolation --no-deps --editable . && \
{ $(PY) -m compileall -qq -j 0 -x '/tests?/' $(VENV)/lib bot catalog formulas || true; }
endef

pip = $(PYTHON) -m pip --python $(PY) --disable-pip-version-check install --quiet --no-compile

pin = $(VENV)/lock/bin/uv pip compile pyproject.toml $(1) --output-file $(2) --upgrade --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-header --annotation-style line

with-settings = if [ -f .env ]; then set -a && . ./.env && set +a; fi && PATH="$(CURDIR)/$(VENV)/bin:$$PATH" && exec $(1)
