# The project's commands. A virtual environment is made in .venv; nothing outside is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOWEST := $(VENV)-lowest
TWO := -n 2 --dist loadscope
# Tests of deaths and services wait more than they compute, but for those on servers.
THREE := -n 3 --dist loadscope
SLOW := catalog_pipeline_tests/crash catalog_pipeline_tests/services
QUICK := -m "not processes" $(SLOW:%=--ignore=%)
export DAGSTER_HOME ?= $(CURDIR)/dagster_home
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run ui test test-cluster quick crawls slow lowest lint audit chaos attack bench clean

run: $(VENV)/installed  ## Crawl the practice shop and build its table
	@$(BIN)/catalog-pipeline run

ui: $(VENV)/installed  ## Web UI and daemon on the same instance and data; PORT=... for another port
	@$(BIN)/catalog-pipeline ui $(if $(PORT),--port $(PORT))

test: quick crawls slow  ## All tests

quick: $(VENV)/installed-for-tests  ## The tests that start no process
	@$(BIN)/python -m pytest $(QUICK) $(TWO)

crawls: $(VENV)/installed-for-tests  ## Those that start some: whole crawls, commands, `dg`, attacks
	@.ci/install-postgres
	@$(BIN)/python -m pytest -m processes $(SLOW:%=--ignore=%) $(TWO)

slow: $(VENV)/installed-for-tests  ## Those of deaths, and of services with the web UI in a browser
	@.ci/install-browser
	@.ci/install-redis
	@.ci/install-postgres
	@$(BIN)/python -m pytest $(THREE) $(SLOW)

test-cluster: $(VENV)/installed-for-tests  ## Crashes, orchestration and services once more, on PostgreSQL and an object store
	@.ci/install-browser
	@.ci/install-postgres
	@$(BIN)/python -m pytest --profile cluster $(TWO) catalog_pipeline_tests/orchestration $(SLOW)

lowest: $(VENV)/installed-for-tests  ## `quick` and `crawls` with the lowest versions that are allowed; before a release
	@.ci/install-postgres
	@$(BIN)/uv venv --quiet --clear --seed --python $(BIN)/python $(LOWEST)
	@$(BIN)/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct '.[test]'
	@$(LOWEST)/bin/python -m pytest -W default $(SLOW:%=--ignore=%) $(TWO)

lint: $(VENV)/installed-for-tests  ## Style, security rules, formatting, types; known holes, where that can be asked
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	MYPY_NUM_WORKERS=2 $(BIN)/mypy
	@.ci/audit $(BIN) --if-possible

audit: $(VENV)/installed-for-tests  ## Known holes in what is installed; fails where nobody can be asked
	@.ci/audit $(BIN)

chaos: $(VENV)/installed-for-tests  ## 100 crawls (CRAWLS=20), each killed at a random instant; PROFILE=postgres, bucket or hosts on these engines, WORKERS=100 kills single workers, LISTING=linked one listing, HOSTS=30 one of three machines in each crawl, PEERS=100 other crawlers too
	@$(BIN)/python -m $(if $(PEERS),benchmarks.kills --kills $(PEERS),catalog_pipeline_tests.chaos --profile $(if $(HOSTS),hosts,$(or $(PROFILE),embedded)) --crawls $(or $(HOSTS),$(CRAWLS),$(if $(LISTING),20,100)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(LISTING),--listing $(LISTING)))

attack: $(VENV)/installed-for-tests  ## Hostile servers, bombs and damaged files, against their limits
	@$(BIN)/python -m catalog_pipeline_tests.attack

bench: $(VENV)/installed-for-tests  ## The same crawl in other crawlers; ONLY=ours,floor and PAGES=2000 for some of it
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(PAGES),--pages $(PAGES))

clean:
	rm -rf $(VENV) $(LOWEST)

$(VENV)/made:
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/installed: $(VENV)/made pyproject.toml
	@echo "Installing (once, about half a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

# Most of what comes along is never imported, and need not be compiled.
$(VENV)/installed-for-tests: $(VENV)/made pyproject.toml
	@echo "Installing, with what the tests need (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile -e '.[dev]'
	@touch $(VENV)/installed $@
