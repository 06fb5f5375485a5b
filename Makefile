# Every command a person needs; each does its own set-up.
.PHONY: help setup demo run test test-postgres check bench screenshots lock

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: ## a virtual environment with everything in it
	@scripts/prepare test

demo: ## the site with a lab of real TLS servers, on this machine only
	@scripts/prepare run
	@exec .venv/bin/python -m webapp.demo

run: ## the site, empty at first: prints a link for the first administrator
	@scripts/prepare run
	@.venv/bin/flask db upgrade
	@.venv/bin/flask welcome
	@exec .venv/bin/gunicorn wsgi:app

# Two processes more than there are cores: many tests wait for others. What they are made of is compiled once.
PYTEST = PYTHONDONTWRITEBYTECODE= .venv/bin/pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 2)) --dist loadfile --no-loadscope-reorder

test: ## every test on SQLite, and those nearest to the database on PostgreSQL as well
	@scripts/prepare test
	@scripts/prepare browser
	@$(PYTEST) --database=both
	@scripts/prepare browser-is-there

test-postgres: ## every test on PostgreSQL
	@scripts/prepare test
	@scripts/prepare browser
	@$(PYTEST) --database=postgresql
	@scripts/prepare browser-is-there

check: ## lint, types, import contracts
	@scripts/prepare test
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench: ## how fast it is, as ratios: see BENCHMARKS.md; takes forty minutes
	@scripts/prepare test
	@.venv/bin/python bench/probe.py
	@.venv/bin/python bench/start.py
	@.venv/bin/python bench/fire.py
	@.venv/bin/python bench/fleet.py
	@.venv/bin/python bench/workers.py
	@.venv/bin/python bench/imports.py
	@.venv/bin/python -m bench.sources
	@.venv/bin/python bench/rehearse.py
	@.venv/bin/python bench/alerts.py
	@.venv/bin/python bench/alerts.py --postgresql
	@.venv/bin/python bench/pages.py
	@.venv/bin/python bench/pages.py --postgresql
	@.venv/bin/python bench/kills.py
	@.venv/bin/python bench/kills.py 20 --all
	@.venv/bin/python bench/together.py

screenshots: ## the pictures in docs/, taken from the demo
	@scripts/prepare test
	@scripts/prepare browser
	@.venv/bin/python scripts/screenshots.py

lock: ## compile the pinned requirements from the hand-kept lists
	@scripts/prepare test
	@.venv/bin/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links -o requirements.txt requirements.in
	@.venv/bin/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --allow-unsafe -o requirements-dev.txt requirements-dev.in
