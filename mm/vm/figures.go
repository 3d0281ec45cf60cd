package vm

import (
	"iter"

	"defpager/mach"
)

// Tier is where a page without a frame is.
type Tier uint8

// Tiers.
const (
	TierWord Tier = iota
	TierCompressed
	TierWaiting
	TierDisk
	TierLost
	tierManaged // with a manager in ring 3
	tiers
)

func (t Tier) String() string {
	return [...]string{"word", "compressed", "waiting", "on disk", "lost", "managed"}[t]
}

// Where is where the contents of a page are.
func (env *Env) Where(t Token) Tier {
	switch {
	case t == tokenLost:
		return TierLost
	case t.External():
		return tierManaged
	}
	return env.Backing.Where(t)
}

// OutFigures counts pages that are out by where they are.
func (env *Env) OutFigures(out iter.Seq[Token]) mach.OutFigures {
	var n [tiers]uint64
	for t := range out {
		n[env.Where(t)] += mach.PageSize
	}
	return mach.OutFigures{
		Words: n[TierWord], Compressed: n[TierCompressed], Waiting: n[TierWaiting], OnDisk: n[TierDisk], Lost: n[TierLost], Managed: n[tierManaged],
	}
}

// OutOf yields what names the pages that are out of all objects that a pays for. It takes time in proportion to these and to the number of objects.
func (env *Env) OutOf(a *Account) iter.Seq[Token] {
	return func(yield func(Token) bool) {
		for o := env.pool.listed; o != nil; o = o.next {
			if o.pages.out == 0 || o.pages.payer != a {
				continue
			}
			for _, t := range o.Out {
				if !yield(t) {
					return
				}
			}
		}
	}
}

// Figures is what is known of the object. It takes time in proportion to the pages that are out.
func (o *Object) Figures() mach.ObjectFigures {
	f := mach.ObjectFigures{
		ID: o.id, Limit: o.Limit(), Reserved: o.Reserved().Bytes(), Resident: o.Resident().Bytes(), Faults: uint64(o.faults),
		PageIns: uint64(o.ins), PageOuts: uint64(o.outs), Waited: uint64(o.waited), Mappings: uint64(o.mapped),
	}
	if o.overcommit {
		f.Flags = uint64(mach.Overcommit)
	}
	f.OutFigures = o.env.OutFigures(func(yield func(Token) bool) {
		for _, t := range o.Out {
			if !yield(t) {
				return
			}
		}
	})
	return f
}

// Waited is for how many nanoseconds threads and requests waited for pages of the object, each by itself, waits that last not included.
func (o *Object) Waited() int64 { return o.waited }
