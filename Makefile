# The dashboard's commands. On a fresh machine with Python 3.11+, make and pip, `make run` and `make test` do all the rest.
#
#   make run     serve the dashboard: PORT=9000, HOST=0.0.0.0, or any SIGPROP_... variable of `python -m server --help`
#   make test    everything that CI checks, linters first, pytest last: PYTEST_ARGS="-k theory" runs a part
#   make setup   only the set-up of the two
#   make lint    ruff, mypy, import-linter, tsc and the page's own tests in Node.js
#   make audit   whether a pinned dependency has a known vulnerability (asks the advisory database of PyPI)
#   make bench   the benchmarks: BENCH_JSON=file also writes them as JSON
#   make pins    renew constraints.txt to the newest versions that pyproject.toml allows
#   make clean   remove everything that these commands made, but no data
#
# Other choices: JOBS=1 (tests that run at the same time), PYTHON=python3.12 (what .venv is made with),
# CHROMIUM=/path/to/chrome (what the browser tests drive).

HOST =
PORT =
PYTHON = $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# The headless shell first: the same engine without windows, whose contexts open three times as fast (docs/log.md).
CHROMIUM ?= $(shell command -v chromium-headless-shell || command -v chromium || command -v chromium-browser || command -v google-chrome)
PYTEST_ARGS =
JOBS = 3

VENV := .venv
BIN := $(VENV)/bin
NATIVE := models/native/native.so
# Prints the dependencies of pyproject.toml, with those of the extras named after it.
REQUIREMENTS := $(BIN)/python -c 'import sys, tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
	print(*p["dependencies"], *(r for e in sys.argv[1:] for r in p["optional-dependencies"][e]), sep="\n")'
# --no-compile: compiling everything takes longer than installing it, and Python compiles each module when it is first imported.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-compile $(if $(MAKE_TERMOUT),,-qq)
APT := sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	if ! command -v apt-get >/dev/null || ! command -v $${sudo:-true} >/dev/null; then \
		echo "There is no $$what here, and no apt-get (or no sudo) to install it with: please install it." >&2; exit 1; fi; \
	echo "Installing $$what ..."; \
	$$sudo apt-get -qq update && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends

export CHROMIUM
# Makes Python keep what it compiles, whatever the shell has set: a test run starts it fifty times.
export PYTHONDONTWRITEBYTECODE :=

.DELETE_ON_ERROR:
.PHONY: run test setup lint mypy ruff lint-imports tsc node-test audit bench pins clean browser

run: $(VENV)/serve.stamp $(NATIVE)
	@exec $(BIN)/python -m server $(if $(HOST),--host $(HOST)) $(if $(PORT),--port $(PORT))

test: setup lint
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist worksteal $(PYTEST_ARGS)

# The two halves of the set-up run at the same time, and so do the linters.
setup: $(NATIVE)
	@$(MAKE) --no-print-directory --jobs=2 $(VENV)/test.stamp browser

lint: $(VENV)/test.stamp node_modules/stamp
	@$(MAKE) --no-print-directory --jobs=2 --output-sync mypy ruff lint-imports tsc node-test

mypy ruff lint-imports:
	$(BIN)/$@ $(if $(filter ruff,$@),check)

tsc:
	node_modules/.bin/tsc -p frontend

node-test:
	node --test tests/frontend/*.test.mjs

# pip-audit lies in a folder of its own, so that its dependencies are neither pinned nor mixed with those that it audits.
audit: $(BIN)/python
	@[ -d $(VENV)/audit/pip_audit ] || $(PIP) --target $(VENV)/audit 'pip-audit>=2.9,<3' \
		|| { echo "NOT AUDITED: pip-audit could not be installed."; exit 0; }; \
	PYTHONPATH=$(VENV)/audit $(BIN)/python .ci/audit.py

bench: $(VENV)/test.stamp $(NATIVE)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) node_modules $(NATIVE) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find models server tests -name __pycache__ -prune -exec rm -rf {} +

# ---- set-up: a stamp is a file that says "done"; what is older than its stamp is not done again ----

$(BIN)/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is needed: install it, or name it, as in make PYTHON=/opt/python3.12/bin/python3" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON) ..."
	@# Debian keeps ensurepip in a package of its own; pip can also put itself into an environment that was made without.
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv --clear $(VENV); \
	else $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; fi

$(VENV)/serve.stamp: pyproject.toml constraints.txt $(BIN)/python
	@echo "Installing what the server needs (PyTorch is large: minutes on a slow line) ..."
	@$(REQUIREMENTS) > $(VENV)/serve.txt && $(PIP) --constraint constraints.txt --requirement $(VENV)/serve.txt
	@$(BIN)/python -c 'import server.main, server.app, server.worker, torch._dynamo'  # compiles it, so that the first start need not
	@touch $@

$(VENV)/test.stamp: $(VENV)/serve.stamp
	@echo "Installing what the tests need ..."
	@$(REQUIREMENTS) test > $(VENV)/test.txt && $(PIP) --constraint constraints.txt --requirement $(VENV)/test.txt
	@touch $@

# Optional: without it everything works, but measuring on the CPU is slower. So where no compiler can be had, this says so and goes on.
$(NATIVE): $(wildcard models/native/*.[ch]) models/native/build.sh
	@command -v $(CC) >/dev/null || ( what="C compiler, with which measuring is fast,"; $(APT) gcc libc6-dev ) || true
	@rm -f $@
	@command -v $(CC) >/dev/null && CC=$(CC) sh models/native/build.sh \
		|| echo "Without a C compiler frames are measured in torch operations, several times slower."

node_modules/stamp: package.json package-lock.json
	@command -v npm >/dev/null || { what=Node.js; $(APT) nodejs npm; }
	@echo "Installing what checks the page ..."
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Not a stamp: what apt installs lies outside this folder, and may be gone again. After Node.js, as apt does one thing at a time.
browser: node_modules/stamp
	@[ -n "$(CHROMIUM)" ] || { what="Chromium, which the browser tests drive,"; $(APT) fonts-noto-cjk fontconfig chromium-headless-shell || $(APT) fonts-noto-cjk fontconfig chromium; }

# In a fresh environment, so that nothing stays pinned that is no longer needed.
pins: $(BIN)/python
	@rm -rf $(VENV)/pins && $(PYTHON) -m venv $(VENV)/pins
	@$(REQUIREMENTS) test > $(VENV)/test.txt && $(VENV)/pins/bin/python -m pip install --quiet --requirement $(VENV)/test.txt
	@{ grep '^#' constraints.txt; $(VENV)/pins/bin/python -m pip freeze --all --exclude pip | sed 's/+[a-z0-9]*$$//' | grep -v '^nvidia-\|^triton\|^cuda'; } \
		> $(VENV)/pins.txt && mv $(VENV)/pins.txt constraints.txt && rm -rf $(VENV)/pins
