# What a contributor can do. Each target makes .venv from the pinned requirements first.
PYTHON ?= python3
BIN := .venv/bin
WRONG_PYTHON := None if (3, 11) <= sys.version_info < (3, 14) else "Wubu needs Python 3.11, 3.12 or 3.13"

.PHONY: help run talk test check chaos bench screenshots clean
.DEFAULT_GOAL := help

help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/.run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit($(WRONG_PYTHON))'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/.dev: .venv/.run requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

run: .venv/.run ## the whole front desk with a demo community on http://127.0.0.1:8000
	@WUBU_DEMO=$${WUBU_DEMO-1} $(BIN)/python main.py run

talk: .venv/.run ## the same conversation in this terminal
	@WUBU_DEMO=$${WUBU_DEMO-1} $(BIN)/python main.py talk

test: .venv/.dev ## every test that runs in minutes
	@$(BIN)/python -m pytest -n 2 --dist worksteal -m "not chaos"

check: .venv/.dev ## format, lint and types
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy .

chaos: .venv/.dev ## kill the program at random instants, hundreds of times, on both databases
	@$(BIN)/python -m pytest -m chaos

bench: .venv/.dev ## speed beside the peers; writes docs/benchmarks.md
	@$(BIN)/python -m benchmarks

screenshots: .venv/.dev ## the README's pictures, made anew in Chromium
	@$(BIN)/python -m tests.screenshots

clean: ## forget the environment and all run-time data
	@rm -rf .venv var
