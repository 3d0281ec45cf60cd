# make run FILE=path     does the main job with a file in QEMU, then leaves the guest's prompt
# make test              checks everything
# make help              lists the rest

GO     ?= go
BUILD  ?= build
HOST   := $(BUILD)/defpager
export ROW TSV QUICK PEER MACHINE CPU MEM SMP ACCEL DISK V
# As they were written: $$ in a file's name or a program's arguments is no variable of make's.
override export FILE := $(value FILE)
override export MODULES := $(value MODULES)
override export APPEND := $(value APPEND)

.DEFAULT_GOAL := help
.PHONY: help run demo test lint host-test qemu-test soak bench bench-check bench-baseline peer profile pgo doctor setup gdb clean all

help:
	@echo 'make run FILE=path    boot, do the main job with the file (default README.md), leave a prompt'
	@echo 'make demo FILE=path   do the main job, power off, print one hash per task; fails unless all agree'
	@echo 'make test             lint, host tests, the scenarios in QEMU, and bench-check'
	@echo 'make race             all host tests under the race detector, also those of code that runs under the one kernel lock'
	@echo 'make soak             a million random operations against the reference models, ten minutes of random tasks in QEMU, and default managers'
	@echo '                      that die at each of their steps; SOAK_ROUNDS=5 SOAK_SECONDS=600'
	@echo 'make bench TSV=file   what each operation costs, beside Linux in the same QEMU, with plots in docs/bench; QUICK=1 for the table only'
	@echo 'make bench-check      fail where an important figure is 3 % above docs/bench/baseline.tsv; make bench-baseline renews that'
	@echo 'make profile ROW=rpc  instructions of one row of make bench by kernel function: a list and a flame graph'
	@echo 'make pgo              count the calls of all rows of make bench anew, for the compiler, in boot/calls.pgo'
	@echo 'make doctor           what this machine has, and the fix for what it lacks'
	@echo 'make gdb              boot stopped, with gdb attached'
	@echo 'make iso              an image for CDs and USB sticks, for BIOS and UEFI: build/defpager.iso'
	@echo 'make lint host-test qemu-test   the other parts of make test'
	@echo 'make image user all clean      build the kernel, the programs, both; remove build/'
	@echo
	@echo 'Variables: MACHINE=q35|pc|microvm CPU=max MEM=512M SMP=2 ACCEL=auto|tcg|kvm APPEND=trace V=1'
	@echo '           DISK=path|64M gives the guest a virtio disk, which APPEND=paging=vda makes paging storage'
	@echo "           MODULES='mine --host=\$${host-port} a b, hello' boots programs of your own instead of the main job (user/README.md)"
	@echo '           TAMAGO=/path/to/tamago-go/bin/go builds the image with that compiler'

