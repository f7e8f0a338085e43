# Two commands: `make demo` and `make test`. Both need Python >= 3.11, and Maven with a Java for the first start of the embedded cluster.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder --max-worker-restart 0
CODE   := schemas runtime systems topology services console tests

.PHONY: help demo test check format test-kafka chaos bench docs lock install sbom
.DEFAULT_GOAL := help

help: ## what can be made; the default
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(STAMP) ## the locked packages into .venv, and ml-connector with them

# Built from the lock, every file compared with its hash; again when lock or package settings change.
$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the locked packages into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: $(STAMP) ## a working day through every service, every ERP side by side, with accidents; ARGS="--jobs 100"
	$(BIN)/ml-connector demo $(ARGS)

# Each worker has a cluster of its own. There is one more of them than cores (tests/conftest.py), for most tests wait for processes.
# What keeps it short with five ERPs: one stage for all tests of a folder that share it (tests/acceptance, tests/chaos); a pace at which the polling
# of that stage leaves the cores to the tests; a day of four hours with 20 jobs for each ERP; of the contract suite every third answer for what
# takes a document back, and 70 cuts of a long answer; 6,000 records through killed processes. `make chaos` plays the whole of what is sampled.
test: $(STAMP) ## every test, against a real broker and registry
	$(BIN)/python -m pytest -q -m "not chaos and not campaign" --durations=10 $(PARALLEL) $(ARGS)

# What every commit passes, without a broker: about four minutes on two cores, three of them unit and contract tests.
check: $(STAMP) ## what every commit passes: format, lint, types, imports, unit and contract tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -m "not kafka and not chaos and not campaign and not slow" $(wildcard tests/unit tests/contract) $(ARGS)

format: $(STAMP) ## the code in its one form
	$(BIN)/ruff check --fix-only --fixable I,F401,RUF100 .
	$(BIN)/ruff format .

test-kafka: $(STAMP) ## the tests that need a broker
	$(BIN)/python -m pytest -q -m "kafka and not chaos" $(ARGS)

# Longer campaigns: first what one process plays by itself (the answers of every write cut at every byte through the whole protocol, wanderings
# through the books), file by file on all cores; then what needs the whole machine: processes and clusters killed or away for minutes, replays of
# everything. Both are played, whatever becomes of the first.
chaos: $(STAMP) ## longer campaigns: killed processes, clusters away, replays, cut answers
	$(BIN)/python -m pytest -q -m "chaos or campaign" tests/contract tests/property $(PARALLEL) $(ARGS); first=$$?; \
	$(BIN)/python -m pytest -q -m "chaos or campaign" --ignore tests/contract --ignore tests/property $(ARGS); exit $$(( first + $$? ))

bench: $(STAMP) ## records a second and latency of each hop
	$(BIN)/python -m tests.bench $(ARGS)

# Pages that are drawn from the declarations.
docs: $(STAMP) ## the pages that are drawn from the declarations
	$(BIN)/python -m console.pages.flows
	$(BIN)/python -m console.pages.metrics

# The software bill of materials (CycloneDX), from the lock alone.
sbom: $(STAMP) ## the software bill of materials (CycloneDX), from the lock alone
	$(BIN)/python -m console.pages.sbom build/sbom.cdx.json
	@echo build/sbom.cdx.json

# The lock for every platform and Python >= 3.11; no index lines, so that each machine uses its own. Pins stay: `make lock UPGRADE=--upgrade`.
lock: $(STAMP) ## the lock file anew; UPGRADE=--upgrade for newer versions
	$(BIN)/uv pip compile --quiet $(UPGRADE) --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	  --custom-compile-command "make lock" requirements.in -o requirements.txt
