# `make demo` and `make test` are the two commands; `make help` lists the rest.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# progress on a terminal, silence in a pipe
QUIET := $(shell test -t 2 || echo -q)
INSTALL = $(if $(shell command -v uv),uv pip install $(QUIET) -p $(VENV),$(BIN)/python -m pip install $(QUIET) --disable-pip-version-check)
SERVE ?= 1
# a file of tests stays in one process: its fixtures are made once
PARALLEL ?= -n 2 --dist loadfile
PACKAGES := features scoring decisions store wording advice training backtest serving monitoring execution importing simulation cli
export OMP_NUM_THREADS ?= 2
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true

.PHONY: help setup demo tour test test-fast test-long lint format bench lock docs serve clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# One stamp per locked list: the environment is made again when the list or a
# kernel in C changes.
$(VENV)/.installed-%: requirements/%.txt requirements/compiler.txt pyproject.toml hatch_build.py $(wildcard scoring/*.c features/*/*.c)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Forbear needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing requirements/$*.txt …"
	@$(INSTALL) --require-hashes -r $<
	@$(BIN)/python -c 'import sys, hatch_build; sys.exit(hatch_build.lacks_compiler())' || \
	 { echo "no C compiler: installing requirements/compiler.txt …"; $(INSTALL) --require-hashes -r requirements/compiler.txt; } || \
	 echo "no C compiler to be had: Python and NumPy answer instead of kernels, the same, slower"
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.installed-dev ## make .venv with everything a developer needs

demo: $(VENV)/.installed-train ## train both samples, score, explain, open the desk (SERVE=0 stops before)
	@SERVE=$(SERVE) $(BIN)/forbear demo

tour: $(VENV)/.installed-train ## a suspension, a promise, an alert, an appeal, a broken feed (SERVE=0 ends at once)
	@SERVE=$(SERVE) $(BIN)/forbear tour

lint: setup ## ruff, mypy strict, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check $(PACKAGES) tests benchmarks data clients
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint ## everything: lint, types, import rules, tests, doctests, notebooks
	$(BIN)/python -m pytest -q $(PARALLEL)

test-fast: setup ## the tests that take seconds
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not slow and not long" -x --hypothesis-profile=fast

test-long: setup ## the suites that take many minutes
	$(BIN)/python -m pytest -q $(PARALLEL) -m long

format: setup ## let ruff write
	$(BIN)/ruff check --fix . && $(BIN)/ruff format $(PACKAGES) tests benchmarks data clients

bench: setup ## the ratios and floors the README quotes
	@for script in benchmarks/*.py; do name=$$(basename $$script .py); \
	  echo "== benchmarks/$$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

lock: ## compile requirements/*.txt anew (needs uv)
	@compile() { uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$$@"; }; \
	for extras in "dev:serve train bank postgres otel lake spark build dev" "train:serve train bank build" "serve:serve build" "deploy:serve postgres build"; do \
	  name=$${extras%%:*}; flags=$$(for e in $${extras#*:}; do printf -- '--extra %s ' $$e; done); \
	  constraint=$$(test $$name = dev || echo "-c requirements/dev.txt"); \
	  compile pyproject.toml $$flags $$constraint -o requirements/$$name.txt; done; \
	compile --group compiler -c requirements/dev.txt -o requirements/compiler.txt

docs: setup ## generate the pages of docs/ that come from code
	$(BIN)/python -m cli.docs

serve: $(VENV)/.installed-train ## serve the champions under FORBEAR_HOME
	$(BIN)/forbear serve

clean: ## remove the environment and caches (never FORBEAR_HOME)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
