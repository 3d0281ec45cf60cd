# Rules that build the image. The top Makefile includes this file; alone it works too: make -f boot/build.mk image
#
#   image        build/defpager.elf, for QEMU -kernel (PVH) and GRUB (multiboot2)
#   iso          build/defpager.iso, the same image behind GRUB on a CD, which is a disk too, for machines with a BIOS and with UEFI
#   build/checked.elf  the image with the tag invariants: it checks all its data structures all the time
#   stress       build/stress.elf, a test of the Go runtime on the bare machine
#   ring3        build/ring3.elf, a test of the processor: the way to ring 3 and back
#
#   ISO_LIST=    a list of modules, a command line each, and ISO_FILES= the files that they name, for the iso
#   GO=          the stock go command
#   TAMAGO=      TamaGo's go command: builds with that compiler and without the overlay
#   GOFLAGS_IMAGE=  more flags for go build, such as -gcflags=all='-N -l'

GO      ?= go
CC      ?= gcc
LD      ?= ld
BUILD   ?= build
TEXT    := 0x200000

ifeq ($(TAMAGO),)
IMAGE_GO   = CGO_ENABLED=0 GOOS=linux GOARCH=amd64 $(GO) build -overlay $(BUILD)/overlay/overlay.json
IMAGE_TAGS = linkcpuinit
IMAGE_DEPS = overlay
else
IMAGE_GO   = CGO_ENABLED=0 GOOS=tamago GOARCH=amd64 GOOSPKG=github.com/usbarmory/tamago $(TAMAGO) build
IMAGE_TAGS = linkcpuinit,linkramstart,linkramsize,linkprintk
IMAGE_DEPS =
endif
IMAGE_LDFLAGS = -T $(TEXT) -R 0x1000 -compressdwarf=false $(if $(TAMAGO),-checklinkname=0)

# Go and its build cache decide what is out of date, so these targets run each time and are quick when nothing changed.
.PHONY: image iso stress ring3 overlay
image: $(BUILD)/defpager.elf
stress: $(BUILD)/stress.elf
ring3: $(BUILD)/ring3.elf

overlay:
	@$(GO) run ./boot/overlay -go $(GO) -profile boot/_overlay/profile.json -out $(BUILD)/overlay

.PHONY: FORCE
FORCE:

$(BUILD)/entry.o: boot/entry/start.S
	@mkdir -p $(BUILD)
	$(CC) -c -o $@ $<

# $(1): package, $(2): name of the image, $(3): one more build tag, or nothing. The counts of calls (make pgo) are not called default.pgo, as then every
# package would be built and checked twice, on the host too.
comma := ,
define IMAGE
$(BUILD)/$(2).elf: $(IMAGE_DEPS) $(BUILD)/entry.o linker.ld FORCE
	@mkdir -p $(BUILD)
	$$(IMAGE_GO) -tags $$(IMAGE_TAGS)$(if $(3),$(comma)$(3)) $(if $(filter ./boot,$(1)),-pgo=boot/calls.pgo) $$(GOFLAGS_IMAGE) -ldflags '$$(IMAGE_LDFLAGS)' -o $(BUILD)/$(2).go.elf $(1)
	@$$(GO) run ./boot/relink -in $(BUILD)/$(2).go.elf -out $(BUILD)/$(2).o -script $(BUILD)/$(2).ld
	$$(LD) -z noexecstack -T linker.ld $(BUILD)/$(2).ld -o $$@ $(BUILD)/entry.o $(BUILD)/$(2).o
endef
$(eval $(call IMAGE,./boot,defpager))
$(eval $(call IMAGE,./boot,checked,invariants))
$(eval $(call IMAGE,./boot/testdata/stress,stress))
$(eval $(call IMAGE,./boot/testdata/ring3,ring3))

# GRUB's menu gets a line for each line of the modules' list; words are quoted because GRUB has variables of its own.
iso: $(BUILD)/defpager.iso
$(BUILD)/defpager.iso: $(BUILD)/defpager.elf boot/grub.cfg $(ISO_LIST) $(ISO_FILES)
	@rm -rf $(BUILD)/iso && mkdir -p $(BUILD)/iso/boot/grub
	cp $(BUILD)/defpager.elf $(ISO_FILES) $(BUILD)/iso/boot/
	@awk -v q="'" 'FNR == NR && FILENAME != cfg { if (NF) { l = "\tmodule2 /boot/" $$1; for (i = 1; i <= NF; i++) l = l " " q $$i q; lines = lines l "\n" } next } \
		{ print } /multiboot2/ { printf "%s", lines }' cfg=boot/grub.cfg $(or $(ISO_LIST),/dev/null) boot/grub.cfg >$(BUILD)/iso/boot/grub/grub.cfg
	grub-mkrescue -o $@ $(BUILD)/iso 2>$(BUILD)/iso.log || { cat $(BUILD)/iso.log; false; }
