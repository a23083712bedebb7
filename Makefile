# Each target sets itself up in .venv; `make PYTHON=python3.12 test` picks the interpreter.
BIN := .venv/bin
READY := .venv/.ready
USABLE := import ensurepip, sqlite3, sys, venv; sys.exit(sys.version_info < (3, 11))

BROKER := redis
MINUTES := 5

.PHONY: demo test check bench chaos

demo: $(READY)
	$(BIN)/asynctasq demo

# CI=true in the environment selects the full run: see tests/conftest.py.
# Three at a time, since most wait for a server; by the file, since some files share what takes long to make.
test: check
	$(BIN)/python -m pytest -n 3 --dist loadfile -m 'not alone'
	$(BIN)/python -m pytest -m alone

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks

# For as long as you like: make chaos BROKER=rabbitmq MINUTES=30; SEED=… repeats one.
chaos: $(READY)
	MINUTES=$(MINUTES) $(BIN)/python -m pytest -s -m acceptance tests/acceptance/test_broker_chaos.py -k $(BROKER)

$(READY): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	touch $@

$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3; do \
	    if "$$python" -c '$(USABLE)' 2>/dev/null; then exec "$$python" -m venv .venv; fi; \
	done; \
	echo 'AsyncTasQ needs Python 3.11 or newer with venv and sqlite3; none was found on the PATH.' >&2; exit 1
