# Needs Debian 12 (or its like) and a Swift 6.3 toolchain; everything else is installed when it is missing.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help run test lint format release bench rival clean

sources := Package.swift Sources Tests Examples

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

run: ## Build and serve the demo: http://localhost:8080, demo application on http://127.0.0.1:8081
	@scripts/install-missing build
	@swift build --product gatehouse
	@exec .build/debug/gatehouse serve --settings Examples/demo/gatehouse.yaml --demo-app

test: ## Run every test, after installing what they need
	@scripts/install-missing build test
	@scripts/python-environment
	@swift build --build-tests
	@swift test --skip-build --parallel
	@Tests/Interop/.venv/bin/python -m pytest Tests/Interop

lint: ## Check the layout of Swift and the syntax of the scripts
	@swift format lint --strict --parallel --recursive $(sources)
	@for script in scripts/* .ci/run; do bash -n "$$script" || exit 1; done

format: ## Lay out the Swift sources
	@swift format format --in-place --parallel --recursive $(sources)

release: ## Build dist/gatehouse, ready to be copied to a server
	@scripts/install-missing build
	@scripts/release

bench: release ## Measure the release build beside openssl and pgbench
	@scripts/install-missing bench
	@scripts/bench

rival: release ## The same, and the same loads against Debian's glewlwyd, with the ratios
	@scripts/install-missing bench
	@scripts/bench --rival

clean: ## Remove what was built; the demo's data in .gatehouse stay
	@rm -rf .build dist Tests/Interop/.venv Tests/Interop/screenshots
