.DEFAULT_GOAL := help
SHELL := /bin/bash
export PATH := $(CURDIR)/node_modules/.bin:$(PATH):/usr/sbin

TS := node -r ts-node/register/transpile-only
PACKAGES := node_modules/.package-lock.json
ROOMS := $(wildcard budget plan components product stacks policies report cli engine delivery sandbox simulation loadtest bench runtime functions examples tests index.ts)

# With KEDA=1 the programs of KEDA are built, once; where they are cached they are used without it.
export KEDA

.PHONY: help
help: ## what can be done here
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(PACKAGES): package-lock.json package.json policies/package.json runtime/package.json functions/image/package.json
	@echo "Installing npm packages from the lock file (about half a minute)"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

## -- the sandbox: the real engine and a real API server on this machine

.PHONY: up
up: $(PACKAGES) ## create the stack `local` on an API server on this machine
	@$(TS) sandbox/cli.ts up

.PHONY: preview
preview: $(PACKAGES) ## what a pull request sees: make preview STACK=production
	@$(TS) delivery/preview.ts $(STACK)

.PHONY: simulate-plan
simulate-plan: $(PACKAGES) ## does the plan survive a lost zone, a drain, a rollout: make simulate-plan STACK=production
	@$(TS) simulation/main.ts $(or $(STACK),production) $(or $(LOADS),5) $(or $(SEEDS),2) $(or $(SPREADS),4)

.PHONY: loop
loop: $(PACKAGES) system-packages ## the real controllers scale by a scripted load: build/loop/report.html; KEDA=1 with KEDA
	@$(TS) delivery/loop/main.ts

.PHONY: simulate
simulate: $(PACKAGES) ## a trace against the rendered autoscaler: make simulate TRACE=load.csv STACK=production FAULTS=script.yaml
	@$(TS) simulation/replay/simulate.ts --trace='$(TRACE)' --stack='$(STACK)' --service='$(SERVICE)' --faults='$(FAULTS)' \
		--scale='$(SCALE)' --seeds='$(SEEDS)' --warm-up-days='$(WARM_UP_DAYS)' --against='$(AGAINST)' \
		--prometheus-url='$(PROMETHEUS_URL)' --query='$(QUERY)' --days='$(DAYS)'

.PHONY: tune
tune: $(PACKAGES) ## the settings that keep every promise of a trace at the least cost: make tune TRACE=load.csv STACK=production
	@$(TS) simulation/replay/tune.ts --trace='$(TRACE)' --stack='$(STACK)' --service='$(SERVICE)' --faults='$(FAULTS)' \
		--scale='$(SCALE)' --warm-up-days='$(WARM_UP_DAYS)' --prometheus-url='$(PROMETHEUS_URL)' --query='$(QUERY)' --days='$(DAYS)'

.PHONY: performance-page
performance-page: $(PACKAGES) system-packages ## the performance dashboard with data of a real Prometheus: build/monitoring/performance.html
	@$(TS) delivery/monitoring/main.ts $(SECONDS)

.PHONY: down
down: $(PACKAGES) ## remove what `make up` made
	@$(TS) sandbox/cli.ts down

.PHONY: toolchain
toolchain: $(PACKAGES) ## find, download or build pulumi and the programs of a cluster; KEDA=1 with KEDA
	@$(TS) sandbox/cli.ts toolchain

.PHONY: env
env: $(PACKAGES) ## shell settings for the plain `pulumi` and `kubectl`: eval "$$(make -s env)"
	@$(TS) sandbox/cli.ts env

## -- images and assets

.PHONY: image-function
image-function: $(PACKAGES) ## the zips of the image function, for `pulumi up`: build/image-function
	@$(TS) delivery/image-function/main.ts

.PHONY: assets
assets: $(PACKAGES) ## fingerprint, compress, upload: make assets FOLDER=dist TARGET=s3://bucket/assets
	@$(TS) delivery/assets/main.ts --folder="$(FOLDER)" --target="$(TARGET)" --public-path="$(PUBLIC_PATH)" \
		--hashed="$(HASHED)" --keep-days="$(KEEP_DAYS)" $(if $(DRY_RUN),--dry-run)

.PHONY: invalidate
invalidate: $(PACKAGES) ## tell the CDN to forget what `make assets` changed: make invalidate PURGE='/offers/* \#home'
	@$(TS) runtime/edge/invalidate.ts build/assets/report.json $(PURGE)

## -- checks

.PHONY: lint
lint: $(PACKAGES) ## format, eslint, import rules, types
	prettier --check .
	eslint .
	depcruise --config .dependency-cruiser.cjs $(ROOMS)
	tsc --noEmit

