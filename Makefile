# SPDX-License-Identifier: GPL-2.0-only
# An IOMMU subsystem for Linux 6.12, laid over the kernel's own tree.
# Each target is a tool of tools/, which can be called directly; see its --help.

ARCH   ?= x86_64
CONFIG ?= test
KSRC   ?=
export KSRC

.PHONY: help setup tree kernel qemu demo check kunit boot bench lint clean distclean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      boot a machine on the subsystem and show what it does'
	@echo 'make check     everything that must pass: lint, builds, unit tests, boots'
	@echo '               [FULL=1: other configurations and all of it on debug kernels]'
	@echo
	@echo 'make tree      build/linux: Linux 6.12 with the overlay, ready for any configuration'
	@echo 'make kernel    the test kernel   [ARCH=x86_64|arm64] [CONFIG=test|debug]'
	@echo 'make kunit     its unit tests    [ARCH, CONFIG as above]'
	@echo 'make boot      its boot tests    [ARCH, CONFIG as above]'
	@echo 'make bench     instructions per operation, beside the base kernel   [ARCH=x86_64|arm64]'
	@echo 'make lint      sparse, W=1, checkpatch, kernel-doc, include rules, scripts'
	@echo 'make qemu      QEMU with the PASID test device, which boots and demo build when needed'
	@echo 'make setup     install the packages that are missing'
	@echo 'make clean     remove the built kernels'
	@echo 'make distclean remove build/'
	@echo
	@echo 'KSRC=directory or tarball  another Linux 6.12 than the package linux-source-6.12'
	@echo 'JOBS=n                     parallel jobs (default: the number of CPUs)'

setup:
	@tools/setup --arch $(ARCH)

tree:
	@tools/tree

kernel:
	@tools/kernel --arch $(ARCH) --config $(CONFIG)

qemu:
	@tools/qemu/build

demo:
	@tools/setup --arch x86_64
	@tools/qemu/build
	@tools/demo

check:
	@tools/setup --arch x86_64 --arch arm64
	@tools/check $(if $(FULL),--full)

kunit: kernel
	@tools/kunit --arch $(ARCH) --config $(CONFIG)

boot: kernel qemu
	@tools/testing/boot/run --arch $(ARCH) $(if $(filter debug,$(CONFIG)),--debug) \
		--kernel "$$(tools/kernel --arch $(ARCH) --config $(CONFIG) --image)"

bench:
	@tools/setup --arch $(ARCH) --bench
	@tools/bench --arch $(ARCH)

lint:
	@tools/lint

clean:
	@rm -rf build/linux/x86_64* build/linux/arm64* build/base/x86_64* build/base/arm64* build/bench build/log

distclean:
	@rm -rf build
