# What a person types; everything else is in the tools. `make help` lists it.

VENV := .venv
BIN := $(VENV)/bin
PYTHON := $(BIN)/python
UV := $(shell command -v uv || echo .cache/uv/bin/uv)
DAGSTER_PORT ?= 3000
MLFLOW_PORT ?= 5000
PAGES_PORT ?= 3001
PACKAGES := common corpora evaluation models narration publishing assets orchestration
COMPILE := pip compile --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --no-annotate --quiet

export DVC_NO_ANALYTICS := 1
export DO_NOT_TRACK := 1
# uv has certificates of its own: behind a proxy that the system trusts it has to be told to trust it too (both its names).
export UV_SYSTEM_CERTS ?= 1
export UV_NATIVE_TLS ?= 1
# DVC keeps pickles in its own cache (docs/security.md): here, where nobody else writes, and not in /var/tmp.
PRIVATE := $(shell mkdir -p .cache/dvc && chmod 700 .cache/dvc)
unexport PYTHONDONTWRITEBYTECODE # every process would compile its imports again

.PHONY: help setup repro test quick ui doctor bench faults spice dlib lock clean-runs

help:
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

setup: $(VENV)/.stamp ## the environment of requirements.lock, with this project in it

$(VENV)/.stamp: requirements.lock pyproject.toml
	@command -v $(UV) >/dev/null || (python3.11 -m venv .cache/uv && .cache/uv/bin/pip install --quiet uv)
	$(UV) venv --quiet --allow-existing --python 3.11 $(VENV)
	$(UV) pip sync --quiet --python $(PYTHON) --compile-bytecode --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --no-build-isolation --editable .
	@touch $@

repro: setup ## the whole lineage that params.yaml asks for, then the tables
	@git rev-parse --git-dir >/dev/null 2>&1 || printf '[core]\n    no_scm = true\n' > .dvc/config.local
	@$(PYTHON) -m orchestration.repro
	@$(BIN)/focusedad tables

test: setup ## format, lint, types, every test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations 8 # two files at a time, the long ones not last

quick: setup ## the fast tests
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

ui: setup ## Dagster and MLflow on one home, what gates refused on a third page, on this machine only; Ctrl-C ends all
	@$(PYTHON) -m orchestration.ui --dagster-port $(DAGSTER_PORT) --mlflow-port $(MLFLOW_PORT) --pages-port $(PAGES_PORT)

doctor: setup ## what is missing, what that costs, how to get it
	@$(BIN)/focusedad doctor

bench: setup ## ratios against the peer, cost against length: docs/BENCHMARKS.md (needs what `make repro` made)
	@$(PYTHON) -m orchestration.bench

faults: setup ## kills, full disks, two runs at once, no network, ...: docs/FAULTS.md (an hour; clones of what is committed)
	@$(PYTHON) -m orchestration.faults

spice: setup ## the jars that SPICE needs (Maven, 380 MB)
	$(PYTHON) -m evaluation.fetch_spice --into tools/spice

dlib: setup ## a pretrained face encoder for real faces that works offline
	$(UV) pip install --quiet --python $(PYTHON) --no-deps --require-hashes -r requirements-dlib.lock
	@$(PYTHON) -c "import dlib; print('dlib', dlib.__version__)"

lock: ## makes requirements.lock and requirements-dlib.lock anew
	$(UV) $(COMPILE) pyproject.toml --group dev -o requirements.lock
	printf 'dlib-bin\nface-recognition-models\n' | $(UV) $(COMPILE) --no-deps - -o requirements-dlib.lock

clean-runs: ## forgets the history of runs in Dagster and MLflow; data, DVC's cache and its remote stay
	find .home -mindepth 1 -maxdepth 1 ! -name store -exec rm -rf {} + 2>/dev/null || true
