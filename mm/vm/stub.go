// Package vm keeps tasks' address spaces: maps, memory objects, copy-on-write and page faults.
//
// Precondition of everything here: the caller holds the kernel lock.
package vm

import (
	"iter"

	"defpager/board"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
)

// Env is what all maps and objects of a kernel share. Use it by pointer.
type Env struct {
	Mem    board.Memory
	Frames *frame.Allocator
	Pmap   *pmap.Env
}

// Counters are the events of vm_statistics since the start.
type Counters struct{ Faults, ZeroFills, CopyFaults, Lookups, Hits uint64 }

func (env *Env) Counters() Counters         { return Counters{} }
func (env *Env) Objects() iter.Seq[*Object] { return nil }
func (env *Env) Check() error               { return nil }

// Map is a task's address space.
type Map struct{}

// MapArgs are the arguments of vm_map.
type MapArgs struct {
	Address  mach.VirtAddr
	Size     uint64
	Mask     mach.VirtAddr
	Anywhere bool
	Object   *Object // nil: zero fill
	Offset   uint64
	Copy     bool
	Cur, Max mach.Prot
	Inherit  mach.Inherit
}

// Region describes one piece of a map.
type Region struct {
	Address       mach.VirtAddr
	Size          uint64
	Prot, MaxProt mach.Prot
	Inherit       mach.Inherit
	Shared        bool
	NeedsCopy     bool
	Object        *Object // nil: nothing touched yet
	Offset        uint64
}

func NewMap(env *Env) (*Map, error)      { return nil, mach.Failure }
func (m *Map) Destroy()                  {}
func (m *Map) Pmap() *pmap.Pmap          { return nil }
func (m *Map) Size() uint64              { return 0 }
func (m *Map) Resident() mach.PageNumber { return 0 }
func (m *Map) Map(a *MapArgs) (mach.VirtAddr, error) { return 0, mach.Failure }

func (m *Map) Allocate(addr mach.VirtAddr, size uint64, anywhere bool) (mach.VirtAddr, error) {
	return 0, mach.Failure
}

func (m *Map) Deallocate(addr mach.VirtAddr, size uint64) error { return mach.Failure }

func (m *Map) Protect(addr mach.VirtAddr, size uint64, setMax bool, prot mach.Prot) error {
	return mach.Failure
}

func (m *Map) Inherit(addr mach.VirtAddr, size uint64, inh mach.Inherit) error { return mach.Failure }

func (m *Map) Region(addr mach.VirtAddr) (Region, error) { return Region{}, mach.Failure }

func (m *Map) Entries() iter.Seq[Region] { return nil }

func (m *Map) Fork() (*Map, error) { return nil, mach.Failure }

func (m *Map) Check() error { return nil }

// Fault resolves a page fault: nil means retry the instruction. Wait means a pager will wake the thread.
func (m *Map) Fault(va mach.VirtAddr, access mach.Prot) error { return mach.Failure }

func (m *Map) CopyIn(dst []byte, src mach.VirtAddr) error  { return mach.Failure }
func (m *Map) CopyOut(dst mach.VirtAddr, src []byte) error { return mach.Failure }

// Copy is memory on its way between two maps (vm_map_copy).
type Copy struct{}

func NewCopy(env *Env, b []byte) (*Copy, error) { return nil, mach.Failure }

func (c *Copy) Size() uint64 { return 0 }
func (c *Copy) Discard()     {}
func (c *Copy) ReadAt(dst []byte, off uint64) error { return mach.Failure }

func (m *Map) CopyMapIn(addr mach.VirtAddr, size uint64, dealloc bool) (*Copy, error) {
	return nil, mach.Failure
}

func (m *Map) CopyMapOut(c *Copy) (mach.VirtAddr, error) { return 0, mach.Failure }

// Read is vm_read (the copy goes out of line); Write is vm_write and consumes c when it succeeds; Copy is vm_copy.
func (m *Map) Read(addr mach.VirtAddr, size uint64) (*Copy, error) { return nil, mach.Failure }

func (m *Map) Write(addr mach.VirtAddr, c *Copy) error { return mach.Failure }

func (m *Map) Copy(src mach.VirtAddr, size uint64, dst mach.VirtAddr) error { return mach.Failure }

// Wait is what Fault returns when a pager outside will supply the page.
const Wait = wait(0)

type wait uint8

func (wait) Error() string { return "waiting for the pager" }

// Object is a vm_object.
type Object struct{}

func NewAnonymous(env *Env, size uint64) (*Object, error) { return nil, mach.Failure }

func NewReserved(env *Env, limit uint64, r frame.Reservation) (*Object, error) {
	return nil, mach.Failure
}

func NewPhysical(env *Env, r board.Range, max mach.Prot) (*Object, error) { return nil, mach.Failure }
func (o *Object) Reference()                                              {}
func (o *Object) Release()                                                {}
func (o *Object) SetLimit(limit uint64) error                             { return mach.Failure }
func (o *Object) Limit() uint64                                           { return 0 }
func (o *Object) Resident() mach.PageNumber                               { return 0 }
func (o *Object) ID() uint64                                              { return 0 }
func (o *Object) Kind() string                                            { return "" }
func (o *Object) Refs() int                                               { return 0 }
func (o *Object) Mapped() int                                             { return 0 }
func (o *Object) Pages() iter.Seq2[mach.PageNumber, mach.PhysAddr]        { return nil }
