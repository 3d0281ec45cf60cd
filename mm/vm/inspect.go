package vm

import (
	"defpager/board/slab"
	"defpager/mach"
)

// What mach_debug tells of objects and their pages.

// ObjectInfo is what mach_vm_object_info tells of an object. Counts are of pages.
type ObjectInfo struct {
	ID, Limit     uint64 // see Object.ID and Limit
	Refs          int
	Resident      mach.PageNumber
	Absent        int // pages that the manager was asked for
	Shadow, Copy  *Object
	ShadowOffset  uint64 // bytes
	Strategy      mach.CopyStrategy
	Paging        int  // requests and returns that the manager has not answered or received
	Managed       bool // a manager looks after it, which is
	Ready         bool // ready
	MayCache      bool
	Temporary     bool // contents end with the object
	Severed       bool // it has lost its manager
	AwaitingLocks bool // lock requests wait
}

// Info is what is known of the object.
func (o *Object) Info() ObjectInfo {
	i := ObjectInfo{
		ID: o.id, Limit: o.Limit(), Refs: o.Refs(), Resident: o.Resident(),
		Shadow: o.shadow, Copy: o.copy, ShadowOffset: o.shadowOffset.Bytes(),
		Strategy: mach.CopyDelay, Ready: true, Temporary: o.kind != physical,
	}
	if g := o.pager; g != nil {
		i.Managed, i.Ready, i.MayCache, i.Temporary, i.Severed = true, g.ready, g.persist, g.temporary, g.severed
		i.Strategy, i.Absent, i.Paging, i.AwaitingLocks = g.strategy, g.asked, g.asked+g.returning, g.lockCount > 0
	}
	return i
}

// PageInfo is what mach_vm_object_pages tells of a page that has a frame.
type PageInfo struct {
	Number          mach.PageNumber // in the object
	Frame           mach.PhysAddr
	Wired           bool
	Lock, Asked     mach.Prot // accesses that need the manager's leave, and those that it was asked to allow
	Dirty, Precious bool      // of managed objects: to be returned to the manager
}

// NextPage is the first page from n on that has a frame; false: there is none. It takes time in proportion to the pages before it that are out, and, where anything
// is wired, to the mappings that show it.
func (o *Object) NextPage(n mach.PageNumber) (PageInfo, bool) {
	if o.kind == physical {
		return PageInfo{Number: n, Frame: o.base + mach.PhysAddr(n.Bytes()), Wired: true}, n < o.limit
	}
	n, s, ok := o.pages.next(&o.env.nodes, n)
	for ok && s.out() {
		n, s, ok = o.pages.next(&o.env.nodes, n+1)
	}
	if !ok {
		return PageInfo{}, false
	}
	i := PageInfo{Number: n, Frame: s.frame(), Wired: o.pinned(n)}
	if o.kind == managed {
		i.Lock, i.Asked = s.lock(), mach.Prot(s&slotAsked>>askedShift)
		i.Dirty, i.Precious = s&slotDirty != 0, s&slotPrecious != 0
	}
	return i, true
}

// Caches yields what there is of each kind of structure that lies in frames.
func (env *Env) Caches(yield func(name string, u slab.Usage) bool) {
	nodes := slab.Usage{
		Size: nodeBytes, Room: nodeBytes, PerFrame: nodesPerFrame, Out: env.nodes.used, Frames: mach.PageNumber(env.nodes.held),
	}
	_ = yield("vm_map_entry", env.entries.Usage()) && yield("vm_object", env.pool.plain.Usage()) &&
		yield("vm_object_rest", env.pool.rests.Usage()) && yield("vm_object_node", nodes)
}
