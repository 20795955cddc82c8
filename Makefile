# `make run` starts the bot (the playground, without a token); `make test` passes the tests,
# and `make test-all` those too that take long.
# Both set up .venv/ first, from the hashed lock; nothing but Python >= 3.11, git and make is needed.

PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Else every process that a test starts compiles the whole project anew.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help run test test-all test-slow check format migration initial-migration bench bench-match screenshots catalogues lock wheel test-wheel test-image audit release-check release-notes sbom checksums clean

help:
	@echo "make run     set up and start the bot (without BOT_TOKEN: the playground, in a browser)"
	@echo "make test    set up and pass the tests, in a few minutes"
	@echo "make test-all   all tests: the long ones too, and a search at random (SEED=... repeats it)"
	@echo "make check   format, lint, types, architecture"
	@echo "make bench   the benchmarks at a small size, with their tables"
	@echo "make screenshots   the pictures of the documents anew (needs Chromium)"
	@echo "make wheel   the wheel and the sdist, in dist/"
	@echo "make audit   look up known holes in what is locked (asks the network)"
	@echo "make checksums   all files of a release but the image: wheel, sdist, SBOM, SHA256SUMS"
	@echo "make lock    renew the locked dependencies from pyproject.toml"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Dateline needs Python 3.11 or newer as $(PYTHON); or name one: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	  echo "Python's venv module is incomplete here; on Debian: apt-get install python3-venv"; exit 2; }

# pip says nothing or far too much: of its lines this shows a count, and those that are errors.
SHOW := awk -v shown="$$(test -t 2 && echo yes)" '/^FAILED/ { failed = 1 } \
  /^(Collecting|Requirement already)/ { ++n; if (shown) printf "\r  %d packages …", n; fflush() } \
  /^Installing collected/ && n { printf "\r  %d packages, installing …", n; fflush() } \
  /^(ERROR|WARNING)/ { print "\n" $$0 } \
  END { if (n) print ""; exit failed }'
PIP := $(BIN)/pip install --no-deps --progress-bar off --no-color
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

# The lock goes in first, hash by hash; the project itself follows without touching the network.
# A lock is whole. Without --no-deps, pip 23.2, which comes with Python 3.11, looks beyond it: where a
# package asks for an extra (`lxml[html_clean]`), it takes the newest release, for which there is no hash.
.venv/run: $(BIN)/python requirements.lock requirements-build.lock pyproject.toml hatch_build.py
	@echo "Installing what Dateline needs into .venv/, once; it takes about half a minute."
	@{ $(PIP) --require-hashes -r requirements.lock -r requirements-build.lock 2>&1 || echo FAILED; } | $(SHOW)
	@{ $(PIP) --no-build-isolation -e . 2>&1 || echo FAILED; } | $(SHOW)
	@touch $@

.venv/dev: $(BIN)/python requirements-dev.lock pyproject.toml hatch_build.py
	@echo "Installing what the tests need into .venv/, once; it takes about half a minute."
	@{ $(PIP) --require-hashes -r requirements-dev.lock 2>&1 || echo FAILED; } | $(SHOW)
	@{ $(PIP) --no-build-isolation -e . 2>&1 || echo FAILED; } | $(SHOW)
	@touch $@

run: .venv/run
	@$(BIN)/python hatch_build.py
	@exec $(BIN)/dateline run

