# Everything a fresh machine needs is Python 3.10+ and make: each target sets up what it uses in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test coverage test-long bench lab lint docs notebooks parity simulate screenshots package binder-check servers clean

help:
	@echo "make demo          run notebooks/01_quickstart.ipynb against the built-in endpoint and print its table"
	@echo "make test          lint, types and tests, the notebooks among them"
	@echo "make coverage      coverage in all processes, benchmark workers and kernels among them"
	@echo "make test-long     the tests that take minutes"
	@echo "make bench         benchmarks beside evalscope, inspect-ai and the floor (ten minutes; docs/speed.md)"
	@echo "make lab           open JupyterLab on the notebooks"
	@echo "make lint          ruff and mypy alone"
	@echo "make docs          write docs/reference.md and the tables in CONTRIBUTING.md anew"
	@echo "make screenshots   make the README's pictures anew, in JupyterLab and Chromium"
	@echo "make notebooks     write the notebooks' outputs anew"
	@echo "make parity        our grading against evalscope's own, on recorded answers of real models"
	@echo "make simulate      coverage of every interval against 95 %, by simulation (twenty minutes)"
	@echo "make package       build sdist and wheel into dist/ and check them"
	@echo "make binder-check  follow binder/ step by step here, with a browser at the end (minutes)"
	@echo "make servers       ask llama.cpp, vLLM, transformers serve and LiteLLM, installed first (5 GB, half an hour)"
	@echo "make clean         remove .venv, dist/ and what tests and notebooks left"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "qwq-nb needs Python 3.10 or later; $(PYTHON) is older or missing: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "The venv module does not work here (on Debian: apt-get install python3-venv)"; rm -rf $(VENV); exit 1; }

LAB_SOURCES := $(shell find labextension/src labextension/style labextension/schema labextension/vite.config.ts -type f 2>/dev/null) \
	qwq_nb/core/vocabulary.json qwq_nb/core/tex_words.json

$(VENV)/installed: $(BIN)/python pyproject.toml $(LAB_SOURCES)
	@echo "Installing qwq-nb into $(VENV) (a minute or two)..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/installed-test: $(VENV)/installed
	@echo "Installing what the tests need..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

demo: $(VENV)/installed
	@$(BIN)/python notebooks/execute.py notebooks/01_quickstart.ipynb

# Our grading against evalscope's own, on recorded answers of real models (needs ../shared/data).
parity: $(VENV)/installed-test
	$(BIN)/python -m tests.parity.shared_data

# Whether the intervals hold what they promise; `make test` runs a part of it.
simulate: $(VENV)/installed-test
	$(BIN)/python -m tests.core.simulate
	$(BIN)/python -m tests.analysis.budget.simulate

lab: $(VENV)/installed
	$(BIN)/jupyter lab --notebook-dir=notebooks

lint: $(VENV)/installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Most of a test's time is waiting, for kernels, browsers and servers: three processes keep two cores busy.
test: export QWQ_NB_MAKE_TEST = 1
test: lint
	$(BIN)/python -m pytest --nbval -m "not long" -n 3 --no-loadscope-reorder

# The same with coverage in all processes (kernels, benchmark workers, demo servers), which takes about twice as long.
coverage: export QWQ_NB_MAKE_TEST = 1
coverage: $(VENV)/installed-test
	@rm -rf .coverage && mkdir .coverage
	$(BIN)/python -m pytest --cov --cov-config=tests/coverage-all.ini --cov-report= --nbval -m "not long" -n 3 --no-loadscope-reorder
	@$(BIN)/python tests/support/coverage_summary.py

test-long: $(VENV)/installed-test
	$(BIN)/python -m pytest -m long -n 2 --no-loadscope-reorder

# Write the notebooks' outputs anew, as nbval compares them.
notebooks: $(VENV)/installed
	$(BIN)/python notebooks/execute.py --save notebooks/*.ipynb

# What is generated from docstrings and the options' help.
docs: $(VENV)/installed
	@$(BIN)/python docs/build.py

screenshots: $(VENV)/installed-test
	$(BIN)/python docs/screenshots.py

package: $(VENV)/installed-test
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m twine check --strict dist/*

# With another Python: make binder-check BINDER_PYTHON=python3.12
binder-check: $(VENV)/installed-test
	$(BIN)/python binder/check.py $(BINDER_PYTHON)

# Servers that nobody here wrote, each installed into .venv-servers/ at first use (5 GB; vLLM takes most of it). With
# some of them only: make servers SERVERS='tests/servers/test_llama_cpp.py'
SERVERS ?= tests/servers
servers: export QWQ_NB_SERVERS = 1
servers: $(VENV)/installed-test
	$(BIN)/python -m pytest -rs $(SERVERS)

bench: $(VENV)/installed-test
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) dist build .coverage notebooks/executed notebooks/qwq_runs .pytest_cache .mypy_cache .ruff_cache
