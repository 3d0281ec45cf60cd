package qemu

import (
	"fmt"
	"strings"
)

// unit is what a row's figures count.
type unit int

const (
	instructions unit = iota
	memory            // of memory
	monitored         // instructions, by a command of the kernel's monitor and not by a program
	ticks             // instructions since the machine's start or the kernel's entry, shown as milliseconds of a processor that does one in a nanosecond
)

// row is an operation that is measured.
type row struct {
	name    string
	short   string // another name for make profile; empty: none
	what    string
	goal    int // what it is to cost; 0: nothing was set
	gnuMach int // what it costs in GNU Mach of 2026, measured elsewhere; 0: not known
	unit    unit
}

// rows are those of the table, in its order. Their names are what users of the figures go by (docs/bench/README.md).
func rows() []row {
	return []row{
		{"null-trap", "trap", "null trap (mach_task_self; getppid)", 150, 401, instructions},
		{"kernel-rpc", "", "RPC to the kernel (mach_port_type)", 700, 1156, instructions},
		{"object-create", "create", "default_pager_object_create (memfd_create, ftruncate)", 2000, 11119, instructions},
		{"first-touch-one-by-one", "touch", "first touch of such an object, per page", 1000, 20062, instructions},
		{"first-touch-clustered", "", "the same, touched in order", 650, 0, instructions},
		{"first-touch-superpages", "", "the same in pages of 2 MiB, per 4 KiB (hugetlb)", 530, 0, instructions},
		{"task-rpc", "rpc", "RPC between two tasks, empty (the better of pipe and futex)", 1200, 1744, instructions},
		{"task-rpc-4k", "", "the same with 4 KiB inline, both ways", 2500, 4437, instructions},
		{"zero-fill-one-by-one", "fault", "zero-fill fault, anonymous, per page", 1000, 6403, instructions},
		{"zero-fill-clustered", "", "the same, touched in order", 650, 0, instructions},
		{"zero-fill-superpages", "", "the same in pages of 2 MiB, per 4 KiB", 530, 0, instructions},
		{"unmap-destroy", "unmap", "unmap and destroy, per page", 150, 660, instructions},
		{"second-mapping", "map", "second mapping of a populated object, per page", 60, 1058, instructions},
		{"copy-on-write", "cow", "copy-on-write copy, per page (the better of fork and MAP_PRIVATE)", 1200, 6647, instructions},
		{"object-cycle", "object", "4 KiB object: create, map, touch, unmap, destroy", 6000, 0, instructions},
		{"page-in-remap", "remap", "page-in of an object's own page after its remap", 1200, 20449, instructions},
		{"page-in", "", "page of a memory manager in ring 3 (userfaultfd)", 5000, 12351, instructions},
		{"dirty-flush", "flush", "dirty page flushed to a memory manager in ring 3", 1200, 2298, instructions},
		{"page-in-compressed", "pressure", "page-in at random from three times the memory, compressed (zram)", 25000, 0, instructions},
		{"page-out", "out", "page-out of a page that does not compress, encrypted, to a disk in memory", pageOutGoal, 0, monitored},
		{"page-out-rated", "", "the same to a virtio disk of 300 MB/s, where plain large writes take 13,653", pageOutGoal, 0, monitored},
		{"port-allocate-destroy", "port", "port allocate and destroy (two RPCs)", 1500, 2774, instructions},
		{"task-create-terminate", "task", "task create and terminate (fork, exit, wait)", 15000, 30218, instructions},
		{"fork-1m", "", "fork of a task with 1 MiB resident", 60000, 0, instructions},
		{"fork-64m", "fork", "fork of a task with 64 MiB resident", 60000, 0, instructions},
		{"object-memory", "memory", "memory of a live object, bytes", 400, 0, memory},
		{"boot-first-line", "boot", "kernel entry to the first line of ring 3, ms", 150_000_000, 0, ticks},
		{"boot-to-prompt", "prompt", "QEMU's start to the prompt, with the main job, ms (to /init)", 0, 0, ticks},
	}
}

// findRow is the row of a name, of a short one, or of a part of one that no other has. The error lists the rows.
func findRow(name string) (row, error) {
	var found []row
	for _, r := range rows() {
		switch {
		case name == "":
		case r.name == name || r.short == name:
			return r, nil
		case strings.Contains(r.name, name):
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var list strings.Builder
	for _, r := range rows() {
		fmt.Fprintf(&list, "\n  %-8s %-24s %s", r.short, r.name, r.what)
	}
	return row{}, fmt.Errorf("ROW=%s is not the name of one row. These are, with short names:%s", name, list.String())
}
