# One-word commands. `make run` and `make test` are the two that matter.
PY ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: run test test-long bench check install clean

# Two installations of one folder take turns: the second finds what the first one made.
ALONE := $(PY) -c 'import fcntl, subprocess, sys; lock = open("Makefile"); \
  fcntl.flock(lock, fcntl.LOCK_EX); sys.exit(subprocess.call(sys.argv[1:], close_fds=False))'

install:
	@$(ALONE) $(MAKE) --silent --no-print-directory $(STAMP)
	@test ! -f platform/jingwei/assets.py || $(BIN)/python -m jingwei.assets
	@$(BIN)/python -m compileall -q platform/jingwei

$(STAMP): pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PY) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@JINGWEI_SKIP_ASSETS=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

run: install
	@$(BIN)/jingwei demo --serve

check: install
	@$(BIN)/ruff check platform tests bench
	@$(BIN)/ruff format --check platform tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

test: check
	@$(BIN)/python -m pytest -n auto -m "not long" tests

test-long: install
	@$(BIN)/python -m pytest -n auto -m long tests

bench: install
	@$(BIN)/python -m bench

clean:
	@rm -rf .venv var dist platform/jingwei/static/vendor
