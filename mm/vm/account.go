package vm

import "defpager/mach"

// Account is somebody who pays for objects: for the default pager's that were made for him and still exist, whoever maps them now, and for
// those that hold what his programs wrote. Objects may outlive him. Make one with NewAccount.
type Account struct {
	Objects       int             // the default pager's
	Overcommitted int             // of them, those that were promised no frames
	Reserved      mach.PageNumber // what the others were promised: their limits
	Out           mach.PageNumber // pages of all his objects that have no frame, as they were paged out
	Limits

	held       int      // objects that he pays for
	next, prev *Account // accounts with objects, of which the objects' own references do not count for the garbage collector
}

// Limits bound what an account may have, and say how it gets it. A child task begins with its parent's, and with nothing used.
type Limits struct {
	// Overcommit has the default pager promise no frames to the objects that it makes from now on.
	Overcommit bool
	// ReservedMax is how many frames may be promised: to make an object and to let one grow fail with ResourceShortage beyond it.
	ReservedMax mach.PageNumber
	// OutMax is how many pages may be out: beyond it they stay in memory, and no more frames are had when memory is short.
	OutMax mach.PageNumber
}

// NoLimit is the limit of an account that was given none.
const NoLimit = ^mach.PageNumber(0)

// NewAccount is an account without anything, with the limits of another; nil: without limits.
func NewAccount(like *Account) *Account {
	a := new(Account)
	if like != nil {
		a.Limits = like.Limits
	} else {
		a.ReservedMax, a.OutMax = NoLimit, NoLimit
	}
	return a
}

// SetLimits sets a's limits. What it has it keeps.
func (env *Env) SetLimits(a *Account, l Limits) {
	a.Limits = l
	env.strict = env.strict || l.OutMax != NoLimit
}

// Fits reports whether n frames more may be promised. nil has no limit.
func (a *Account) Fits(n mach.PageNumber) bool {
	return a == nil || a.Reserved <= a.ReservedMax && n <= a.ReservedMax-a.Reserved
}

// Charge makes a (nil: nobody) the one who pays for the object. It is called once, before a page of the object is out.
func (o *Object) Charge(a *Account) {
	if a == nil {
		return
	}
	o.pages.payer = a
	if a.held == 0 {
		o.env.pool.list(a)
	}
	a.held++
	switch {
	case o.kind == reserved:
		a.Objects++
		a.Reserved += o.limit
	case o.overcommit:
		a.Objects++
		a.Overcommitted++
	default:
		a.Out += mach.PageNumber(o.pages.out)
	}
}

// list is for an account's first object.
func (pool *objectPool) list(a *Account) {
	if a.next = pool.charged; a.next != nil {
		a.next.prev = a
	}
	pool.charged = a
}

// unlist is for when its last has gone.
func (pool *objectPool) unlist(a *Account) {
	if a.next != nil {
		a.next.prev = a.prev
	}
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		pool.charged = a.next
	}
	a.next, a.prev = nil, nil
}

// Account is who pays for the object, nil if nobody does.
func (o *Object) Account() *Account { return o.pages.payer }

// own has whoever's map this is pay for an object that nobody pays for.
func (m *Map) own(o *Object) {
	if o.kind == anonymous && o.pages.payer == nil {
		o.Charge(m.payer)
	}
}

// SetAccount says who pays for what programs write to the map from now on; nil: nobody.
func (m *Map) SetAccount(a *Account) { m.payer = a }

// recharge follows a change of the limit.
func (o *Object) recharge(from, to mach.PageNumber) {
	if a := o.pages.payer; a != nil {
		a.Reserved += to - from
	}
}

// discharge is for an object that goes, with none of its pages left.
func (o *Object) discharge() {
	a := o.pages.payer
	if a == nil {
		return
	}
	o.pages.payer = nil
	switch {
	case o.kind == reserved:
		a.Objects--
		a.Reserved -= o.limit
	case o.overcommit:
		a.Objects--
		a.Overcommitted--
	}
	if a.held--; a.held == 0 {
		o.env.pool.unlist(a)
	}
}

// capped reports whether as many pages are out as may be.
func (a *Account) capped() bool { return a != nil && a.Out >= a.OutMax }

// spends reports whether a frame may be had for a page that a pays for: he whose pages may not go out has none that others need.
func (env *Env) spends(a *Account) bool { return !a.capped() || env.plenty() }

// starves reports whether that keeps the object from another page.
func (o *Object) starves() bool {
	a := o.pages.payer
	return a != nil && a.Out >= a.OutMax && o.kind == anonymous && !o.env.plenty()
}

// Refuses reports whether it is for its payer's limit that a page at va finds no frame.
func (m *Map) Refuses(va mach.VirtAddr) bool {
	a := m.payer
	if e := m.find(va); e != nil && e.object != nil {
		a = e.object.pages.payer
	}
	return !m.env.spends(a)
}

// Reserved is the number of pages that the object was promised frames for, resident or not.
func (o *Object) Reserved() mach.PageNumber {
	if o.kind != reserved {
		return 0
	}
	return o.limit
}

// Faults is the number of page faults in mappings of the object, modulo 2^32.
func (o *Object) Faults() uint32 { return o.faults }
