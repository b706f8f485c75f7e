# Everything works from a fresh clone with Python 3.11, pip and make.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
GOAL ?= python_security
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where a container forbids Python to keep what it compiled, each process would compile all anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(VENV)/installed  ## install, fetch the weights, and run the goal (GOAL=python_security)
	@$(BIN)/forgemind run $(GOAL) || [ $$? -eq 3 ]  # 3: it stopped honestly, and said why

install: $(VENV)/installed  ## make .venv with everything that a run needs

test: $(VENV)/developed  ## format, lint, types, tests: what CI runs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/pytest -n 2 -m "not e2e"

e2e: $(VENV)/developed  ## the tests that take minutes: real weights, whole loops
	$(BIN)/forgemind models pull smollm2-135m-instruct
	$(BIN)/forgemind models pull qwen2.5-coder-1.5b-instruct
	$(BIN)/forgemind models pull all-minilm-l6-v2
	$(BIN)/pytest -m e2e

explore: $(VENV)/developed  ## the property tests on many examples never tried before
	$(BIN)/pytest -n 2 -m "hypothesis and not e2e" --hypothesis-profile=explore

bench: $(VENV)/developed .venv-peers/installed .venv-peers-generation/installed  ## measurements, one JSON line each
	@for name in training evaluation safety near_duplicates decontamination generation honesty racing search data_half gain_bounds futility advice tick; do $(BIN)/python tests/bench/$$name.py | tail -n 1; done

dev: $(VENV)/installed  ## Dagster's own development server on this installation's state
	@DAGSTER_HOME=$$($(BIN)/forgemind home) $(BIN)/dagster dev

format: $(VENV)/developed  ## format and mend what ruff can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove the virtual environments and caches; state in .forgemind stays
	rm -rf $(VENV) .venv-peers .venv-peers-generation .pytest_cache .ruff_cache .hypothesis

# The first install fetches about 1 GB. In a terminal pip shows its progress; elsewhere it is silent
# for a minute while it unpacks, so a line says that it still works.
define with_pulse
	@( [ -t 1 ] || while sleep 8; do echo "  still installing"; done & pulse=$$!; \
	  $(1); code=$$?; kill $$pulse 2>/dev/null; exit $$code )
endef

$(VENV)/installed: pyproject.toml constraints.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing ForgeMind into $(VENV)"
	$(BIN)/python -m pip install --upgrade "pip>=25.1"
	$(call with_pulse,$(BIN)/python -m pip install -c constraints.txt -e .)
	@touch $@

$(VENV)/developed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet -c constraints.txt --group dev
	@touch $@

# What ForgeMind is measured against lives apart, and never among its dependencies.
.venv-peers/installed: tests/bench/peers.txt
.venv-peers-generation/installed: tests/bench/peers_generation.txt
.venv-peers/installed .venv-peers-generation/installed:
	@test -d $(@D) || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --upgrade "pip>=25.1"
	$(@D)/bin/python -m pip install -r $<
	@touch $@

.PHONY: help run install test e2e explore bench dev format clean
