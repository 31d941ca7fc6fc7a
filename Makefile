# The commands of this project. `make` alone lists them.
#
# Each target builds in a virtual environment in this folder: .venv for python3, .venv-3.13 (say)
# for PYTHON=/path/to/python3.13. It needs Rust, Python 3.11 or newer, and pip.

PYTHON ?= python3
VENV := $(if $(filter file,$(origin PYTHON)),.venv,.venv-$(shell $(PYTHON) -c \
	'import sys; print("%d.%d" % sys.version_info[:2] + getattr(sys, "abiflags", ""))'))
BIN := $(VENV)/bin
RUST_SOURCES := Cargo.toml $(wildcard Cargo.lock) pyproject.toml $(shell find crates -type f \
	\( -name '*.rs' -o -name '*.toml' -o -path '*/web/page/*' \) -not -path '*/tests/*' -not -path '*/examples/*' \
	-not -path '*/benches/*' 2>/dev/null)
MATURIN := env -u CONDA_PREFIX -u PYO3_PYTHON VIRTUAL_ENV='$(CURDIR)/$(VENV)' \
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/maturin

# The binding is linted and documented against the interpreter that it is built for.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
# PyO3 has the layouts of a free-threaded CPython 3.13, but does not support it. The tests run on
# it; there is no package for it. The tools here do not support it either, or compile for minutes.
ifeq ($(VENV),.venv-3.13t)
export UNSAFE_PYO3_SKIP_VERSION_CHECK := 1
WITHOUT := -e '^eventlet=' -e '^gevent=' -e '^mypy='
else
WITHOUT := -e '^$$'
endif

.PHONY: help build demo test test-rust test-package test-models model test-python test-all \
	test-packages test-multiprocessing test-sanitizers bench fuzz fuzz-rust docs classes \
	lint lint-text lint-workflows lint-rust lint-python

help:
	@echo 'make demo      build, then run one threaded program on the standard library and on weftline'
	@echo 'make test      every test; PYTHON=/path/to/python make test for another interpreter'
	@echo 'make test-all  the same for each of Python 3.11 to 3.15 that is found'
	@echo 'make test-packages  known tools and packages on weftline; they come from the package index'
	@echo 'make test-multiprocessing  all CPython tests that start processes, which take minutes'
	@echo 'make test-sanitizers  the Rust tests under sanitizers, Miri and valgrind, NIGHTLY=nightly'
	@echo 'make bench     speed and memory beside the peers'
	@echo 'make fuzz      random programs on both libraries: SECONDS=60 SEED=0 JOBS=4'
	@echo 'make fuzz-rust  random programs on the Rust objects and on their models: CASES=1000 SEED=0'
	@echo 'make model NAME=lock  some models, and the interleaving of one that fails'
	@echo 'make docs      the documentation of the Rust crates, in target/doc'
	@echo 'make classes   what the documents, the stub and the crate have from the table of classes'
	@echo 'make lint      language, floors, workflows, formatting, lints, documentation, stubs'
	@echo 'make build     the package alone, in $(VENV)'

build: $(VENV)/.built

