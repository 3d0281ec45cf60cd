package qemu

// fairness says which traps of the comparison were avoided, and how.
func (r *measured) fairness() string {
	text := `How to read this:
- An instruction that repeats counts once per iteration, so copying a page is 512 of each figure that includes it. Clearing a page is 512 in Linux, which repeats
  a store of 8 bytes, and 265 here, with stores of 16 bytes.
- A figure is the median of seven runs after one to warm up. Cold is the first time of all: structures are not made yet, tables are not there.
- Milliseconds are of guest time: a million instructions. Boot begins at the kernel's first instruction, or with QEMU, where the row says so.
- GNU Mach's column was measured elsewhere, in the same QEMU: 2026, x86_64, assertions on; it clears and copies pages by bytes (4,096 of each figure).
`
	if r.linux == nil {
		return text
	}
	text += `- Linux is ` + r.name + `: its uncompressed vmlinux, booted through PVH as ours is, on the same machine with the same flags. What QEMU and its
  firmware do before is the same.
- The processor has no fast string stores, with which Linux clears a page by bytes: 4,096 counted instructions and not 512. It has RDRAND.
- Debian clears shared pages twice (init_on_alloc=1): the column to compare with is without that, another one with it.
- Linux runs without mitigations and with a fixed layout (` + peerWords + `): ours has neither.
- Linux turns transparent huge pages off where memory is small; here they are on, for private memory, as on larger machines. Where a row is done one page after
  the other it is done on less than 2 MiB; over sizes, larger private memory has them.
- Linux's program is static C without a library, one thread in each process; ours is Go. Both read the time-stamp counter around a batch.
- Both ends of a 4 KiB message copy it, through shared memory too.
- Linux swaps to zram with its own default (lzo-rle), without reading ahead; what is written on the pages is the same text.
`
	if len(r.walls) != 0 {
		text += `- Wall time is the ratio of medians of boots that alternate, ours, Linux, ours, with no instructions counted. The guest's memory is there before it
  starts, as the host's own page faults would count. On a busy host it says little; instructions are the figure to quote.
`
	}
	return text
}
