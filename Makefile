# `make` or `make help` says what there is. Everything lives in .venv; nothing else on the machine is touched.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
AGENT  := src/handover/agents/agent.py
TEXTS  := $(wildcard src/handover/render/locales/*/LC_MESSAGES/handover.po)
# Processes that share the tests, file by file; one more than two processors, for many tests mostly wait.
JOBS   ?= 3

.DEFAULT_GOAL := help
.PHONY: help demo test bench fuzz check lint types layers agent-python mutants branches numbers pictures lowest audit texts format clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.installed ## two hosts on this machine, a migration with real faults, the signed report: no host of yours
	@$(BIN)/handover demo

test: $(VENV)/.texts ## all tests, in JOBS=3 processes; ARGS="tests/test_paths.py -q" for some, in one
	@tools/test-programs
	$(BIN)/pytest $(or $(ARGS),--numprocesses $(JOBS) --dist loadfile)

fuzz: $(VENV)/.developer ## feed the parsers with what breaks parsers, for long; ARGS="manifest terms --runs 100000", ARGS=--list
	PYTHONPATH=tests $(BIN)/python -m fuzz $(ARGS)

bench: $(VENV)/.developer ## speed beside other tools, into docs/performance.md (root, 35 GB, an hour; ARGS="--rows start")
	$(BIN)/python -m bench --report docs/performance.md $(ARGS)

check: lint types layers agent-python branches mutants numbers ## what else has to be green before a change lands

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.developer
	$(BIN)/mypy

layers: $(VENV)/.developer
	$(BIN)/lint-imports

# The agent runs on whatever Python the far host has; vermin exits 1 when it would need more than 3.6.
agent-python: $(VENV)/.developer
	$(BIN)/vermin --target=3.6- --violations --no-tips $(AGENT)

mutants: $(VENV)/.texts ## take each check out of the verifier and the parsers in turn; ARGS="sshsig" for some
	@cd tests && ../$(BIN)/python -m mutants $(ARGS)

branches: $(VENV)/.texts ## every line and branch of the verifier and the parsers is gone through by their tests
	@cd tests && ../$(BIN)/python -m mutants.branches

numbers: $(VENV)/.developer ## what the tests did, in numbers; missing until `make test` has measured it
	@$(BIN)/python tests/support/counted.py

pictures: $(VENV)/.developer ## make the pictures in docs/images anew, from the demo and with chromium
	$(BIN)/python tools/pictures.py

lowest: $(VENV)/.developer ## the wheel and the oldest libraries that it may have, tested together, in build/lowest
	$(BIN)/python tools/lowest.py $(ARGS)

audit: $(VENV)/.developer ## ask what is known against the libraries; fails too where nobody answers
	$(BIN)/python tools/audit.py

texts: $(VENV)/.developer ## merge new sentences of the source into the catalogues of the other languages
	$(BIN)/python tools/catalogues.py --update

format: $(VENV)/.developer ## let ruff format and mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what make made
	rm -rf $(VENV) handover-demo* dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "handover needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || true)." >&2; \
	  echo "hint: install a newer one and say which: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "'$(PYTHON)' has no venv module." >&2; \
	  echo "hint: on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[pdf]'
	@touch $@

# --group needs pip 25.1, and Debian's is older.
$(VENV)/.developer: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

# Installing compiles the texts of other languages; one that was changed since then is compiled here.
$(VENV)/.texts: $(VENV)/.developer $(TEXTS)
	$(BIN)/python tools/catalogues.py
	@touch $@
