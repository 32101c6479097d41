# The commands of the project. `make help` lists them.
BUILD := build
FUZZ_SECONDS ?= 3600
VENV := $(BUILD)/venv
PYTHON := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup tools build demo check exhaustive proofs fuzz bench docs lint format clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install the Debian packages and the Python environment, where missing
	@utils/setup.sh

tools: setup ## build the tools in build/bin and the commands in build/venv/bin
	@test -f $(BUILD)/build.ninja || cmake -S . -B $(BUILD) -G Ninja \
	  -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_PREFIX_PATH=/usr/lib/llvm-22
	@ninja -C $(BUILD) quant-opt quant-run

build: tools ## build everything, unit tests included
	@ninja -C $(BUILD)

demo: tools ## all-MiniLM-L6-v2 from float to int8, compiled, run and compared
	@$(PYTHON) -m lowbit.demo --output $(BUILD)/demo

check: build ## lint and every test; the last line counts them
	@$(PYTHON) utils/run_tests.py --build $(BUILD)

exhaustive: tools ## every value of the numerics; 10^9 outputs of random modules and 10,000 networks, compiled and interpreted
	@ninja -C $(BUILD) lowbit-exhaustive lowbit-differential lowbit-check-networks
	@$(BUILD)/unittests/lowbit-exhaustive
	@$(BUILD)/unittests/lowbit-differential
	@PYTHONPATH=test/python $(PYTHON) -m networks --count 10000 --build $(BUILD)

fuzz: setup ## the dialect's parsers under sanitizers, for FUZZ_SECONDS (an hour)
	@$(PYTHON) utils/fuzz.py --seconds $(FUZZ_SECONDS)

proofs: tools ## the proofs of integer rewrites at full length (docs/proofs.md); make check runs the short ones
	@LOWBIT_PROOFS=long $(PYTHON) -m pytest -q test/python/proofs

bench: tools ## latency of every shipped model, float and int8
	@$(PYTHON) benchmarks/bench.py --output $(BUILD)/bench

docs: setup ## write docs/generated from TableGen, and the last demo's result into README.md
	@$(PYTHON) utils/gen_docs.py
	@test ! -f $(BUILD)/demo/result.json || $(PYTHON) utils/update_readme.py $(BUILD)/demo/result.json

lint: setup ## formatting, types, sizes, headers, words
	@$(PYTHON) utils/lint.py

format: setup ## format C++ and Python in place
	@$(PYTHON) utils/lint.py --fix

clean: ## remove everything that was built
	rm -rf $(BUILD)
