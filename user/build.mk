# Rules that build the programs of ring 3. The top Makefile includes this file; alone it works too: make -f user/build.mk user
#
#   user         build/user/NAME for every program below user/: static ELF64 at 512 GiB + 64 KiB, the stock Go toolchain
#                with the overlay of user/_overlay
#
#   GO=          the stock go command
#   GOFLAGS_USER=  more flags for go build, such as -gcflags=all='-N -l' (and USER_STRIP= to keep symbols)

GO    ?= go
BUILD ?= build

# A task owns the addresses from 512 GiB on (mach.MinUser). -R: no page of the file has two protections.
USER_STRIP   ?= -s -w
USER_LDFLAGS  = -T 0x8000010000 -R 0x1000 $(USER_STRIP)
USER_GO       = CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build -overlay $(BUILD)/overlay-user/overlay.json
USER_PROGRAMS := $(notdir $(patsubst %/main.go,%,$(wildcard user/*/main.go)))

# Go 1.26's collector takes 8 KiB beside the heap when its queue is full for the first time, which goes by the clock: programs that collect, and that count frames or must
# get by with those that they have, want the one before it, which takes all from the heap.
USER_COLLECT  = crashes defaultpager squeeze

# Go and its build cache decide what is out of date, so this runs each time and is quick when nothing changed.
.PHONY: user overlay-user user-c
user: overlay-user user-c
	@mkdir -p $(BUILD)/user
	$(USER_GO) -trimpath $(GOFLAGS_USER) -ldflags '$(USER_LDFLAGS)' -o $(BUILD)/user/ $(addprefix ./user/,$(filter-out $(USER_COLLECT),$(USER_PROGRAMS)))
	GOEXPERIMENT=nogreenteagc $(USER_GO) -trimpath $(GOFLAGS_USER) -ldflags '$(USER_LDFLAGS)' -o $(BUILD)/user/ $(addprefix ./user/,$(USER_COLLECT))

overlay-user:
	@$(GO) run ./boot/overlay -go $(GO) -profile user/_overlay/profile.json -out $(BUILD)/overlay-user

# Programs in C: their client functions and servers are what mig writes from the interfaces. Position-independent code, as the address is
# beyond what 32 bits reach.
USER_CC       ?= gcc
USER_C_FLAGS   = -O2 -Wall -Wextra -Wno-unused-parameter -std=gnu11 -ffreestanding -fno-stack-protector -fno-strict-aliasing -fno-tree-loop-distribute-patterns -fPIC \
	-mno-red-zone -fcf-protection=none -Iuser/c/include -Iuser/c -I$(BUILD)/c
USER_C_LINK    = -nostdlib -static -no-pie -Wl,-Ttext-segment=0x8000010000 -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--build-id=none -Wl,--no-relax -s
USER_C_DEFS    = default_pager defpager device exc gnumach mach mach4 mach_debug mach_host mach_port
USER_C_STUBS   = $(USER_C_DEFS:%=$(BUILD)/c/%.c)
MIG            = $(BUILD)/mig

$(MIG): $(shell find ipc/mig -name '*.go') $(wildcard mach/*.go)
	@$(GO) build -o $@ ./ipc/mig/cmd/mig

$(BUILD)/c/%.c: ipc/mig/interfaces/%.defs ipc/mig/interfaces/types.defs $(MIG)
	@mkdir -p $(BUILD)/c
	@$(MIG) -header $(@:.c=.h) -user $@ -sheader $(@:.c=_server.h) -server $(@:.c=_server.c) $<

# Those of servers with sequence numbers, and the client functions beside them.
$(BUILD)/c/seqnos/%.c: ipc/mig/interfaces/%.defs ipc/mig/interfaces/types.defs $(MIG)
	@mkdir -p $(@D)
	@$(MIG) -D SEQNOS=1 -header $(@:.c=.h) -user $@ -sheader $(@:.c=_server.h) -server $(@:.c=_server.c) $<

USER_C_SEQNOS = $(BUILD)/c/seqnos/memory_object_default.c $(BUILD)/c/seqnos/memory_object.c

.SECONDARY: $(USER_C_STUBS) $(USER_C_SEQNOS)

user-c: $(BUILD)/user/cpager $(BUILD)/user/cclient $(BUILD)/user/cgnu $(BUILD)/user/cmemory $(BUILD)/user/cgiant $(BUILD)/user/cstubs

USER_C_COMMON = user/c/runtime.c user/c/check.c $(filter-out %/exc.c,$(USER_C_STUBS))

# Position-independent to the last: the loader chooses the address, and there is nothing to relocate.
$(BUILD)/user/cstubs: USER_C_LINK = -nostdlib -static-pie -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,-z,text -Wl,--build-id=none -fvisibility=hidden -s

$(BUILD)/user/cpager: USER_C_MORE = $(BUILD)/c/seqnos/memory_object_default.c $(USER_C_SEQNOS:.c=_server.c)
$(BUILD)/user/cpager: USER_C_FLAGS += -I$(BUILD)/c/seqnos
$(BUILD)/user/cpager: $(USER_C_SEQNOS)

$(BUILD)/user/cclient: USER_C_MORE = $(BUILD)/c/exc_server.c

$(BUILD)/user/c%: user/c/%/main.c user/c/runtime.c user/c/check.c $(wildcard user/c/*.h user/c/include/*/*.h) $(USER_C_STUBS)
	@mkdir -p $(BUILD)/user
	$(USER_CC) $(USER_C_FLAGS) $(USER_C_LINK) -o $@ $< $(USER_C_COMMON) $(USER_C_MORE)
