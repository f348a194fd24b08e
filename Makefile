# Everything a person does, on a bare machine with python3 (3.11 to 3.13), pip, venv and make.
#   make run                     set up, then the FAW-Leapmotor batch: tables, figures, report
#   make test                    set up, then lint and tests
#   make run PYTHON=python3.13   the same with another Python

PYTHON ?= python3
# One worker a core; more than 16 on one machine wait for the writer.
WORKERS ?= $(shell n=$$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); \
	[ "$$n" -gt 16 ] && n=16; echo "$$n")
REPLICATES ?= 40
SCENARIO ?= scenarios/faw_leapmotor.yaml
OUT ?= results/faw_leapmotor
UV ?= uv==0.13.9
# `make lock UPGRADE=--upgrade` takes newer versions; without it pins only move where they must.
UPGRADE ?=

VENV_PYTHON = .venv/bin/python
PYTEST = $(VENV_PYTHON) -m pytest
# Quick tests of a file stay on one worker: they share what its fixtures ran. Slow ones go where
# there is room.
SPREAD = -n $(WORKERS) --dist loadfile
SPREAD_SLOW = -n $(WORKERS) --dist worksteal
SIM = $(VENV_PYTHON) run_sim.py

.PHONY: help setup run full test test-slow test-browser test-dask lint bench gallery lock clean

help:
	@echo "make run | full | test | test-slow | test-browser | test-dask | lint | bench | gallery | lock | clean"

setup:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "set-up: no '$(PYTHON)' here; name a Python 3.11 to 3.13, e.g. make run PYTHON=python3.13" >&2; \
		exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
		echo "set-up: Python 3.11 to 3.13 is needed, '$(PYTHON)' is $$("$(PYTHON)" -V 2>&1); e.g. make run PYTHON=python3.13" >&2; \
		exit 2; }
	@"$(PYTHON)" tools/set_up.py

run: setup
	$(SIM) run $(SCENARIO) --replicates $(REPLICATES) --workers $(WORKERS) --out $(OUT)

# All replicates of the scenario, the three calibrations, and mu_max 0.
full: setup
	$(SIM) run $(SCENARIO) --full --workers $(WORKERS) --out $(OUT)_full

lint: setup
	.venv/bin/ruff check .
	$(VENV_PYTHON) -m mypy
	.venv/bin/lint-imports

test: lint
	$(PYTEST) $(SPREAD) -m "not slow and not browser and not dask and not bench"

test-slow: setup
	$(PYTEST) $(SPREAD_SLOW) -m slow

test-browser: setup
	$(PYTEST) -m browser

test-dask: setup
	$(PYTEST) -m dask

bench: setup
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 $(PYTEST) -m bench -s

# The pictures that the README shows, from a batch of the shipped scenario.
gallery: setup
	$(SIM) run $(SCENARIO) --replicates 200 --workers $(WORKERS) --out $(OUT)_200
	mkdir -p results/gallery
	cd $(OUT)_200/figures && cp survival_leapmotor.svg differences_leapmotor.svg map_leapmotor_1.svg prices.svg who_is_alive.svg $(CURDIR)/results/gallery/

# One lock for all Pythons and systems, with hashes and no address.
lock:
	rm -rf .venv-lock
	"$(PYTHON)" -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --only-binary :all: "$(UV)"
	.venv-lock/bin/uv pip compile pyproject.toml --group dev --quiet $(UPGRADE) \
		--universal --fork-strategy fewest --python-version 3.11 \
		--only-binary :all: --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header \
		--output-file requirements.lock
	rm -rf .venv-lock

clean:
	rm -rf .venv .venv-lock .set-up.lock build dist .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	find sim tests scenarios tools -name __pycache__ -type d -prune -exec rm -rf {} +
