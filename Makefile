# Anyport. `make help` lists the targets. Everything is installed into this checkout; only builds are
# cached outside it, under ${XDG_CACHE_HOME:-~/.cache}/anyport.
PYTHON ?= python3
KUBERNETES ?= simulated
MODEL := simulated
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.9
STAMP := $(VENV)/.installed
SIDE_BY_SIDE := -n 2 --dist loadfile
UNREACHABLE = { echo "anyport: the packages could not be installed, for the reason above. Without a network, or behind a mirror, \
set PIP_INDEX_URL and UV_DEFAULT_INDEX to an index that can be reached; on a full disk, free 2 GB. Then run the same again." >&2; exit 3; }
# Without byte code every start compiles hundreds of SDK modules again, which triples the time of a run.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help venv engine kubernetes sandbox sandbox-down sandbox-env test test-fast bench bench-peers lint lock docs clean
.DEFAULT_GOAL := help

help:  ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

venv: $(STAMP)  ## Make .venv from the lock file

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) tools/python_check.py
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) || $(UNREACHABLE)
	@echo "anyport: installing the locked packages into .venv (about 3 minutes the first time)" >&2
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes --allow-empty-requirements requirements.lock || $(UNREACHABLE)
	@$(UV) pip install --quiet --python $(BIN)/python uv==$(UV_VERSION) || $(UNREACHABLE)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

engine: venv  ## Get the Pulumi engine into .engine/bin
	@$(BIN)/python tools/engine/obtain.py

kubernetes: venv  ## Get a Kubernetes control plane into .engine/kubernetes
	@$(BIN)/python tools/kubernetes/obtain.py

sandbox: engine $(if $(filter real,$(KUBERNETES)),kubernetes)  ## Stand the sandbox stack up on simulated clouds, ask every target and drill the failover (KUBERNETES=real: on a real control plane; MODEL=real: a tiny real model answers)
	@exec env ANYPORT_SANDBOX_KUBERNETES="$(KUBERNETES)" ANYPORT_SANDBOX_MODEL="$(MODEL)" $(BIN)/python -m anyport_sandbox.run up

sandbox-down: engine  ## End what the sandbox started and destroy its stack
	@exec $(BIN)/python -m anyport_sandbox.run down

test: engine kubernetes lint test-fast  ## All tests, the ones on the real engine included
	@$(BIN)/python -m pytest -q -m "engine or slow" $(SIDE_BY_SIDE)

test-fast: venv  ## Tests without engine, control plane and Envoy, for the inner loop
	@$(BIN)/python -m pytest -q -m "not engine and not slow" $(SIDE_BY_SIDE)

bench: engine kubernetes  ## Measure against what the same would cost without Anyport
	@$(BIN)/python tools/bench/preview_bench.py
	@$(BIN)/python tools/bench/check_bench.py
	@$(BIN)/python tools/bench/placement_bench.py
	@$(BIN)/python tools/bench/gateway_bench.py
	@$(BIN)/python tools/bench/bill_bench.py
	@$(BIN)/python tools/bench/kubernetes_bench.py

bench-peers: venv  ## Break targets behind LiteLLM, installed apart, and behind our Envoy configuration, side by side
	@$(BIN)/python tools/bench/peers_bench.py

lint: venv  ## Formatting, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

lock: $(UV)  ## Renew requirements.lock from pyproject.toml
	@$(UV) pip compile --quiet pyproject.toml --extra dev --generate-hashes --python-version 3.11 --universal \
	  --no-emit-index-url --custom-compile-command "make lock" -o requirements.lock

sandbox-env: engine  ## Print what a shell needs for pulumi by hand, for eval
	@exec $(BIN)/python -m anyport_sandbox.run env

docs: venv  ## Renew generated pages: the schema, errors, rules, capabilities, resource counts, fidelity
	@$(BIN)/python -c 'from anyport.targets.reference import capabilities_markdown; print(capabilities_markdown(), end="")' > docs/capabilities.md
	@$(BIN)/python tests/targets/resource_counts.py > docs/resource-counts.md
	@$(BIN)/python tests/fidelity/report.py > docs/fidelity.md
	@$(BIN)/anyport schema > stacks/schema.json
	@$(BIN)/python -c 'from anyport.errors_reference import errors_markdown; print(errors_markdown(), end="")' > docs/errors.md
	@$(BIN)/python -c 'from anyport_policies.reference import rules_markdown; print(rules_markdown(), end="")' > policies/RULES.md

clean: sandbox-down  ## Remove what was made in this checkout (not the cache)
	@rm -rf .anyport .engine $(VENV)
