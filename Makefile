# Everything a developer runs. On Windows: from Git Bash, with GNU make (choco install make).
#
# The folder may be called anything: recipes know relative paths only, and tools run as
# `python -m`, because the scripts in a venv break when its path has a space in it.

ifeq ($(OS),Windows_NT)
PY := .venv/Scripts/python.exe
else
PY := .venv/bin/python
endif

# The newest of these that is 3.11 or later is taken; or name one: make PYTHON=/opt/python/bin/python3
PYTHON ?=
PYTHONS = $(if $(PYTHON),"$(PYTHON)",python3.14 python3.13 python3.12 python3.11 python3 python)

# An editable install points at this folder, so a moved or copied folder installs anew.
PLACE := $(shell pwd -P | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/runtime-$(PLACE)
DEV := .venv/dev-$(PLACE)

# More than there are processors: the tests wait for processes more than they compute.
WORKERS ?= 4
TESTS ?= tests

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_USER := 0

.DEFAULT_GOAL := help
.PHONY: help demo test lint format screens bench soak clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' Makefile

demo: $(RUNTIME) ## a sample repository and a real run with four workers
	@$(PY) -m factory_tui demo

test: lint ## lint, then every test (TESTS=tests/engine for a part)
	$(PY) -m pytest --numprocesses $(WORKERS) --dist worksteal $(TESTS)

lint: $(DEV) ## formatting, style, types, floor plan
	$(PY) -m ruff format --check
	$(PY) -m ruff check
	$(PY) -m mypy
	$(PY) -c 'import sys, importlinter.cli as cli; sys.exit(cli.lint_imports(no_logo=True))'

format: $(DEV) ## formats, and mends what can be mended
	$(PY) -m ruff format
	$(PY) -m ruff check --fix

screens: $(DEV) ## draws the pictures of the console in docs/screens anew
	$(PY) -m tests.console.pictures

bench: $(DEV) ## each figure beside the floor that it is measured against
	$(PY) -m tests.bench

soak: $(DEV) ## every crash point, random kills and floods, about an hour
	$(PY) -m pytest -m soak --timeout 3600 --numprocesses $(WORKERS) --dist worksteal tests

clean: ## removes .venv, caches and builds
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@for python in $(PYTHONS); do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
			exec "$$python" -m venv --clear .venv; \
		fi; \
	done; \
	echo 'Python 3.11 or later with venv is needed (on Debian: apt install python3-venv); name one with make PYTHON=/path/to/python3' >&2; \
	exit 1

# An interrupted `venv` leaves a Python without pip; ensurepip finishes it.
define install
	@echo 'Installing into .venv (once)' >&2
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PY) -m ensurepip >/dev/null
	@$(PY) -m pip install -qq --editable
endef

$(RUNTIME): pyproject.toml factory_engine/version.py $(PY)
	$(install) .
	@touch $(RUNTIME)

$(DEV): pyproject.toml factory_engine/version.py $(PY)
	$(install) '.[dev]'
	@touch $(RUNTIME) $(DEV)
