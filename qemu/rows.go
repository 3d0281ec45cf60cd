package qemu

import (
	"fmt"
	"strings"
)

// row is an operation that the guest's bench program measures.
type row struct {
	name    string
	short   string // another name for make profile; empty: none
	what    string
	goal    int // what it is to cost, in guest instructions
	gnuMach int // what it costs in GNU Mach of 2026, measured elsewhere; 0: not known
}

// rows are the operations of the table, in its order. Their names are what users of the figures go by (docs/bench/README.md).
func rows() []row {
	return []row{
		{"null-trap", "trap", "null trap (mach_task_self; getppid)", 150, 401},
		{"kernel-rpc", "", "RPC to the kernel (mach_port_type)", 700, 1156},
		{"object-create", "create", "default_pager_object_create (memfd_create, ftruncate)", 3000, 11119},
		{"first-touch-one-by-one", "touch", "first touch of such an object, per page", 1000, 20062},
		{"first-touch-clustered", "", "the same, touched in order", 650, 0},
		{"first-touch-superpages", "", "the same in pages of 2 MiB, per 4 KiB (hugetlb)", 530, 0},
		{"task-rpc", "rpc", "RPC between two tasks, empty (the better of pipe and futex)", 1200, 1744},
		{"task-rpc-4k", "", "the same with 4 KiB inline, both ways", 2500, 4437},
		{"zero-fill-one-by-one", "fault", "zero-fill fault, anonymous, per page", 1000, 6403},
		{"zero-fill-clustered", "", "the same, touched in order", 650, 0},
		{"zero-fill-superpages", "", "the same in pages of 2 MiB, per 4 KiB", 530, 0},
		{"unmap-destroy", "unmap", "unmap and destroy, per page", 150, 660},
		{"second-mapping", "map", "second mapping of a populated object, per page", 60, 1058},
		{"copy-on-write", "cow", "copy-on-write copy, per page (the better of fork and MAP_PRIVATE)", 1200, 6647},
		{"object-cycle", "object", "4 KiB object: create, map, touch, unmap, destroy", 6000, 0},
		{"port-allocate-destroy", "port", "port allocate and destroy (two RPCs)", 1500, 2774},
		{"task-create-terminate", "task", "task create and terminate (fork, exit, wait)", 15000, 30218},
		{"fork-1m", "", "fork of a task with 1 MiB resident", 60000, 0},
		{"fork-64m", "fork", "fork of a task with 64 MiB resident", 60000, 0},
		{"page-in", "", "page of a memory manager in ring 3 (userfaultfd)", 5000, 12351},
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
