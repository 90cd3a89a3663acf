# make          lists the targets
# Everything here is plain cargo and npm; CI runs `make test` and nothing else.

SHELL := /bin/bash
CARGO ?= cargo
TESTED := --workspace --features faults

# Which build of the programs describes the API to the page; tests have another one.
BUILT := --release --workspace
BUILT_IN := target/release
test page browser: BUILT := $(TESTED)
test page browser: BUILT_IN := target/debug

.PHONY: help tools run build check fmt lint test unit core sim disk evidence planted mutants sdk broken stories points chaos doc web page browser bench pagebench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

tools: ## install what a build needs and is missing (Debian, as root or with sudo)
	@sh tools/ensure.sh

run: tools web ## build and start the demo: a bank, the server, two seeded stores; TRAFFIC=5 sends orders; Ctrl-C stops all
	$(CARGO) build --release --workspace --bins
	./target/release/orderflow demo $(if $(TRAFFIC),--traffic $(TRAFFIC)) $(ARGS)

build: tools web ## build both programs for production
	$(CARGO) build --release --workspace --bins

check: fmt lint ## format and lints only

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy $(TESTED) --all-targets -- -D warnings

doc:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --document-private-items

unit:
	$(CARGO) test $(TESTED) --lib --bins
	$(CARGO) test -p mock_gateway --tests
	$(CARGO) test -p orderflow --features faults --test tidy
	$(CORE)

# Ring A. The decisions are built once more, optimised, beside the others: that costs less than ten million commands without.
CORE := CARGO_PROFILE_DEV_OPT_LEVEL=1 $(CARGO) test -p orderflow --features faults --test core

core: ## the pure decisions under random commands, beside models; ORDERFLOW_CORE_COMMANDS and ORDERFLOW_CORE_SEED say how many and which
	$(CORE) $(if $(ARGS),-- $(ARGS))

# Ring B, with the same build.
SIM := CARGO_PROFILE_DEV_OPT_LEVEL=1 $(CARGO) test -p orderflow --features faults --test sim -- --nocapture --test-threads=1

sim: ## the whole node in virtual time under faults; ORDERFLOW_SIM_SEEDS, _FROM and _CELLS say how many and which, _SEED and _CELL show one
	$(SIM) $(ARGS)

# The journal alone, on files: every call of the disk fails once.
DISK := $(CARGO) test -p orderflow --features faults --test disk

disk: tools ## the journal on a disk whose every call fails; ORDERFLOW_DISK=n, or all, says how much, _SEED which, _ONE shows one case
	$(DISK)

evidence: tools ## what the rings show, at length, into docs/reliability.md: hours; RINGS="sim disk" for some (`python3 tools/evidence.py --help` names them), SCALE=0.01 for a look
	@sh tools/ensure.sh chaos
	python3 tools/evidence.py $(if $(SCALE),--scale $(SCALE)) $(RINGS)

planted: ## take the product's rules away one by one: each is missed by a test; ARGS names patches of tests/planted
	@CARGO="$(CARGO)" sh tests/planted/run.sh $(ARGS)

mutants: tools ## change decisions, runtime and journal in small ways: each is missed by a test, or argued; ARGS names folders
	CARGO="$(CARGO)" python3 tests/mutants/run.py $(ARGS)

stories:
	$(CARGO) build $(TESTED) --bins
	$(CARGO) test -p orderflow --features faults --test it

# Processes that die, stop, run out of disk and of time. The short form is part of the tests.
KILLS ?= 1000
SEED ?= 20261122
HITS ?= 1,3,9
# No more runs are begun after so many seconds.
CHAOS_SECONDS ?= 14400
# What is mounted goes with whoever mounted it, where this system allows that.
OWN_MOUNTS := $(shell for how in "unshare --mount" "unshare --map-root-user --mount"; do if $$how true 2>/dev/null; then echo $$how; break; fi; done)
CHAOS := $(OWN_MOUNTS) $(CARGO) test -p orderflow --features faults --test chaos -- --nocapture --test-threads=1

