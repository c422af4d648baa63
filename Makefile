.DEFAULT_GOAL := help
PYTHON ?= python3.11
CONFIG ?= tenure.toml
TOP ?= 1000
OUT ?= at-risk.csv
ONLY ?=
SCALE ?=
CUSTOMERS ?= 20000
BIN := .venv/bin
PEER := .venv-featuretools
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := true
export BENTOML_DO_NOT_TRACK := True

.PHONY: help setup setup-dev demo retrain score at-risk serve test check bench lock bento

help:  ## what you can ask for
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
	@echo; echo "CONFIG=tenure.toml TOP=1000 OUT=at-risk.csv ONLY=features,value,serving"

$(BIN)/python:
	$(PYTHON) -m venv .venv

.venv/.ready: $(BIN)/python requirements.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

.venv/.ready-dev: .venv/.ready requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	touch $@

setup: .venv/.ready  ## a virtual environment with Tenure in it

setup-dev: .venv/.ready-dev

demo: setup  ## the whole way, on a simulated company and on CDNOW
	$(BIN)/tenure simulate --customers $(CUSTOMERS) --out demo/company
	$(BIN)/tenure cdnow --out demo/cdnow
	for name in company cdnow; do \
	  $(BIN)/tenure check --config demo/$$name/tenure.toml \
	  && $(BIN)/tenure retrain --config demo/$$name/tenure.toml \
	  && $(BIN)/tenure score --config demo/$$name/tenure.toml \
	  && $(BIN)/tenure at-risk --config demo/$$name/tenure.toml --top $(TOP) \
	       --out demo/$$name/at-risk.csv || exit $$?; \
	done
	$(BIN)/tenure summary demo/company/tenure.toml demo/cdnow/tenure.toml

retrain: setup  ## fit new models and promote them
	$(BIN)/tenure retrain --config $(CONFIG)

score: setup  ## score everyone and publish the snapshot
	$(BIN)/tenure score --config $(CONFIG)

at-risk: setup  ## write the at-risk list
	$(BIN)/tenure at-risk --config $(CONFIG) --top $(TOP) --out $(OUT)

serve: setup  ## answer score requests over HTTP
	$(BIN)/tenure serve --config $(CONFIG)

bento: setup  ## build a Bento
	$(BIN)/bentoml build

test: setup-dev  ## run the suite
	$(BIN)/pytest -n 2 --dist loadfile

check: setup-dev  ## ruff, mypy and import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# a peer that can't be installed is a figure that is not measured, which ends the bench with an error
bench: setup-dev  ## each speed as a ratio against a peer
	$(if $(findstring features,$(or $(ONLY),features)),-$(MAKE) --no-print-directory $(PEER)/.ready)
	$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY)) $(if $(SCALE),--scale $(SCALE))

$(PEER)/.ready: benchmarks/requirements-featuretools.txt
	$(PYTHON) -m venv --clear $(PEER)
	$(PEER)/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $<
	touch $@

lock:  ## renew the hash-locked requirements
	$(BIN)/uv pip compile pyproject.toml -o requirements.txt $(LOCK)
	$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt $(LOCK)
	$(BIN)/uv pip compile benchmarks/requirements-featuretools.in -o benchmarks/requirements-featuretools.txt $(LOCK)
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet
