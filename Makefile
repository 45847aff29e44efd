# Two commands: `make demo` and `make test`. The rest is for developers.
# Windows without make: see README.md, the same steps with plain pip.

PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: demo test check format benchmarks clean

demo: .venv/demo.stamp
	$(BIN)/python -m opir demo --out results/demo --force

test: .venv/test.stamp check
	$(BIN)/python -m pytest -n auto

check: .venv/test.stamp
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: .venv/test.stamp
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

benchmarks: .venv/test.stamp
	$(BIN)/python benchmarks/store_read.py
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/simulate.py
	$(BIN)/python benchmarks/dilate.py
	$(BIN)/python benchmarks/forecast.py

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/demo.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e ".[torch,bench]"
	@echo installed > $@

.venv/test.stamp: .venv/pyvenv.cfg pyproject.toml constraints.txt
	$(PIP) install -c constraints.txt -e ".[all,test]"
	@echo installed > $@
	@echo installed > .venv/demo.stamp

clean:
	$(PYTHON) -c "import shutil; [shutil.rmtree(p, ignore_errors=True) for p in ('.venv', 'results', 'build', 'dist')]"
