# One word per chore. Each makes its own virtual environment and installs what it needs.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# The demo has an environment with nothing else in it, since it locks and rebuilds all that is installed.
DEMO   := .venv-demo

.PHONY: help demo test causes corpus foreign fuzz peers lint format clean
help:            ## list the chores
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

# pip older than 25.1 cannot read [dependency-groups], so the venv gets a newer one first.
define environment
@test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
@$(@D)/bin/python -m pip install -q --disable-pip-version-check -U 'pip>=25.1'
@$(@D)/bin/python -m pip install -q --disable-pip-version-check -e . --group $(@F:.%=%)
@touch $@
endef
$(VENV)/.%: pyproject.toml
	$(environment)
$(DEMO)/.%: pyproject.toml
	$(environment)

demo: $(DEMO)/.demo     ## the main job on real data: run, edit, load the old version, rebuild its environment, diff
	@$(DEMO)/bin/python examples/demo.py

test: $(VENV)/.test     ## all tests
	$(BIN)/python -m pytest -n 3 --durations=15 --durations-min=10 $(ARGS)

causes: $(VENV)/.test   ## all programs of the catalogue of causes, explained by experiment
	TWICE_ALL_CAUSES=1 $(BIN)/python -m pytest -q tests/causes $(ARGS)

MINUTES ?= 60
fuzz: $(VENV)/.test     ## look for a stale result in programs made by chance, for MINUTES
	PYTHONPATH=tests $(BIN)/python -m edits.fuzzing --minutes $(MINUTES) --keep .fuzz $(ARGS)

peers: $(VENV)/.peers   ## the edits of the tests, put to joblib, Hamilton, redun and DVC too: the table in docs/peers.md
	$(BIN)/python benchmarks/edits_of_peers.py $(ARGS)

CORPUS ?= ../shared/corpus
BUILT  ?= .corpus
corpus: $(VENV)/.test   ## real scripts of known truth: rebuild, run, verify and stress each, and print truth against verdict
	PYTHON=$(PYTHON) bash $(CORPUS)/rebuild.sh $(BUILT)
	$(BUILT)/venv/bin/python -m pip install -q -e .
	$(BIN)/python benchmarks/corpus.py $(CORPUS) $(BUILT) $(ARGS)

FOREIGN ?= .foreign
foreign:         ## projects of other people: run their examples, delete the trees, verify from the store alone
	PYTHON=$(PYTHON) bash benchmarks/foreign/fetch.sh $(FOREIGN)
	$(FOREIGN)/venv/bin/python benchmarks/foreign/foreign.py $(FOREIGN) $(ARGS)

lint: $(VENV)/.test $(VENV)/.lint     ## style, types and the storeys
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.lint   ## rewrite the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:           ## forget the virtual environment and the caches
	rm -rf $(VENV) .venv-peers $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis
