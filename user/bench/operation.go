package main

import (
	"fmt"

	"defpager/mach"
)

// operation does something n times, or to n pages, and answers the ticks that it took, without what must be done around it.
type operation struct {
	name    string
	n       uint64
	measure func(b *bench, n uint64) (uint64, error)
}

// superpage is how many pages a large page has.
const superpage = 512

// cold is how many times, or with how many pages, an operation is done for the first time.
func (o operation) cold() uint64 {
	if o.n > superpage && o.n%superpage == 0 {
		return superpage
	}
	return 1
}

// pages are what operations on pages touch: less than a superpage, in which nobody else's page tables help.
const pages = 256

func operations() []operation {
	return []operation{
		{"null-trap", 1000, (*bench).nullTrap},
		{"kernel-rpc", 500, (*bench).kernelRPC},
		{"object-create", 100, (*bench).objectCreate},
		{"first-touch-one-by-one", pages, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, scattered) }},
		{"first-touch-clustered", pages, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, ascending) }},
		{"first-touch-superpages", 4 * superpage, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, ascending) }},
		{"task-rpc", 500, func(b *bench, n uint64) (uint64, error) { return b.taskRPC(n, mach.HeaderSize) }},
		{"task-rpc-4k", 500, func(b *bench, n uint64) (uint64, error) { return b.taskRPC(n, mach.HeaderSize+8+4096) }},
		{"zero-fill-one-by-one", pages, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, scattered) }},
		{"zero-fill-clustered", pages, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, ascending) }},
		{"zero-fill-superpages", 4 * superpage, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, ascending) }},
		{"unmap-destroy", pages, (*bench).unmapDestroy},
		{"second-mapping", pages, (*bench).secondMapping},
		{"copy-on-write", pages, (*bench).copyOnWrite},
		{"object-cycle", 100, (*bench).objectCycle},
		{"page-in-remap", pages, (*bench).remap},
		{"port-allocate-destroy", 200, (*bench).portCycle},
		{"task-create-terminate", 50, (*bench).taskCycle},
		{"fork-1m", 20, func(b *bench, n uint64) (uint64, error) { return b.fork(n, 1<<20) }},
		{"fork-64m", 20, func(b *bench, n uint64) (uint64, error) { return b.fork(n, 64<<20) }},
		{"page-in", pages, (*bench).pageIn},
		{"dirty-flush", pages, (*bench).dirtyFlush},
	}
}

func operationOf(name string) (operation, error) {
	for _, o := range operations() {
		if o.name == name {
			return o, nil
		}
	}
	return operation{}, fmt.Errorf("there is no operation %q", name)
}