.PHONY: stack-file-docs
stack-file-docs: $(PACKAGES) ## the tables of docs/stack-file.md, its JSON Schema, and the counts of docs/monitoring.md
	@$(TS) scripts/stack-file-docs.ts

.PHONY: chart-values
chart-values: $(PACKAGES) ## the keys a Helm chart knows, which values are held to: make chart-values CHART=folder SUBCHARTS='…'
	@$(TS) scripts/chart-values.ts $(CHART) $(SUBCHARTS)

.PHONY: test
test: $(PACKAGES) system-packages ## every test; the last line is `N passed, N failed`
	@node scripts/run-tests.mjs

.PHONY: test-unit
test-unit: $(PACKAGES) ## arithmetic, components and reports, against mocks
	@mocha 'tests/unit/**/*.spec.ts'

.PHONY: test-policies
test-policies: $(PACKAGES) ## the policy pack, as the engine calls it
	@mocha 'tests/policies/**/*.spec.ts'

.PHONY: test-config
test-config: $(PACKAGES) system-packages deployed-programs ## rendered configs in the real redis, nginx, haproxy and njs
	@mocha 'tests/config/**/*.spec.ts'

.PHONY: test-runtime
test-runtime: $(PACKAGES) system-packages ## what the application imports, against real servers
	@mocha 'tests/runtime/**/*.spec.ts'

.PHONY: test-functions
test-functions: $(PACKAGES) ## the image function with real images, and its bundle
	@mocha 'tests/functions/**/*.spec.ts'

.PHONY: test-cluster
test-cluster: toolchain ## the API server and the programs around it
	@mocha 'tests/cluster/**/*.spec.ts'

.PHONY: test-engine
test-engine: toolchain ## the real engine on a real API server
	@mocha 'tests/engine/**/*.spec.ts'

.PHONY: test-nightly
test-nightly: toolchain system-packages deployed-programs ## long lives, every combination, every version; no part of `make test`
	@mocha 'tests/nightly/**/*.spec.ts'
	@EVERY_VERSION=1 mocha 'tests/config/{nginx,haproxy,prox}*.spec.ts'

.PHONY: test-browser
test-browser: $(PACKAGES) system-packages ## the pages in Chromium
	@mocha 'tests/browser/**/*.spec.ts'

.PHONY: outdated
outdated: $(PACKAGES) ## which packages, Go modules, images and charts are behind; asks their registries
	@$(TS) scripts/outdated.ts

## -- measurements

.PHONY: bench-preview
bench-preview: toolchain ## time and memory of a preview beside a flat program and cdk8s-plus
	@$(TS) bench/preview/main.ts

.PHONY: bench
bench: $(PACKAGES) system-packages bench-packages ## the data path under load, beside alternatives: build/bench/report.html
	@$(TS) bench/main.ts

.PHONY: bench-autoscaling
bench-autoscaling: $(PACKAGES) ## ways to scale at equal cost: make bench-autoscaling TRACES_DIR=traces
	@$(TS) bench/autoscaling/main.ts $(TRACES_DIR)
	@prettier --log-level warn --write docs/benchmarks-autoscaling.md

.PHONY: bench-simulation
bench-simulation: $(PACKAGES) ## how long a replay of 100 services for 30 days takes
	@$(TS) bench/simulation/main.ts

.PHONY: bench-monitoring
bench-monitoring: $(PACKAGES) system-packages ## what all rules of 100 services cost a real Prometheus
	@$(TS) bench/monitoring/main.ts

## -- what the tests need from the system

.PHONY: system-packages
system-packages: ## Debian packages of the tests: redis-server, nginx, haproxy, openssl, chromium, njs, prometheus, alertmanager, exporters
	@scripts/system-packages.sh redis-server:redis-server pgrep:procps nginx:nginx-light haproxy:haproxy openssl:openssl chromium:chromium njs:njs prometheus:prometheus prometheus-alertmanager:prometheus-alertmanager prometheus-redis-exporter:prometheus-redis-exporter prometheus-nginx-exporter:prometheus-nginx-exporter

.PHONY: deployed-programs
deployed-programs: ## HAProxy, nginx and Valkey as they are deployed, unpacked beside Debian's, for the config specs
	@scripts/deployed-programs.sh

.PHONY: bench-packages
bench-packages: ## Debian packages that only the measurements need: generators of load
	@scripts/system-packages.sh wrk:wrk h2load:nghttp2-client taskset:util-linux
