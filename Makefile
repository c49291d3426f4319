# make quickstart   set up .venv, then train, score and try a translator in minutes
# make test         set up with the development tools, run the tests
# make test-slow    the tests that `make test` leaves out: killed processes, long training
# make lint         ruff and mypy
# make reference    write the pages of docs/reference that are generated from settings
# make docs         build the site into build/site
#
# PYTHON=python3.12 chooses the interpreter (3.11 or newer); ARGS="--to fr --minutes 20" goes to
# the quickstart, PYTEST_ARGS="-n 0 -x tests/nn" to pytest.

PYTHON ?= python3
ARGS ?=
PYTEST_ARGS ?= -n auto --maxprocesses 4 --dist worksteal

BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt

.PHONY: quickstart test test-slow lint format reference docs install clean

quickstart: install
	@$(BIN)/latimer quickstart $(ARGS)

# One thread a worker: the tests run side by side, and more threads would only get in their way.
# Each worker has half of the list and takes from the other's when it is done.
test: .venv/.development
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "not slow" $(PYTEST_ARGS)

test-slow: .venv/.development
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow $(PYTEST_ARGS)

lint: .venv/.development
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/.development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

reference: .venv/.installed
	$(BIN)/python -m latimer.reference docs/reference

docs: .venv/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo build/site/index.html

install: .venv/.installed

# Each stamp is newer than what it was made from, so a second call installs nothing.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Latimer needs Python 3.11 or newer; name one with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e '.[formats,plots,statistical]'
	@echo "compiling the statistical engine, once on this machine ..."
	@$(BIN)/python -m latimer.engines.phrases.training.warm_up
	@touch $@

.venv/.development: .venv/.installed
	$(INSTALL) -e '.[formats,plots,statistical,rl,tensorboard,dev]'
	@touch $@

.venv/.docs: .venv/.installed
	$(INSTALL) -e '.[formats,plots,statistical,docs]'
	@touch $@

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache
