# What people do with this repository. `make` alone prints the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

RUN_PACKAGES := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-droid-fallback
TEST_PACKAGES := chromium poppler-utils qpdf openssl redis-server libatomic1 libjaxb-java libjaxb-api-java libtxw2-java libistack-commons-java \
  libstax-ex-java libfastinfoset-java libactivation-java

.PHONY: help run install test check fix migrate bench assets clean

help: ## Print these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: install ## Install, prepare the database with a demo school, and serve it; OVAL_DEMO=no serves the real one
	@$(MAKE) --no-print-directory assets-if-possible
	@if [ "$${OVAL_DEMO:-yes}" = yes ]; then OVAL_DEMO=yes $(BIN)/flask demo serve; \
	  else $(BIN)/flask db upgrade && $(BIN)/flask server run; fi

install: $(VENV)/.run system-run ## Install what a school's server needs, and nothing else

test: $(VENV)/.test system-test test-assets ## Install what tests need and run them all, checks included
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

check: $(VENV)/.test ## Import rules, ruff and mypy --strict
	@$(BIN)/python -m pytest tests/house

fix: $(VENV)/.test ## Put code into shape
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format . ; $(BIN)/python -m tests.house.stylesheets

migrate: $(VENV)/.test ## Write a migration for changed models: make migrate NAME=add_something
	@$(BIN)/flask db revise $(NAME)

bench: $(VENV)/.test system-run ## Measure speed against baselines in the same run, in about three minutes
	@$(BIN)/python -m tests.bench

# By the npm that came with the tests' own libraries, or the machine's; it trusts the certificates that the machine trusts.
assets: ## Put pinned copies of the CDN scripts into instance/assets (needs npm)
	@set -e; export NODE_USE_SYSTEM_CA=1 npm_config_fetch_retries=1 PATH="$(CURDIR)/$(BIN):$$PATH"; folder=$$(mktemp -d); trap "rm -rf $$folder" EXIT; \
	for package in htmx.org@2.0.11 signature_pad@5.1.4; do \
	  (cd $$folder && npm pack --silent --cache $$folder/cache $$package >/dev/null && tar xzf *.tgz && rm *.tgz && mv package $${package%%@*}); done; \
	mkdir -p $${OVAL_INSTANCE:-instance}/assets; \
	cp $$folder/htmx.org/dist/htmx.min.js $$folder/signature_pad/dist/signature_pad.umd.min.js $${OVAL_INSTANCE:-instance}/assets/

.PHONY: assets-if-possible system-run system-test test-assets
assets-if-possible:
	@test -e $${OVAL_INSTANCE:-instance}/assets/htmx.min.js || \
	  $(MAKE) --no-print-directory assets 2>/dev/null || echo "The CDN's copies of htmx and signature_pad will be used."

system-run:
	@$(call need,$(RUN_PACKAGES),to draw PDFs)

system-test: system-run
	@$(call need,$(TEST_PACKAGES),to drive a browser and validate PDFs)
	@command -v javac >/dev/null || { $(call need,default-jdk-headless,to validate PDFs); }

# Into $(VENV)/assets: the real scripts for the browser tests, where the npm registry can be reached.
test-assets: $(VENV)/.test system-test
	@test -e $(VENV)/assets/signature_pad.umd.min.js || OVAL_INSTANCE=$(VENV) $(MAKE) --no-print-directory assets 2>/dev/null || \
	  echo "The npm registry was not reached: browser tests will draw with a stand-in for signature_pad and go without htmx."

# Install Debian packages that are missing; elsewhere say what is needed in one sentence.
define need
missing=""; if command -v dpkg-query >/dev/null; then \
  for p in $(1); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
  if [ -n "$$missing" ]; then echo "Installing$$missing ($(2)) …"; \
    as=""; [ "$$(id -u)" = 0 ] || as=sudo; export DEBIAN_FRONTEND=noninteractive; \
    $$as apt-get install -y -qq --no-install-recommends $$missing >/dev/null 2>&1 || \
    { $$as apt-get update -qq >/dev/null && $$as apt-get install -y -qq --no-install-recommends $$missing >/dev/null; } || \
    { echo "Could not install$$missing; please install them by hand, then run make again."; exit 1; }; fi; \
else echo "This is not Debian or Ubuntu: please see that you have what Debian calls $(1) ($(2))."; fi
endef

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { $(call need,python3-venv,to make a virtual environment); }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements.txt | $(VENV)/bin/python
	@echo "Installing the pinned libraries …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.test: requirements.txt requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing the pinned libraries and the tests' own …"
	@$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements-dev.txt
	@touch $@ $(VENV)/.run

clean: ## Remove the virtual environment and caches, never the data
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