$(VENV)/.tools: requirements-dev.txt
	@command -v cargo >/dev/null || \
		{ echo 'weftline is built with Rust: install it (rustup) so that `cargo` is on PATH' >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'weftline needs Python 3.11 or newer: run PYTHON=/path/to/python3 make' \
		'$(MAKECMDGOALS)' >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo '$(PYTHON) cannot make a virtual environment: install its venv module and pip' >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@grep -v $(WITHOUT) requirements-dev.txt >$(VENV)/requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements.txt
	@touch $@

# The Python files are used in place; only Rust needs a new build.
$(VENV)/.built: $(VENV)/.tools $(RUST_SOURCES)
	@$(MATURIN) develop --release
	@$(BIN)/python -m compileall -q python/weftline
	@touch $@

demo: build
	@mkdir -p target/demo
	@echo '== the standard library'
	@$(BIN)/python examples/word_count.py >target/demo/standard.txt
	@echo '== weftline, the same program'
	@$(BIN)/weftline run examples/word_count.py >target/demo/weftline.txt
	@cmp target/demo/standard.txt target/demo/weftline.txt
	@echo '== both results are equal:'
	@cat target/demo/weftline.txt
	@echo '== the same pipeline in Rust'
	@PYTHON=$(BIN)/python cargo run --quiet --release --package weftline --example word_count \
		>target/demo/rust.txt
	@cmp target/demo/standard.txt target/demo/rust.txt
	@echo 'equal to both'

test: test-rust test-models test-python

test-rust: test-package
	cargo test --package weftline
	cargo test --package weftline --features portable-parker --tests
	cargo test --package weftline --features lock-order --test lock_order --test lock \
		--test rlock --test rwlock --test condition
	cargo test --package weftline-console

# loom and shuttle build the core anew, with their own atomics, threads and clock.
test-models:
	crates/weftline/tests/models/run

# Some models, or those of some mutants (CHECKER=mutants), by a part of their names. A model that
# fails prints its interleaving.
CHECKER := loom

model:
	crates/weftline/tests/models/run $(CHECKER) "$(or $(NAME),$(error say NAME=part_of_a_model))"

# The tests of a file run in one process. Many of them wait, or start processes that wait, so a
# processor is free for those of another file.
test-python: build
	$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

test-all: test-rust test-models
	@set -e; for python in $$(sh .ci/interpreters); do \
		echo "== $$python"; $(MAKE) --no-print-directory PYTHON="$$python" test-python lint-python; done

# Not part of `make test`: released debuggers, profilers and monitors, and the suites of packages
# that rely on threads, which bound their time themselves. Tools that freeze programs read the
# installed packages, so the wheel is installed beside the sources.
test-packages: build $(VENV)-packages/.tools
	@rm -rf target/packages/wheel
	@$(MATURIN) build --release --out target/packages/wheel
	@$(VENV)-packages/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
		--force-reinstall target/packages/wheel/*.whl
	PYTHONPATH='$(CURDIR)/python' $(VENV)-packages/bin/python -m pytest \
		-o norecursedirs=.git -o faulthandler_timeout=0 tests/packages

# Not part of `make test`, which has the shorter ones: every test of CPython's own that starts
# processes, by each start method.
test-multiprocessing: build
	$(BIN)/python -m pytest tests/cpython/whole_suites.py

# Not part of `make test`: each tool takes minutes. PARTS chooses among address, thread, miri and
# valgrind.
NIGHTLY := nightly

test-sanitizers:
	NIGHTLY='$(NIGHTLY)' PYTHON='$(PYTHON)' crates/weftline/tests/sanitizers/run $(PARTS)

$(VENV)-packages/.tools: requirements-packages.txt
	@$(PYTHON) -m venv $(VENV)-packages
	@$(VENV)-packages/bin/python -m pip install --quiet --disable-pip-version-check \
		-r requirements-packages.txt
	@touch $@

bench: build
	$(BIN)/python -m weftline bench
	cargo bench --package weftline --bench peers
	PYTHON='$(CURDIR)/$(BIN)/python' cargo bench --package weftline --bench processes
	cargo bench --package weftline --bench sight

# Random programs, which must do the same on both. A difference is shrunk and printed as a script.
SECONDS := 60
SEED := 0
JOBS := 4

fuzz: build
	PYTHONPATH='$(CURDIR)/tests' $(BIN)/python -m fuzz \
		--seconds $(SECONDS) --seed $(SEED) --jobs $(JOBS)

# The same for the Rust face: each object against a model. `make test` has a few programs of each
# kind.
CASES := 1000

fuzz-rust:
	WEFTLINE_CASES='$(CASES)' WEFTLINE_SEED='$(SEED)' cargo test --package weftline --test properties

docs: $(VENV)/.tools
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

lint: lint-text lint-workflows lint-rust docs lint-python

# The language of comments and documents, the order of the floors, circles of files, and the table
# of classes.
lint-text:
	$(PYTHON) tests/lint/language.py
	$(PYTHON) tests/lint/floors.py
	$(PYTHON) tests/lint/circles.py
	$(PYTHON) tests/lint/table.py

# The lines that other files have from the table of classes.
classes:
	$(PYTHON) tests/lint/table.py --write

# The syntax of the workflows, and what makes them unsafe. It reads the files alone.
lint-workflows: $(VENV)/.tools
	$(BIN)/zizmor --offline --quiet --pedantic --strict-collection .github

lint-rust: $(VENV)/.tools
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy --package weftline --features portable-parker --all-targets -- -D warnings
	PYTHON='$(PYTHON)' crates/weftline/tests/packaged/run names empty

# The package as it is uploaded. That it builds alone is a lint; that it passes its tests alone is a
# test.
test-package:
	PYTHON='$(PYTHON)' crates/weftline/tests/packaged/run package

lint-python: build
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(if $(findstring mypy,$(WITHOUT)),@echo 'the stubs are not compared: no mypy for $(PYTHON)',\
		$(BIN)/python -m mypy.stubtest weftline --mypy-config-file pyproject.toml \
		--allowlist tests/stubtest-allowlist.txt --ignore-unused-allowlist)
