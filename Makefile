# make          lists the targets
# Everything here is plain cargo; CI runs `make test` and nothing else.

SHELL := /bin/bash
CARGO ?= cargo
TESTED := --workspace --features faults

.PHONY: help tools run build check fmt lint test unit stories doc bench clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

tools: ## install what a build needs and is missing (Debian, as root or with sudo)
	@sh tools/ensure.sh

run: tools ## build and start the demo: a bank, the server, two seeded stores; TRAFFIC=5 sends orders; Ctrl-C stops all
	$(CARGO) build --release --workspace --bins
	./target/release/orderflow demo $(if $(TRAFFIC),--traffic $(TRAFFIC)) $(ARGS)

build: tools ## build both programs for production
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

stories:
	$(CARGO) build $(TESTED) --bins
	$(CARGO) test -p orderflow --features faults --test it

test: tools fmt lint doc unit stories ## everything CI checks: format, lints, docs, all tests

bench: tools ## measure every budget; takes about a quarter of an hour
	$(CARGO) build --release --workspace --bins
	$(CARGO) bench --bench load -- $(ARGS)

clean: ## remove what was built
	$(CARGO) clean
