# One door for everybody: `make demo` shows it, `make test` is what CI runs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PINS := .ci/constraints.txt
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint $(PINS)
EXAMPLE := examples/astronaut
SAY := @printf '\n==> %s\n'

.DEFAULT_GOAL := help
.PHONY: help demo setup browser cc node test check check-fast format-check lint types tests clients docs docs-check site format bench pins unpinned clean
.DELETE_ON_ERROR:

help:
	@echo "make demo    install, then run the example recipe on this machine: no key, no cost"
	@echo "make test    install with the development tools, then check everything that CI checks"
	@echo "make check   the checks alone: format, lint, types, tests, docs"
	@echo "make check-fast  format, lint, types and the unit tests: about a minute on two cores"
	@echo "make format  mend the format and what the linter can mend"
	@echo "make docs    write the generated files again: schemas/, docs/cli.md, docs/recipe.md"
	@echo "make site    build the documentation as a web site in site/, and check its links"
	@echo "make bench   measure speed and memory beside doit"
	@echo "make pins    pin the newest versions of all packages; then: make test"
	@echo "make unpinned  try the newest versions of all packages: only warns"
	@echo "make clean   remove the environment and what the tools left behind"
	@echo "PYTHON=...   the Python to make the environment with, 3.11 or newer (now: $(PYTHON))"

# --- the environment: a stamp a step, so that a second make is quick -------------------------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  version=$$($(PYTHON) --version 2>/dev/null) || version="not there"; \
	  echo "nano-banana needs Python 3.11 or newer; '$(PYTHON)' is $$version." >&2; \
	  echo "Say which one to use: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(SAY) "making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV) || { \
	  echo "This Python can't make virtual environments; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) --upgrade pip
	@touch $@

$(VENV)/.local: $(VENV)/.made pyproject.toml $(PINS)
	$(SAY) "installing nano-banana and what the local provider draws with (a minute or two, once)"
	@$(PIP) --editable '.[local]'
	@touch $@

$(VENV)/.dev: $(VENV)/.local pyproject.toml $(PINS)
	$(SAY) "installing the development tools"
	@$(PIP) --group dev --editable '.[local,emulator,c2pa,marks,studio]'
	@touch $@

setup: $(VENV)/.local
	$(SAY) "fetching the weights of the local provider (kept for next time)"
	@$(BIN)/nano-banana setup || echo "Some weights could not be fetched: the pictures will be plainer. All else works."

# --- the two commands of the README -----------------------------------------------------------------

demo: setup
	$(SAY) "running $(EXAMPLE)/recipe.yaml on the local provider"
	@$(BIN)/nano-banana run $(EXAMPLE)/recipe.yaml --provider local --yes
	$(SAY) "the pictures are in $$(dirname "$$(find $(EXAMPLE) out -path '*$(notdir $(EXAMPLE))/manifest.json' 2>/dev/null | head -n 1)")"

test: setup $(VENV)/.dev
	@$(MAKE) --no-print-directory check

# --- the checks -------------------------------------------------------------------------------------

check: format-check lint types docs-check site tests clients

format-check: $(VENV)/.dev
	$(SAY) "format"
	@$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	$(SAY) "lint"
	@$(BIN)/ruff check .

types: $(VENV)/.dev
	$(SAY) "types"
	@$(BIN)/mypy

# The quick part of `check`: no test of it starts the command, a server or a browser, or draws pictures.
FAST := $(addprefix tests/,catalog core engine house imaging packs planner project recipe reports shelf \
  stages store workshop test_credentials.py test_settings.py)

check-fast: format-check lint types
	$(SAY) "unit tests"
	@$(BIN)/python -m pytest -q --numprocesses 2 --dist loadgroup -m "not slow" $(FAST) $(ARGS)

# Pages are tested in a real browser. Without the right to install one they are skipped, but never under CI.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  printf '\n==> installing a browser for the tests of pages\n' && \
	  { apt-get install -y -qq chromium >/dev/null 2>&1 || \
	    { apt-get update -qq >/dev/null && apt-get install -y -qq chromium >/dev/null; }; }; } || \
	  echo "no chromium here: install it to test the pages"