# A process for each core, up to four; a file's tests stay together, since some share what is slow.
PYTEST := $(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
ifndef SEED
SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
endif

# COVERAGE=1 prints how much of each package these tests run; COVERAGE_CORE=sysmon, on Python 3.12 and
# newer, makes that cheap.
test: .venv/dev
	PYTHONHASHSEED=0 $(PYTEST) $(if $(COVERAGE),--cov --cov-report=) -m "not slow"
	$(if $(COVERAGE),@$(BIN)/python -m tests.coverage_table)

# The slow tests often wait for the programs that they start, so that one process more fits in.
ONE_MORE := $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# All: first the same as above, then the slow ones, and a search at random beyond the fixed examples.
test-all: test test-slow

test-slow: .venv/dev
	@echo "The search at random begins from a seed; the same again: make test-slow SEED=$(SEED)"
	PYTHONHASHSEED=$(SEED) PYTEST_XDIST_AUTO_NUM_WORKERS=$(ONE_MORE) $(PYTEST) -m "slow or hypothesis" --hypothesis-profile random --hypothesis-seed $(SEED)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_architecture.py

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The next migration, from the difference between the models and the migrations: m says what it does.
migration: .venv/dev
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add the colour of a topic"'; exit 2; }
	$(BIN)/python -m storage.migrations.write next "$(m)"
	$(BIN)/ruff format --quiet storage/migrations
	$(BIN)/ruff check --quiet --fix storage/migrations

# Writes the first migration again, with all that depends on it. Once 0.1.0 is released, none may.
initial-migration: .venv/dev
	@! git rev-parse --quiet --verify refs/tags/v0.1.0 >/dev/null || \
	  { echo 'The first migration is released: make migration m="…" adds another one.'; exit 2; }
	$(BIN)/python -m storage.migrations.write initial
	$(BIN)/ruff format --quiet storage/migrations
	$(BIN)/ruff check --quiet --fix storage/migrations
	$(BIN)/python -m tests.storage.released

# Each runs alone, since its figures suffer beside others.
BENCHMARKS = alert deliver digest footprint "ingest --feeds 50" "match 1000 10000" private \
	reading.speed scale search simulate slow_hosts "start 10000" stories storing transfer

bench: .venv/dev
	@for program in $(BENCHMARKS); do \
	  echo "== $$program"; $(BIN)/python -m benchmarks.$$program || exit 1; done

bench-match: .venv/dev
	$(BIN)/python -m benchmarks.match

screenshots: .venv/dev
	$(BIN)/python -m tests.screenshots docs/images

# Brings the translations up to date with the templates; NEW=ja begins another one.
catalogues: .venv/dev
	$(BIN)/python -m tests.catalogues $(NEW)

# Universal: one lock for every Python and platform. What builds the project has one of its own.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-annotate
lock: .venv/dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/$(COMPILE) pyproject.toml -o requirements.lock
	$(BIN)/$(COMPILE) pyproject.toml --extra traces --extra errors -c requirements.lock \
	  $$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock) -o requirements-extras.lock
	printf 'babel\neditables\ngeonamescache\nhatchling\n' > .venv/build.in
	$(BIN)/$(COMPILE) .venv/build.in -c requirements.lock -o requirements-build.lock
	$(BIN)/$(COMPILE) pyproject.toml --group dev -c requirements.lock -c requirements-build.lock \
	  -c requirements-extras.lock -o requirements-dev.lock
	printf 'cyclonedx-bom\npip-audit\n' > .venv/release.in
	$(BIN)/$(COMPILE) .venv/release.in -o requirements-release.lock

# The same tree gives the same bytes: the dates within are those of the commit. An older version's files
# go, because the pages install dist/dateline-*.whl, and pip refuses two versions.
wheel: .venv/dev
	rm -f dist/dateline-*
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || echo 315532800) \
	  $(BIN)/python -m hatchling build -d dist

test-wheel: .venv/dev
	$(BIN)/pytest -q tests/packaging

# Needs Docker.
test-image:
	docker build --quiet --tag dateline .
	deploy/container/try.sh dateline

# The programs that audit and that list the parts, in an environment of their own, so that what they
# need is never mistaken for what we need.
.venv-release/done: requirements-release.lock
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/pip install --quiet --no-deps --require-hashes -r requirements-release.lock
	@touch $@

audit: .venv-release/done
	for lock in requirements*.lock; do echo "== $$lock"; \
	  .venv-release/bin/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; done

# A tag, such as TAG=v0.1.0, must be that of the version, here, and of the day in the changelog.
release-check:
	@$(PYTHON) deploy/release.py check $(TAG)
	@$(MAKE) --silent .venv/dev
	@$(BIN)/python -m tests.catalogues --complete

# LINKS is the address of this tree, for the links to its files.
release-notes:
	@$(PYTHON) deploy/release.py notes $(LINKS)

# CycloneDX, from an environment that has the lock and the wheel, and nothing else.
sbom: .venv-release/done wheel
	$(PYTHON) -m venv --clear --without-pip build/installed
	$(BIN)/pip --quiet --python build/installed/bin/python install --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip --quiet --python build/installed/bin/python install --no-deps --no-index dist/dateline-$(VERSION)-*.whl
	.venv-release/bin/cyclonedx-py environment --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --of JSON -o dist/dateline-$(VERSION).cdx.json build/installed

checksums: sbom
	cp requirements.lock dist/dateline-$(VERSION).lock
	cd dist && sha256sum dateline-$(VERSION)* > SHA256SUMS

clean:
	rm -rf .venv .venv-release dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis
