# Everything is done in .venv, from requirements pinned with hashes. Targets: demo, test, check, bench (own, peers and bars), pictures, docs, clean.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation

.PHONY: demo test check bench own peers bars pictures docs requirements clean

demo: .venv/demo
	$(BIN)/watchkeeper demo

test: .venv/dev
	$(BIN)/python -m pytest

check: .venv/dev
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: own peers bars

own: .venv/dev
	$(BIN)/python -m benchmarks

# What has a bar says whether it is met; one that is missed ends this with an error once all are measured.
bars: .venv/dev
	missed=0; for one in causes preview page_speed push service; do \
	  $(BIN)/python -m benchmarks.$$one || missed=1; \
	done; exit $$missed

# The peers want older packages than ours, so they get an environment of their own; about seven minutes.
peers: .venv-bench/done
	.venv-bench/bin/python -m benchmarks.peers

.venv-bench/done: requirements/bench.txt pyproject.toml
	test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# The documentation site, into build/site; links that lead nowhere end it.
docs: .venv/dev
	$(BIN)/mkdocs build --strict

pictures: .venv/dev
	WATCHKEEPER_PICTURES=docs/pictures $(BIN)/python -m pytest -p no:randomly tests/browser

# One stamp a set of requirements: a set is installed again only when its pins or the project's metadata change.
.venv/demo: requirements/demo.txt pyproject.toml .venv/build
	test -e .venv/dev || $(INSTALL) --require-hashes -r $<
	$(INSTALL) --editable .
	touch $@

.venv/dev: requirements/dev.txt pyproject.toml .venv/build
	$(INSTALL) --require-hashes -r $<
	$(INSTALL) --editable .
	touch $@

# What builds packages that come as source only; without build isolation it must be there before them.
.venv/build: requirements/build.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) --require-hashes -r $<
	touch $@

# Pins again from pyproject.toml; needs uv on the path. Names no index.
requirements:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	  -o requirements/build.txt requirements/build.in
	for extra in "base:" "demo:--extra demo" "dev:--extra demo --extra test --extra check --extra docs" "bench:--extra bench"; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	    $${extra#*:} -o requirements/$${extra%%:*}.txt pyproject.toml requirements/build.in || exit 1; \
	done

clean:
	rm -rf .venv .venv-bench .demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
