# `make` lists what there is. `demo`, `build`, `test`, `bench`, `fuzz` and `deny` install what they need first.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
SHELL := /bin/bash

export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH):/usr/sbin:/sbin

CARGO ?= cargo
PREFIX ?= /usr/local
SYSTEMD_UNITS ?= $(PREFIX)/lib/systemd/system
# The end-to-end tests there are. To be raised with each new one: fewer is a failure.
E2E_TESTS ?= 156
# How long agents, targets and probes come and go in `make soak`, each; 10 s or less in `make e2e`.
SOAK_SECONDS ?= 60
# What `test` runs of the kernel matrix.
VM_KERNEL ?= 6.12
VM_TIERS ?= t1,t2
FUZZ_SECONDS ?= 60
TARGET := $(or $(CARGO_TARGET_DIR),target)
C_SOURCES := $(wildcard ebpf/include/*.h ebpf/src/probes/*.c ebpf/src/probes/*/*.c)
SCRIPTS := .ci/run .ci/setup examples/demo/run.sh tests/e2e.sh

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: demo
demo: ## Start a small application, trace it, print spans and a table per route (root; KEEP=1, SECONDS=8)
	./examples/demo/run.sh $(if $(KEEP),--keep) $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: build
build: ## Build the binary, target/release/underspan
	.ci/setup build
	$(CARGO) build --release --locked -p underspan

.PHONY: install
install: build ## Install the binary and the systemd unit below PREFIX (default /usr/local)
	install -D -m 755 $(TARGET)/release/underspan $(DESTDIR)$(PREFIX)/bin/underspan
	install -d $(DESTDIR)$(SYSTEMD_UNITS)
	sed 's|/usr/local/bin|$(PREFIX)/bin|' deploy/underspan.service > $(DESTDIR)$(SYSTEMD_UNITS)/underspan.service
	chmod 644 $(DESTDIR)$(SYSTEMD_UNITS)/underspan.service
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/underspan README.md LICENSE examples/underspan.yaml examples/minimal.yaml

.PHONY: test
test: deps lint unit e2e vm ## Everything but the whole kernel matrix: lints, unit, property, golden, exporter and end-to-end tests (root)

.PHONY: deps
deps: ## Install what building and testing need
	.ci/setup test

.PHONY: check
check: ## Rust checks that work without clang
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings

.PHONY: lint
lint: check ## Those and the C and shell sources
	clang-format-19 --dry-run -Werror $(C_SOURCES)
	shellcheck $(SCRIPTS)

.PHONY: unit
unit: ## Tests that need neither root nor other programs
	$(CARGO) test --workspace --exclude underspan-tests --locked
	$(CARGO) test -p underspan-tests --lib --bins --test export --locked

.PHONY: e2e
e2e: ## End-to-end tests on real servers and clients (root)
	$(CARGO) build --release --locked -p underspan
	CARGO='$(CARGO)' tests/e2e.sh $(E2E_TESTS)

.PHONY: soak
soak: ## Agents, targets and probes come and go under load for SOAK_SECONDS each (default 60; root)
	.ci/setup test
	$(CARGO) build --release --locked -p underspan
	UNDERSPAN_BIN=$(abspath $(TARGET))/release/underspan UNDERSPAN_SOAK_SECONDS=$(SOAK_SECONDS) \
	    $(CARGO) test -p underspan-tests --locked --test e2e -- --nocapture soak:: go::goroutines_do_not_notice

.PHONY: vm
vm: ## A few of them on one stock Debian kernel under QEMU, each tier forced (root; UNDERSPAN_VM_SKIP=REASON leaves it out)
	$(CARGO) xtask vm --short --kernel $(VM_KERNEL) --tier $(VM_TIERS)

.PHONY: test-kernels
test-kernels: ## The whole matrix: the end-to-end tests that depend on the kernel, on every kernel and tier (root)
	.ci/setup test
	$(CARGO) xtask vm

.PHONY: bench
bench: ## Throughput with and without the agent, in turns, and what the agent costs (root)
	.ci/setup test
	$(CARGO) build --release --locked -p underspan
	$(CARGO) run --release --locked -p underspan-tests --bin bench
	$(CARGO) run --release --locked -p underspan-tests --bin bench_uprobes

.PHONY: bench-usdt
bench-usdt: ## pgbench with and without the USDT probes that are on by default, in turns (root)
	.ci/setup test
	$(CARGO) build --release --locked -p underspan
	$(CARGO) run --release --locked -p underspan-tests --bin bench -- pgbench 10 10

.PHONY: bench-go
bench-go: ## Servers in Go with and without the agent, in turns, and attaching to a large program (root)
	.ci/setup test
	$(CARGO) build --release --locked -p underspan
	$(CARGO) run --release --locked -p underspan-tests --bin bench -- go 6 5

.PHONY: fuzz
fuzz: ## Run each fuzz target for FUZZ_SECONDS (default 60)
	.ci/setup fuzz
	command -v cargo-fuzz > /dev/null || $(CARGO) install --locked cargo-fuzz
	@# cargo-fuzz wants the flags of a nightly compiler; the stable one knows them when told so.
	set -e; export RUSTC_BOOTSTRAP=1; for target in $$($(CARGO) fuzz list); do \
	    $(CARGO) fuzz run $$target -- -max_total_time=$(FUZZ_SECONDS); done

.PHONY: deny
deny: ## Licences, duplicates and sources of the dependencies
	command -v cargo-deny > /dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny --all-features --locked check bans licenses sources

.PHONY: clean
clean: ## Remove what was built
	$(CARGO) clean