# Tests of a loss of power build a small library that records what a run writes.
cc:
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  printf '\n==> installing a C compiler for the tests of a loss of power\n' && \
	  { apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null 2>&1 || \
	    { apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends gcc libc6-dev >/dev/null; }; }; } || \
	  echo "no cc here: install a C compiler to test a loss of power"

# COV=1 measures coverage, too (at least 95 %), as CI does. Under Python 3.11 that more than doubles the time.
tests: $(VENV)/.dev browser cc
	$(SAY) "tests"
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(if $(COV),--cov --cov-report term) --ignore tests/clients $(ARGS)

# Other people's clients of fal are installed from PyPI and npm (into $(VENV)/clients, once) and asked to talk to the
# emulator. What can't be installed is skipped, but never under CI.
node:
	@command -v npm >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  printf '\n==> installing Node.js for the tests of clients\n' && \
	  { apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null 2>&1 || \
	    { apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; }; }; } || \
	  echo "no npm here: install Node.js to test its clients"

clients: $(VENV)/.dev node
	$(SAY) "clients of fal, against the emulator"
	@$(BIN)/python -m pytest -q tests/clients

# --- generated files: each one, and the module that prints it ---------------------------------------

GENERATED := \
  docs/cli.md=nano_banana.cli.cli_reference \
  docs/recipe.md=nano_banana.recipe.recipe_reference \
  schemas/recipe.schema.json=nano_banana.recipe.json_schema \
  schemas/pack.schema.json=nano_banana.recipe.pack_schema \
  schemas/run.schema.json=nano_banana.session.run_report_schema
EACH_GENERATED = set -e; for pair in $(GENERATED); do file=$${pair%%=*}; module=$${pair\#*=}; \
  grep -qs __main__ "$$(echo $$module | tr . /).py" || { echo "$$module prints nothing yet: no $$file"; continue; }; \
  printed=$$($(BIN)/python -m $$module && echo .); printed=$${printed%.}

docs: $(VENV)/.local
	@$(EACH_GENERATED); printf %s "$$printed" > $$file; echo "wrote $$file"; done

docs-check: $(VENV)/.local
	$(SAY) "generated files"
	@$(EACH_GENERATED); printf %s "$$printed" | diff -u $$file - || { echo "$$file is out of date: make docs" >&2; exit 1; }; done

# --- the web site of the documentation: also checks its links and anchors, never those to other sites ------------------

site: $(VENV)/.dev
	$(SAY) "documentation"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# --- the rest ---------------------------------------------------------------------------------------

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

# Everything is developed and tested with these versions, so that no release of others turns a fresh clone red.
pins:
	$(SAY) "pinning the newest versions in $(PINS)"
	@rm -rf $(VENV)-pins && $(PYTHON) -m venv $(VENV)-pins && $(VENV)-pins/bin/python -m pip install --quiet --upgrade pip
	@$(VENV)-pins/bin/python -m pip install --quiet --group dev --editable '.[c2pa,emulator,faces,heic,local,marks,studio]'
	@$(VENV)-pins/bin/python -m pip freeze --all --exclude-editable > $(PINS) && rm -rf $(VENV)-pins

# What a fresh `pip install` gets. A release of another package may break it, so it warns and never fails.
UNPINNED := $(VENV)-unpinned
unpinned:
	$(SAY) "quick tests with the newest versions of all packages"
	@{ rm -rf $(UNPINNED) && $(PYTHON) -m venv $(UNPINNED) && $(UNPINNED)/bin/python -m pip install --quiet --upgrade pip && \
	  $(UNPINNED)/bin/python -m pip install --quiet --group dev --editable '.[local,emulator,c2pa,marks,studio]' && \
	  env -u CI $(UNPINNED)/bin/python -m pytest -q --numprocesses 2 -m 'not slow' --ignore tests/clients --ignore tests/stories $(ARGS); } || \
	  { echo "WARNING: the newest versions of other packages break something (above); the pinned ones are not affected." >&2; \
	    echo "Not at the pinned version:" >&2; \
	    $(UNPINNED)/bin/python -m pip freeze --all --exclude-editable | grep -vxF -f $(PINS) >&2; true; }
	@rm -rf $(UNPINNED)

bench: $(VENV)/.dev
	@$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) $(VENV)-* site .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage* dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
