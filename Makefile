# make run: the proxy with a simulated ARGO.  make test: everything that must hold.  make docs: the API's pages.
# make bench: how fast it is beside others.  make bench-compare: beside what it was.  make bench-curves: how cost grows.
# What benchmarks are told stands in BENCH: make bench BENCH=--quick.
# make bench-agents: what many users of coding agents cost.  make scale-check: proxies behind HAProxy and nginx.
# make soak MINUTES=60: whether anything grows under mixed load with faults. make streams: thousands of them at once.
# make fuzz FUZZ_SECONDS=300: replies, requests and endpoints, as nobody would think of them.
# make conformance: published test suites, and clients that people use.
# All of them make .venv first, and do only what has not been done yet.

PYTHON ?= $(shell for p in python3.11 python3; do $$p -c '' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin

# The parts that do I/O, or set up what does: their coverage counts in the whole only.
OUTER := argoproxy/net/*,argoproxy/simulator/*,argoproxy/proxy.py,argoproxy/service.py,argoproxy/testing.py
OUTER := $(OUTER),argoproxy/composition.py,argoproxy/assembly.py,argoproxy/lasting.py,argoproxy/registry.py
OUTER := $(OUTER),argoproxy/tap.py,argoproxy/daemon.py,argoproxy/signals.py,argoproxy/logs.py
OUTER := $(OUTER),argoproxy/endpoints.py,argoproxy/listening.py
OUTER := $(OUTER),argoproxy/workers/supervision.py,argoproxy/workers/worker.py

.PHONY: run test bench bench-compare bench-curves bench-agents scale-check soak streams fuzz conformance docs clean
.DELETE_ON_ERROR:

run: $(VENV)/.installed
	$(BIN)/twistd --nodaemon --pidfile= argoproxy --simulator --port 44497

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --omit='$(OUTER)' --fail-under=95
	$(BIN)/coverage report --fail-under=90

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks run $(BENCH)

bench-compare: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks compare $(BENCH)

bench-curves: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks curves $(BENCH)

bench-agents: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks agents $(BENCH)

scale-check: $(VENV)/.installed
	$(BIN)/python -m benchmarks.failover

MINUTES := 60

soak: $(VENV)/.installed
	$(BIN)/python -m benchmarks.soak --minutes $(MINUTES)

STREAMS := 5000

streams: $(VENV)/.installed
	$(BIN)/python -m benchmarks.streams --streams $(STREAMS)

FUZZ_SECONDS := 300

fuzz: $(VENV)/.installed-fuzz
	$(BIN)/python -m tests.fuzz --seconds $(FUZZ_SECONDS)

conformance: $(VENV)/.installed
	$(BIN)/python -m conformance

docs: $(VENV)/.installed-docs
	$(BIN)/pydoctor --project-name=argoproxy --docformat=epytext --html-output=build/api argoproxy

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/.installed: setup.py pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable .
	touch $@

$(VENV)/.installed-%: setup.py pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --editable '.[$*]'
	touch $@ $(VENV)/.installed
