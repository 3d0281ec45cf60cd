package vm

import "defpager/mach"

// Holdings counts the structures that this package has made and that are somebody's. What it keeps ahead of need (see restock) does not count.
type Holdings struct {
	Entries  int // map entries, those of copies included
	Objects  int
	Copyable int // objects with all that one has which may be copied: all but reserved ones that never were
	Nodes    int // of the radix trees
	Managed  int // pages that are out with managers outside the kernel

	// Frames in which there is at least one.
	EntryFrames, ObjectFrames, NodeFrames mach.PageNumber
}

// Holdings counts. It takes time in proportion to the frames that structures lie in.
func (env *Env) Holdings() Holdings {
	heap := len(env.pool.heap) - env.pool.spares
	h := Holdings{
		Entries:  int(env.entries.Usage().Out) + len(env.spares) - env.stock.entryCount,
		Objects:  int(env.pool.plain.Usage().Out) + heap,
		Copyable: int(env.pool.rests.Usage().Out) + heap,
		Nodes:    int(env.nodes.used),

		EntryFrames: env.entries.InUse(), ObjectFrames: env.pool.plain.InUse() + env.pool.rests.InUse(), NodeFrames: env.nodes.inUse(),
	}
	for x := range env.Externals {
		h.Managed += x.Kept()
	}
	return h
}

// Trim gives frames back that are only kept because something may be needed soon.
func (env *Env) Trim() {
	env.entries.Trim()
	env.pool.plain.Trim()
}
