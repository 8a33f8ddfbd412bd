# `make demo` and `make test` need python3 (3.11 or newer, with venv) and make; each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := requirements/development.lock
# The tests mostly wait for the processes that they start, so three at a time suit two cores.
TESTERS ?= 3
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo up test check bench format lock clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## Run the whole system on embedded parts and the sandbox; Ctrl-C stops it
	@$(BIN)/zargar demo

up: $(INSTALLED) ## The same on the real price boards
	@$(BIN)/zargar up

test: $(INSTALLED) ## Run all tests (options: make test ARGS="-k beats" TESTERS=1)
	$(BIN)/pytest --numprocesses=$(TESTERS) --dist=loadfile --no-loadscope-reorder $(ARGS)

check: $(INSTALLED) ## Formatting, lint, types, import contracts, migrations, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=zargar.settings.embedded $(BIN)/python -W ignore -m django makemigrations --check --dry-run
	! grep -nE 'https?://' requirements/*.lock

bench: $(INSTALLED) ## Measure, and print JSON lines with machine and versions
	$(BIN)/python -m bench

format: $(INSTALLED) ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## Renew the locks (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--all-extras --group dev pyproject.toml -o requirements/development.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		pyproject.toml -o requirements/production.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
		--group build -o requirements/build.lock

clean: ## Remove the environment and the caches; the demo's data stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info build staticfiles

$(INSTALLED): $(LOCK) pyproject.toml
	@echo "setting up $(VENV) (once, about half a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
