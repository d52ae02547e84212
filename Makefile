# Every habit of this project is a target; `make` alone prints them.

PYTHON ?= python3
BIN := .venv/bin
PY := $(BIN)/python
PYTEST := $(PY) -m pytest
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo fmt fmt-check lint types layers test-fast test torture test-gpu doctest cov examples bench bench-setup wheel-check check clean

help:  ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' Makefile

setup: $(READY)  ## make .venv with everything in it; does nothing when that is done

$(READY): setup.cfg setup.py constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt torch==2.13.0 --editable '.[dev]' && touch $@

demo: setup  ## the main job on a small table: encode, look, train
	$(PY) examples/iris/demo.py

fmt: setup  ## format the code and mend what can be mended safely
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

fmt-check: setup  ## is the code formatted?
	$(BIN)/ruff format --check .

lint: setup  ## ruff
	$(BIN)/ruff check .

types: setup  ## mypy, strict
	$(BIN)/mypy

layers: setup  ## do imports go down only?
	$(BIN)/lint-imports

test-fast: setup  ## the tests that start no worker process: run them on save
	$(PYTEST) -m 'not process'

test: setup  ## all tests, as many at once as there are processors
	$(PYTEST) -n auto --dist worksteal

BUDGET ?= 40m

torture: setup  ## the long form of the fault tests; goes on where it stopped: make torture BUDGET=40m
	PYTHONPATH=test $(PY) -m torture.long --budget $(BUDGET)

test-gpu: setup  ## the tests of a CUDA device; 5 says that there are none
	$(PYTEST) -m gpu || [ $$? -eq 5 ]

doctest: setup  ## the examples in the docstrings
	$(PYTEST) --doctest-modules zensols_like

cov: setup  ## all tests with branch coverage, worker processes too
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet && $(BIN)/coverage report --skip-covered --show-missing

examples: setup  ## run every example
	@set -e; for example in examples/*/*.py; do echo "$$example"; $(PY) "$$example"; done

bench-setup: setup  ## make the environments of what we are compared with
	$(PY) -m benchmarks.environments

bench: setup  ## measure and write docs/performance.md; a part of it: make bench ARGS="load W1"
	$(PY) -m benchmarks $(ARGS)

wheel-check: setup  ## build the wheel and use it in a clean environment
	.ci/wheel-check $(PYTHON)

check: fmt-check lint types layers test doctest  ## what CI runs: all of it must be green

clean:  ## remove what was built, but not .venv
	rm -rf build dist target *.egg-info .coverage* .*_cache .hypothesis
