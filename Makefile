# The words a newcomer guesses, and the same words CI uses. `make demo` is the place to start.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

RUST      := src/rust_modules/Cargo.toml
EXTENSION := src/_rust.abi3.so
INSTALLED := $(VENV)/.installed
# What the extension is made of. The schemas are compiled into it, but for Julia's functions, which it reads when it is loaded.
SOURCES   := .cargo/config.toml $(shell find src/schemas -type f ! -name julia_functions.json) \
             $(shell find src/rust_modules -name omega_interop -prune -o -path '*/src/*.rs' -print -o -name 'build.rs' -print -o -name 'Cargo.*' -print)

# One interpreter for everything that Cargo builds, whoever starts it: another one would build pyo3 anew.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Julia, where Omega itself looks for it. Looked up late: `make setup` may just have brought it.
JULIA = $(shell for julia in "$$OMEGA_JULIA" "$$(command -v julia)" $(CURDIR)/$(VENV)/opt/julia/bin/julia; do \
            if [ -x "$$julia" ]; then echo "$$julia"; break; fi; done)

.DEFAULT_GOAL := help
.PHONY: help setup dev julia demo test test-rust test-julia test-python lint generate fuzz bench wheel clean distclean

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(EXTENSION) julia ## Make .venv, build the extension in release mode, make Julia available.

$(INSTALLED): pyproject.toml setup.py constraints.txt
	@command -v cargo >/dev/null || { echo 'setup: there is no `cargo`; Omega needs Rust (rustup.rs)' >&2; exit 1; }
	@[ -x $(BIN)/pip ] || tools/make_venv.sh $(PYTHON) $(VENV)
	@echo 'setup, 1 of 3: Python packages into $(VENV), and the extension compiled from Rust; the first time 3 to 6 minutes'
	$(BIN)/pip install --quiet --constraint constraints.txt setuptools setuptools-rust
	$(BIN)/pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[dev]'
	@touch $@

$(EXTENSION): $(INSTALLED) $(SOURCES)
	@echo 'setup, 2 of 3: the extension, of what has changed since; seconds, or minutes after many changes'
	$(BIN)/python setup.py --quiet build_rust --inplace --release
	@touch $@

# Left with an old date: what it made is for trying an edit, and whatever asks for the extension next builds the release.
dev: $(INSTALLED) ## Build the extension quickly, for trying an edit; some functions run at two thirds of their speed.
	SETUPTOOLS_RUST_CARGO_PROFILE=edit $(BIN)/python setup.py --quiet build_rust --inplace
	@touch -d @0 $(EXTENSION)

# Status 3 is "no Julia here", and the script has said what to do: all that is not Julia goes on.
julia: $(INSTALLED)
	@echo 'setup, 3 of 3: Julia, found in seconds, or brought from a mirror of Debian in about a minute'
	@src/julia_modules/install_julia.sh $(VENV)/opt/julia || [ $$? = 3 ]

demo: setup ## Compute indicators, risk and models on real data, and draw a report: out/report.html.
	@echo 'demo: indicators, risk and models of two indices; about half a minute, most of it the start of Julia'
	$(BIN)/omega demo --out out

test: setup ## Run every test, of all three languages, whichever fails; the last lines are their summaries.
	@MAKE='$(MAKE)' tools/run_tests.sh rust julia python

# The release profile, with all crates named, because the extension is built so: what both need is compiled once.
# But for omega_interop: arrow2 asks for features of crates below arrow-rs, which would be compiled anew for all.
CARGO_TEST_FLAGS := --manifest-path $(RUST) --release
SHARED_CRATES := --workspace --exclude omega_interop
test-rust: $(INSTALLED)
	@export OMEGA_JULIA='$(JULIA)'; set -x; \
	if cargo nextest --version >/dev/null 2>&1; \
	then cargo nextest run $(CARGO_TEST_FLAGS) $(SHARED_CRATES) && cargo nextest run $(CARGO_TEST_FLAGS) --package omega_interop && \
	    cargo test --doc --quiet $(CARGO_TEST_FLAGS) $(SHARED_CRATES); \
	else cargo test --quiet $(CARGO_TEST_FLAGS) $(SHARED_CRATES) && cargo test --quiet $(CARGO_TEST_FLAGS) --package omega_interop; fi

test-julia:
	@if [ -n '$(JULIA)' ]; \
	then set -x; '$(JULIA)' --startup-file=no --project=src/julia_modules/omega_julia \
	    src/julia_modules/omega_julia/test/runtests.jl; \
	else echo 'julia: no Julia, so its tests are left out'; fi

# stubtest: the stubs describe the compiled module. Doctests run under the package's real name, through the link.
test-python: $(EXTENSION)
	$(BIN)/python -m mypy.stubtest omega._rust --mypy-config-file pyproject.toml
	$(BIN)/python -m pytest tests typings/omega --doctest-modules

lint: setup ## Check style and types; change nothing.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@# By file: `cargo fmt` follows `mod`, and does not see the modules that the list of functions declares.
	rustfmt --edition 2024 --check $(shell git ls-files --cached --others --exclude-standard 'src/rust_modules/*.rs')
	cargo clippy --manifest-path $(RUST) --workspace --all-targets --quiet -- --deny warnings

generate: julia ## Write everything that is generated from specs, schemas and the error table.
	$(BIN)/python -m tools.generate --before-build
	@$(MAKE) --no-print-directory setup
	$(BIN)/python -m tools.generate --after-build

# The options that were given, in the words of the command; a fresh seed is chosen, and printed, where there is none.
FUZZ_OPTIONS = $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(ATTACK),--attack $(ATTACK)) \
               $(if $(CASE),--case $(CASE))
fuzz: setup ## Attack Omega for MINUTES=1, all or one ATTACK=…; SEED=… CASE=… shows a finding again.
	$(BIN)/python -m tests.fuzz $(FUZZ_OPTIONS)

bench: setup ## Measure what crossing the language border costs, and compare with other libraries.
	$(BIN)/omega bench ffi
	$(BIN)/omega bench peers

wheel: $(INSTALLED) ## Build the sdist, and from it the wheel, into dist/.
	CARGO_TARGET_DIR=$(CURDIR)/target $(BIN)/python -m build --no-isolation --outdir dist

clean: ## Remove what was built, but not .venv.
	rm -rf build dist out target *.egg-info $(EXTENSION) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests tools benchmarks -name __pycache__ -prune -exec rm -r {} +

distclean: clean ## Remove .venv as well, and with it the Julia that was brought.
	rm -rf $(VENV)
