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

# Go and its build cache decide what is out of date, so this runs each time and is quick when nothing changed.
.PHONY: user overlay-user
user: overlay-user
	@mkdir -p $(BUILD)/user
	$(USER_GO) -trimpath $(GOFLAGS_USER) -ldflags '$(USER_LDFLAGS)' -o $(BUILD)/user/ $(addprefix ./user/,$(USER_PROGRAMS))

overlay-user:
	@$(GO) run ./boot/overlay -go $(GO) -profile user/_overlay/profile.json -out $(BUILD)/overlay-user
