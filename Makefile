# The commands of the house. `make demo` shows what the tools do; `make test` sets up what the tests need and runs every one.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
export CARGO_TARGET_DIR := $(TARGET)
export MENAGERIE_VENV := $(TARGET)/venv
TOOLS := $(TARGET)/tools
export PATH := $(TOOLS)/bin:$(PATH)

CARGO_DENY := 0.20.2
CARGO_FUZZ := 0.13.2
FUZZ_SECONDS ?= 60

.PHONY: help demo demo-bless demo-lanius demo-repokid demo-lemur setup test lint soak fuzz bench advisories data cargo cargo-deny cargo-fuzz

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: demo-bless demo-lanius demo-repokid demo-lemur ## Show what every tool does, on this machine alone

demo-bless: cargo ## Show bless: a CA, a service, a certificate, a login by ssh
	@bless/demo.sh

demo-lanius: cargo ## Show lanius: planted secrets, a history, a table of people, a redacted log, a report
	@lanius/demo.sh

demo-repokid: cargo ## Show repokid: what a made-up account uses, what is proved unused, the policies before and after
	@repokid/demo.sh

demo-lemur: cargo ## Show lemur: a server, certificates by REST and certbot, a TLS server, a revocation
	@lemur/demo.sh

setup: ## Get what the tests need: Debian packages, Python packages, npm packages
	@tests/setup.sh

test: setup lint ## Run every test (sets up what they need, lints first)
	PROPTEST_RNG_SEED=20261122 cargo test --locked --release --workspace --features lanius/aws,lemur/aws --no-fail-fast

soak: setup cargo ## Run the tests with the full counts that the issues name
	MENAGERIE_SOAK=1 cargo test --locked --release --workspace --features lanius/aws,lemur/aws --no-fail-fast

lint: cargo-deny ## Formatting, clippy, licences and sources of what is depended on, and who may depend on what
	cargo fmt --all --check
	cargo clippy --locked --release --workspace --features lanius/aws,lemur/aws --all-targets -- -D warnings
	cargo deny --locked --log-level error check bans licenses sources
	@for crate in menagerie-secret menagerie-sign menagerie-store menagerie-config menagerie-finding menagerie-git menagerie-cloudtrail menagerie-git-fetch menagerie-policy menagerie-report menagerie-telemetry menagerie-lambda menagerie-web lanius lemur; do \
		tree=$$(cargo tree --locked -p $$crate -e normal --prefix none); \
		if grep -E '^aws-(sdk|config|smithy)' <<<"$$tree"; then \
			echo "$$crate pulls in AWS crates without a feature that asks for them" >&2; exit 1; \
		fi; \
	done

advisories: cargo-deny ## Known vulnerabilities in what is depended on (reaches for the advisory database)
	cargo deny --locked check advisories

fuzz: cargo-fuzz ## Fuzz each parser of untrusted input for FUZZ_SECONDS (60)
	@fuzz/run.sh $(FUZZ_SECONDS)

bench: cargo ## Measure the tools beside what they are compared with; raw results in tests/bench/runs
	@tests/bench/run.sh

data: ## Make the tables of AWS's actions and operations anew (SERVICE_REFERENCE=DIR takes AWS's service reference in)
	@infra/policy/data/make.sh $(if $(SERVICE_REFERENCE),--service-reference $(SERVICE_REFERENCE))

cargo:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust (https://rustup.rs), then run this again" >&2; exit 2; }

# Tools of the lint and of the fuzzing are built once, outside the target directory's own lock.
cargo-deny: cargo
	@[ "$$(cargo-deny --version 2>/dev/null)" = "cargo-deny $(CARGO_DENY)" ] || \
		env -u CARGO_TARGET_DIR cargo install --locked --quiet --root $(TOOLS) cargo-deny@$(CARGO_DENY)

cargo-fuzz: cargo
	@[ "$$(cargo-fuzz --version 2>/dev/null)" = "cargo-fuzz $(CARGO_FUZZ)" ] || \
		env -u CARGO_TARGET_DIR cargo install --locked --quiet --root $(TOOLS) cargo-fuzz@$(CARGO_FUZZ)
