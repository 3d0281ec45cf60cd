package vm

import "defpager/mach"

// Ledger says what the frames hold that this package took, in pages.
type Ledger struct {
	Anonymous mach.PageNumber // memory of tasks, and copies on their way in messages
	Reserved  mach.PageNumber // resident pages of objects that were promised their frames
	Managed   mach.PageNumber // resident pages of objects that a manager looks after
	Nodes     mach.PageNumber // the radix trees of all objects
	Entries   mach.PageNumber // map entries
	Objects   mach.PageNumber // the objects themselves
	Tables    mach.PageNumber // the page tables of all maps
}

// Total is the sum.
func (l Ledger) Total() mach.PageNumber {
	return l.Anonymous + l.Reserved + l.Managed + l.Nodes + l.Entries + l.Objects + l.Tables
}

// Ledger counts the frames by owner. It takes time in proportion to the number of objects and maps.
func (env *Env) Ledger() Ledger {
	l := Ledger{Nodes: mach.PageNumber(env.nodes.held), Entries: env.entries.Frames(), Objects: env.objectFrames()}
	for o := range env.Objects {
		switch o.kind {
		case anonymous:
			l.Anonymous += o.pages.resident()
		case reserved:
			l.Reserved += o.pages.resident()
		case managed:
			l.Managed += o.pages.resident()
		case physical: // somebody else's
		}
	}
	for m := env.maps; m != nil; m = m.next {
		l.Tables += m.pmap.Tables()
	}
	return l
}
