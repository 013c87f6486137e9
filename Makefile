# `make` shows what there is. The same commands serve people and .ci/run.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help deps build loader demo scenarios test nightly nightly-engines boot-test boot-test-all boot-deps check bench fuzz docs clean

SWIFT ?= swift
# One static file for targets; without the trait ISAL, of which Debian has no static library. The folder is its own, since
# other flags would build everything anew.
STATIC := $(SWIFT) build -c release --disable-default-traits --scratch-path .build/static --static-swift-stdlib \
	-Xswiftc -static-executable
LIBRARIES := StrictJSON OCI DurableFiles Cryptography Zstandard Deflate Gzip Tar Programs Console BundleFormat BundleSpec Registry Engines \
	BundleBuilder BundleLoader BundleDelivery BundleServer Archives

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install the Debian packages of .ci/packages.txt; check the Swift toolchain
	@.ci/deps

build: deps loader ## Build both programs into dist, optimised and stripped
	$(SWIFT) build -c release --static-swift-stdlib --product bundle
	@mkdir -p dist
	@strip -o dist/bundle.new "$$($(SWIFT) build -c release --static-swift-stdlib --show-bin-path)/bundle" && mv dist/bundle.new dist/bundle
	@ls -l dist/bundle

loader: deps ## Build dist/bundle-firstboot alone: one static file
	@# The linker's warnings about names of users and hosts mean nothing: the loader looks none up.
	$(STATIC) --product bundle-firstboot
	@mkdir -p dist
	@strip -o dist/bundle-firstboot.new "$$($(STATIC) --show-bin-path)/bundle-firstboot" && mv dist/bundle-firstboot.new dist/bundle-firstboot
	@ls -l dist/bundle-firstboot

demo: build ## Pull real images from a real registry, build a bundle, sign, verify and damage it
	@docs/demo.sh

scenarios: boot-deps loader $(if $(BUNDLE),,build) ## Follow the pages of docs/scenarios command by command, with real registries and engines; as root
	@Tests/Scenarios/follow.sh

test: deps loader ## Run all tests; ARGS="--filter Tar" runs some
	@# Tests start daemons and whole builds: more at a time would only starve each other.
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 $(SWIFT) test $(ARGS)

nightly: deps loader nightly-engines boot-test-all ## Run the long versions of the tests of loading, and boot machines, two hours or so; SEED=1 repeats their random moments
	NIGHTLY=1 SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=2 $(SWIFT) test $(or $(ARGS),--filter "ProgramTests.(Load|PowerCut)")

nightly-engines: deps loader ## Run the tests of docker, containerd and podman against those of newer Debian suites; as root
	@set -e; for root in $$(.ci/engine-roots); do \
		.ci/with-engines "$$root" sh -c 'dockerd --version; containerd --version; podman --version'; \
		SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=6 .ci/with-engines "$$root" $(SWIFT) test \
			--filter 'EnginesTests.Docker|Conformance|DaemonBuild|(Load|Prune|Export|Serve)CommandTests|MirrorConfigTests.*(containerd|docker) pulls'; \
	done

boot-deps:
	@.ci/deps .ci/boot-packages.txt

boot-test: boot-deps loader $(if $(BUNDLE),,build) ## Boot an emulated machine from a disk with a bundle on a disc, and cut its power; as root
	@Tests/Boot/boot-test.sh $(or $(MODES),profiles disk)

boot-test-all: boot-deps loader $(if $(BUNDLE),,build) ## The same in all modes: also a live system, docker's other store, and times
	@Tests/Boot/boot-test.sh profiles disk store live compare

check: deps loader ## Check format, file lengths, dependencies, shell scripts, paths and the static loader
	@.ci/check
	@.ci/check-loader

bench: build ## Measure speed, memory and sizes on the small corpus; FULL=1 for the large one
	@Benchmarks/run.sh
	@Benchmarks/load.sh
	@Benchmarks/deliver.sh
	@Benchmarks/encoders.sh
	@Benchmarks/medium.sh

fuzz: deps ## Feed random input to the parsers for FUZZ_SECONDS, 60 each when not set
	@.ci/fuzz

docs: ## Make the libraries' documentation in .build/docs
	@mkdir -p .build/docs
	@for library in $(LIBRARIES); do \
		$(SWIFT) package --allow-writing-to-directory .build/docs generate-documentation --target $$library \
			--output-path .build/docs/$$library --transform-for-static-hosting --hosting-base-path $$library \
			|| exit 1; \
	done

clean: ## Remove everything that was built
	rm -rf .build dist demo