points: ## die at every named place once, and again in the recovery; a minute or two of random faults
	@sh tools/ensure.sh chaos
	$(CARGO) build $(TESTED) --bins
	$(CHAOS)

chaos: tools ## kill, stop, fill up and mislead the real programs: KILLS=1000 SEED=20261122 HITS=1,3,9; hours
	@sh tools/ensure.sh chaos
	$(CARGO) build $(TESTED) --bins
	CHAOS_HITS=$(HITS) CHAOS_KILLS=$(KILLS) CHAOS_SEED=$(SEED) CHAOS_SECONDS=$(CHAOS_SECONDS) $(CHAOS)

# The page's types come from the program's own description of its API; the page is then put into the program, which is only
# linked anew.
web: web/dist/index.html

web/dist/index.html: $(shell find web/src web/public web/scripts web/*.json web/*.ts web/*.html -type f 2>/dev/null) web/openapi.json web/node_modules/.package-lock.json
	cd web && npm run --silent generate && npm run --silent build
	touch src/main.rs

web/openapi.json: FORCE
	$(CARGO) build $(BUILT) --bins
	@$(BUILT_IN)/orderflow openapi > $@.new && if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

web/node_modules/.package-lock.json: web/package-lock.json
	cd web && npm ci --loglevel=error && touch node_modules/.package-lock.json

FORCE:

page: web ## the page's own checks: format, types, lints, tests
	cd web && npm run --silent test

browser: web ## the page in a real browser, on the real programs; pictures of every screen in web/tests/.out/screens
	@sh tools/ensure.sh browser
	$(CARGO) build $(BUILT) --bins
	cd web && ORDERFLOW_BIN=$(CURDIR)/$(BUILT_IN) npm run --silent browser

# The official SDKs, pinned by their lock files, against the bank as a process.
SDK := mock_gateway/sdk

sdk: $(SDK)/node_modules/.package-lock.json $(SDK)/.venv/.installed ## the bank, asked by the official SDKs of Node and Python
	$(CARGO) build $(TESTED) --bins
	cd $(SDK) && MOCK_GATEWAY_BIN=$(CURDIR)/target/debug/mock_gateway npm run --silent test
	cd $(SDK) && MOCK_GATEWAY_BIN=$(CURDIR)/target/debug/mock_gateway .venv/bin/python -m pytest -q python

$(SDK)/node_modules/.package-lock.json: $(SDK)/package-lock.json
	cd $(SDK) && npm ci --loglevel=error && touch node_modules/.package-lock.json

$(SDK)/.venv/.installed: $(SDK)/python/requirements.txt
	@sh tools/ensure.sh sdk
	rm -rf $(SDK)/.venv && python3 -m venv $(SDK)/.venv
	$(SDK)/.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

broken: $(SDK)/node_modules/.package-lock.json $(SDK)/.venv/.installed ## take the bank's rules away one by one: each is missed by a case of the SDKs
	@sh $(SDK)/broken/run.sh $(ARGS)

test: tools fmt lint doc page unit sim disk sdk stories points browser ## everything CI checks: format, lints, docs, all tests

bench: tools web ## measure every budget; takes about a quarter of an hour
	$(CARGO) build --release --workspace --bins
	$(CARGO) bench --bench load -- $(ARGS)

pagebench: web ## measure the page in a real browser: how soon an event is on the graph, the longest task at 2,000 events a second
	@sh tools/ensure.sh browser
	$(CARGO) build $(BUILT) --bins
	cd web && ORDERFLOW_BIN=$(CURDIR)/$(BUILT_IN) npm run --silent measure

clean: ## remove what was built
	$(CARGO) clean
	rm -rf web/dist web/node_modules web/openapi.json web/src/api/schema.gen.ts $(SDK)/node_modules $(SDK)/.venv
