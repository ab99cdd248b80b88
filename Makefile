# The two commands of the README, and what they need. All else is in noxfile.py.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.PHONY: run test clean

run: $(VENV)/demo
	@$(BIN)/python -m apps.edge --demo $(ARGS)

test: $(VENV)/tools
	@sh tools/setup.sh test-tools
	@$(BIN)/nox -s lint types imports unit integration e2e docs

$(VENV)/demo: pyproject.toml constraints.txt tools/build_page.py $(shell find apps/frontend -type f -not -path '*/node_modules/*' 2>/dev/null)
	@PYTHON=$(PYTHON) sh tools/setup.sh demo
	@touch $@

$(VENV)/tools: pyproject.toml constraints.txt
	@PYTHON=$(PYTHON) sh tools/setup.sh tools
	@touch $@

clean:
	rm -rf $(VENV) .nox dist src/surveil_adapters/web/page
