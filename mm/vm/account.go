package vm

import "defpager/mach"

// Account is what somebody was promised: the reserved objects that were made for him and still exist, whoever maps them now.
type Account struct {
	Objects  int
	Reserved mach.PageNumber // their limits

	next, prev *Account // accounts with objects, of which the objects' own references do not count for the garbage collector
}

// Charge makes a (nil: nobody) the one for whom a reserved object was made. It is called once.
func (o *Object) Charge(a *Account) {
	o.account = a
	if a == nil {
		return
	}
	if a.Objects == 0 {
		pool := &o.env.pool
		if a.next = pool.charged; a.next != nil {
			a.next.prev = a
		}
		pool.charged = a
	}
	a.Objects++
	a.Reserved += o.limit
}

// Account is whom the object is charged to, nil if nobody.
func (o *Object) Account() *Account { return o.account }

// recharge follows a change of the limit.
func (o *Object) recharge(from, to mach.PageNumber) {
	if o.account != nil {
		o.account.Reserved += to - from
	}
}

// discharge is for an object that goes.
func (o *Object) discharge() {
	a := o.account
	if a == nil {
		return
	}
	a.Objects--
	a.Reserved -= o.limit
	if a.Objects != 0 {
		return
	}
	if a.next != nil {
		a.next.prev = a.prev
	}
	if a.prev != nil {
		a.prev.next = a.next
	} else {
		o.env.pool.charged = a.next
	}
	a.next, a.prev = nil, nil
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