# What goes on the CD: the main job with FILE, and all programs.
ISO_LIST  = $(BUILD)/iso.list
ISO_FILES = $(BUILD)/file $(wildcard $(BUILD)/user/*)

include boot/build.mk
include user/build.mk

all: setup image user

# The host's program installs what is missing first: nothing else can be built without it.
.PHONY: $(HOST)
$(HOST):
	@mkdir -p $(BUILD)
	@$(GO) build -o $@ ./qemu/cmd/defpager

setup: $(HOST)
	@$(HOST) setup

run: setup
demo: setup
run demo:
	@$(MAKE) -s --no-print-directory image user
	@$(HOST) $@

bench: setup
	@$(MAKE) -s --no-print-directory image user peer
	@$(HOST) bench

# The program that does on Linux what user/bench does on our kernel.
PEER_C_FLAGS = -O2 -Wall -Wextra -std=gnu11 -ffreestanding -fno-stack-protector -fno-tree-loop-distribute-patterns -fcf-protection=none \
	-nostdlib -static -no-pie -Wl,-z,noexecstack -Wl,--build-id=none -s
peer: $(BUILD)/peer/init
$(BUILD)/peer/init: $(wildcard qemu/peer/*.c qemu/peer/*.h)
	@mkdir -p $(@D)
	gcc $(PEER_C_FLAGS) -o $@ $(filter %.c,$^)

bench-check bench-baseline: setup
	@$(MAKE) -s --no-print-directory image user
	@$(HOST) $@

profile: setup
	@$(MAKE) -s --no-print-directory image user
	@$(HOST) profile

# Which calls the compiler is to inline: counted in an image that was built without such advice. To be done again when hot paths have changed much.
pgo: setup
	@$(MAKE) -s --no-print-directory user
	@$(MAKE) -s --no-print-directory image BUILD=$(BUILD)/plain GOFLAGS_IMAGE=-pgo=off
	@$(HOST) pgo -image $(BUILD)/plain/defpager.elf

doctor: $(HOST)
	@$(HOST) doctor

test: setup lint host-test qemu-test bench-check
	@echo 'make test: all passed'

$(BUILD)/iso.list: $(HOST) user
	@$(HOST) list >$@

.PHONY: $(BUILD)/file
$(BUILD)/file:
	@cp "$${FILE:-README.md}" $@

# Static checks. The image's packages are checked as they are built: without cgo.
lint:
	@$(GO) run ./qemu/cmd/lint

# The race detector needs cgo, and so a C compiler. Where nothing runs at the same time, under the one kernel lock, it would only cost time.
HOST_PACKAGES = ./board/... ./boot/... ./ipc/... ./mach/... ./qemu ./user/...
LOCKED_PACKAGES = ./kern/... ./mm/... ./pager/...
host-test:
	CGO_ENABLED=1 $(GO) test -race -timeout 180s $(HOST_PACKAGES)
	$(GO) test -timeout 180s $(LOCKED_PACKAGES)

# All host tests under the race detector: minutes.
.PHONY: race
race:
	CGO_ENABLED=1 $(GO) test -race -timeout 30m $(HOST_PACKAGES) $(LOCKED_PACKAGES)

# Random operations against the reference models, 240,000 a round, with new random numbers each time; then random tasks in QEMU for so many seconds; then
# default managers that die after each number of steps. What the kernel logs of each of these is left out.
SOAK_ROUNDS  ?= 5
SOAK_SECONDS ?= 600
soak: setup
	@for i in $$(seq $(SOAK_ROUNDS)); do \
		echo "soak: round $$i of $(SOAK_ROUNDS)"; \
		$(GO) test -count=1 -timeout 30m -run Model ./mm/vm ./ipc ./pager/backing -args -rapid.checks=250 || exit 1; \
	done
	@$(MAKE) -s --no-print-directory image user
	@seed=$$(date +%s)000; echo "soak: tasks in QEMU for $(SOAK_SECONDS) seconds, from seed $$seed"; \
		V=1 MEM=128M DISK=32M APPEND=paging=vda $(HOST) demo -quiet 300s \
		-modules "$(BUILD)/user/soak --pager=\$${default-pager-port} --host=\$${host-port} --seed=$$seed --seconds=$(SOAK_SECONDS) --leave=6 --verbose"
	@echo "soak: default memory managers die at each of their steps"
	@(V=1 MEM=140M DISK=8M APPEND=paging=vda $(HOST) demo -quiet 300s \
		-modules "$(BUILD)/user/crashes --receive=\$${receive:manager} --host=\$${host-port},$(BUILD)/user/crashes --host=\$${host-port} --manager=\$${port:manager} --pager=\$${default-pager-port} --size=2048 --free=1400 --verbose" \
		&& echo "make soak: all passed") 2>&1 | awk '!/^kernel: / { print; fflush() } END { exit $$0 != "make soak: all passed" }'

qemu-test: $(HOST)
	@$(HOST) setup -all
	@$(MAKE) -s --no-print-directory image user checked stress ring3 && $(MAKE) -s --no-print-directory iso FILE=go.mod
	$(GO) test -count=1 -timeout 500s ./qemu/scenario

# The kernel that checks its invariants all the time.
.PHONY: checked
checked: $(BUILD)/checked.elf

# The image without optimisation, so that every variable is there, stopped before its first instruction.
gdb: $(HOST)
	@$(HOST) setup -all
	@$(MAKE) -s --no-print-directory user image GOFLAGS_IMAGE="-gcflags=all='-N -l'"
	@$(HOST) gdb

clean:
	rm -rf $(BUILD)
