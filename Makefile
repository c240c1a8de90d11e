.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## what can be done here
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

node_modules/.package-lock.json: package-lock.json package.json policies/package.json
	@echo "Installing npm packages from the lock file (about half a minute)"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: lint
lint: node_modules/.package-lock.json ## format, eslint, import rules, types
	prettier --check .
	eslint .
	tsc --noEmit

.PHONY: test-unit
test-unit: node_modules/.package-lock.json ## pure arithmetic and components against mocks
	@mocha 'tests/unit/**/*.spec.ts'

.PHONY: test
test: ## every test
	@node scripts/run-tests.mjs
