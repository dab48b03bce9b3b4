# The front door. Each target does its own set-up: on a bare Debian 12 with Rust, Python 3 and Node, `make run` is all it takes.

DATA_DIR ?= data
LISTEN   ?= 127.0.0.1:8080
CARGO    ?= cargo
BINARY   := target/release/wardgraph

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup setup-test setup-bench build run serve test fuzz schemathesis lint bench docs oracle clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  LISTEN=$(LISTEN) DATA_DIR=$(DATA_DIR)"

setup: ## Install what is missing, and bring Postgres, the models and WordNet into .cache
	@scripts/setup.sh

setup-test: ## The same, and the browser that tests look at pages with
	@scripts/setup.sh test

setup-bench: ## The same, and what measuring needs
	@scripts/setup.sh bench

build: setup ## Build target/release/wardgraph
	$(CARGO) build --release --locked -p wardgraph-server --bin wardgraph

run: ## Build, start the server, run the demo against it, stop the server
	@scripts/run.sh check "$(LISTEN)"
	@$(MAKE) --no-print-directory build
	@scripts/run.sh demo "$(LISTEN)" "$(DATA_DIR)" "$(BINARY)"

serve: ## Build, and run the server until Ctrl-C
	@scripts/run.sh check "$(LISTEN)"
	@$(MAKE) --no-print-directory build
	@scripts/run.sh serve "$(LISTEN)" "$(DATA_DIR)" "$(BINARY)"

test: setup-test ## Run every test
	python3 scripts/check.py
	cd scripts && python3 -m unittest -q bench.tests
	@# Tests wait for clocks, browsers and other processes as long as they compute.
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-$$(( 2 * $$(nproc) ))} $(CARGO) test --workspace --locked

fuzz: setup ## Mangle tokens, proofs, requests, cursors, addresses and settings, each target for FUZZ_SECONDS (600)
	FUZZ_SECONDS=$(or $(FUZZ_SECONDS),600) $(CARGO) test --locked -p wardgraph-server --test it fuzz:: -- --nocapture

schemathesis: setup ## Hold a server to /openapi.json with a good token, a low one and none; CASES=150 for each endpoint and caller
	$(CARGO) build --release --locked -p wardgraph-server --bin wardgraph
	cd scripts && python3 contract.py $(if $(CASES),--cases $(CASES))

lint: setup ## Formatting, clippy and documentation, without a warning
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked

bench: setup-bench ## Measure, and write bench/REPORT.md; LONG=1 for the long sections, ONLY=search for a part, AGAINST=bench/REPORT.md to compare, QUICK=1 to try the measuring
	$(CARGO) build --release --locked -p wardgraph-server --bin wardgraph -p wardgraph-embed --example throughput -p wardgraph-identity --example passwords -p wardgraph-tokens --example signatures
	$(CARGO) build --release --locked --manifest-path oracle/Cargo.toml --features race
	cd scripts && python3 -m bench $(if $(ONLY),--only $(ONLY)) $(if $(LONG),--long) $(if $(QUICK),--quick) $(if $(AGAINST),--against $(abspath $(AGAINST)))

docs: setup ## Write the generated documents anew: configuration, endpoints, permissions, OpenAPI, the programs of the integration guide
	python3 scripts/examples.py
	UPDATE_DOCS=1 $(CARGO) test --locked -p wardgraph-server --test it documents

oracle: ## Have Cedar decide the 100,000 cases that the permission engine is held against, anew
	$(CARGO) run --release --locked --manifest-path oracle/Cargo.toml --bin decide

clean: ## Remove what was built; the data folder and .cache stay
	$(CARGO) clean
