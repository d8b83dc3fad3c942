# The project's commands. A virtual environment is made in .venv; nothing outside is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME ?= $(CURDIR)/dagster_home

.PHONY: run ui test lint chaos bench clean

run: $(VENV)/installed  ## Crawl the practice shop and build its table
	@$(BIN)/catalog-pipeline run

ui: $(VENV)/installed  ## Web UI and daemon on the same instance and data; PORT=... for another port
	@$(BIN)/catalog-pipeline ui $(if $(PORT),--port $(PORT))

test: $(VENV)/installed-for-tests  ## All tests
	@.ci/install-browser
	@$(BIN)/python -m pytest

lint: $(VENV)/installed-for-tests  ## Style, formatting, types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

chaos: $(VENV)/installed-for-tests  ## 100 crawls, each killed at a random instant
	@$(BIN)/python -m catalog_pipeline_tests.chaos --crawls 100

bench: $(VENV)/installed-for-tests  ## The same crawl in other crawlers
	@$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV)

$(VENV)/made:
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	@echo "Installing (once, about half a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-for-tests: $(VENV)/installed pyproject.toml
	@echo "Installing what the tests need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
