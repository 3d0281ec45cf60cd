package replay

import (
	"math/rand/v2"

	"defpager/mach"
	"defpager/mm/vm"
)

// manager is the memory manager of one object, whose contents outlive the kernel's object. It answers in its own time and as it likes, but
// truly.
type manager struct {
	env      *vm.Env
	rand     *rand.Rand
	object   *vm.Object        // nil while nobody maps it
	new      bool              // nobody has mapped it yet
	pages    [ObjectPages]byte // the byte that fills each page
	copies   *[]*manager       // where the managers of copies go; nil: of a copy itself
	mayCache bool
	strategy mach.CopyStrategy
	queue    []func() // what is to be answered, in order
}

// wanted is the object for a vm_map, made now if there is none.
func (g *manager) wanted() *vm.Object {
	if g.object == nil {
		var err error
		if g.object, err = vm.NewManaged(g.env, g); err != nil {
			panic(err)
		}
		g.new = true
		g.later(func() { g.must(g.object.Ready(g.mayCache, g.strategy)) })
	}
	return g.object
}

// fresh ends the vm_map's own reference to an object that was made for it.
func (g *manager) fresh(error) {
	if g.new {
		g.new = false
		g.object.Release()
	}
}

func (g *manager) must(err error) {
	if err != nil {
		panic(err)
	}
}

// answer answers the oldest request, and reports whether there was one.
func (g *manager) answer() bool {
	if len(g.queue) == 0 {
		return false
	}
	f := g.queue[0]
	g.queue = g.queue[1:]
	f()
	return true
}

// later answers a request in its turn, unless the object has ended by then.
func (g *manager) later(f func()) error {
	o := g.object
	g.queue = append(g.queue, func() {
		if g.object == o {
			f()
		}
	})
	return nil
}

func (g *manager) lock() mach.Prot {
	return [...]mach.Prot{mach.ProtNone, mach.ProtNone, mach.ProtWrite, mach.ProtAll}[g.rand.IntN(4)]
}

// DataRequest implements vm.Manager.
func (g *manager) DataRequest(_ *vm.Object, offset, length uint64, _ mach.Prot) error {
	return g.later(func() {
		value := g.pages[offset/mach.PageSize]
		if value == 0 && g.copies != nil && g.rand.IntN(2) == 0 { // for a copy that would be what the original has now
			g.must(g.object.Unavailable(offset, length))
			return
		}
		b := make([]byte, length)
		for i := range b {
			b[i] = value
		}
		c, err := vm.NewCopy(g.env, b)
		g.must(err)
		_, err = g.object.Supply(offset, c, 0, g.lock(), g.rand.IntN(2) == 0)
		c.Discard()
		g.must(err)
	})
}

// DataUnlock implements vm.Manager. To take the page back is an answer too.
func (g *manager) DataUnlock(_ *vm.Object, offset, length uint64, access mach.Prot) error {
	return g.later(func() {
		r := vm.LockRequest{Offset: offset, Size: length, Lock: mach.ProtAll &^ access}
		if g.rand.IntN(3) == 0 {
			r.Return, r.Flush = mach.ReturnAll, true
		}
		g.must(g.object.LockRequest(&r))
	})
}

// DataReturn implements vm.Manager. It reads what comes at its own time.
func (g *manager) MayReturn() bool { return true }

func (g *manager) DataInitialize(*vm.Object, uint64, *vm.Copy) {
	panic("that is for a default memory manager")
}

func (g *manager) DataReturn(_ *vm.Object, offset uint64, data *vm.Copy, _, _ bool) {
	g.queue = append(g.queue, data.Discard)
	for at := uint64(0); at < data.Size(); at += mach.PageSize {
		var b [mach.PageSize]byte
		g.must(data.ReadAt(b[:], at))
		for _, x := range b {
			if x != b[0] {
				panic("replay: a page of different bytes comes back")
			}
		}
		g.pages[(offset+at)/mach.PageSize] = b[0]
	}
}

// Copy implements vm.Manager: what the object holds by now, which the kernel knows better, becomes another one's contents.
func (g *manager) Copy(_ *vm.Object, offset, length uint64) (*vm.Object, error) {
	c := &manager{env: g.env, rand: g.rand, strategy: mach.CopyDelay}
	object, err := vm.NewManaged(g.env, c)
	if err != nil {
		return nil, err
	}
	c.object = object
	*g.copies = append(*g.copies, c)
	original := g.object
	g.queue = append(g.queue, func() {
		known := func() {
			copy(c.pages[:], g.pages[offset/mach.PageSize:][:length/mach.PageSize])
			if c.object != nil {
				c.later(func() { c.must(c.object.Ready(false, c.strategy)) })
			}
		}
		if g.object != original {
			known() // all of it came back when that ended
			return
		}
		g.must(g.object.LockRequest(&vm.LockRequest{Offset: offset, Size: length, Return: mach.ReturnDirty, Lock: mach.ProtNoChange, Reply: known}))
	})
	return object, nil
}

// LockCompleted implements vm.Manager.
func (g *manager) LockCompleted(_ *vm.Object, _, _ uint64, known any) {
	g.queue = append(g.queue, known.(func()))
}

// Terminate implements vm.Manager.
func (g *manager) Terminate(*vm.Object) { g.object = nil }
