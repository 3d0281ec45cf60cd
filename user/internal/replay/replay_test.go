package replay

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"defpager/board"
	"defpager/board/sim"
	"defpager/mach"
	"defpager/mm/frame"
	"defpager/mm/pmap"
	"defpager/mm/vm"
)

// maps is the kernel's own memory on a simulated machine.
type maps struct {
	env      *vm.Env
	tasks    [Tasks]*vm.Map
	objects  [Objects]*vm.Object
	managers [Managed]*manager
	copies   []*manager // of what the managers were asked to copy
	program  *vm.Map    // whose memory the slots are
	slots    [Slots]held
}

// held is a slot: memory of the program, or a copy on its way.
type held struct {
	at   mach.VirtAddr
	size uint64
	copy *vm.Copy // nil: in memory
}

const base = mach.MinUser + 4*mach.SuperSize

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page)*mach.PageSize }

func size(n int) uint64 { return uint64(n) * mach.PageSize }

func newMaps(t *testing.T, seed uint64) *maps {
	const memory = 8 << 20
	mem := board.Simulated(memory)
	frames := frame.New(mem, make([]frame.Desc, memory>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: memory - mach.PageSize}})
	m := &maps{env: &vm.Env{Mem: mem, Frames: frames, Pmap: &pmap.Env{Mem: mem, Frames: frames, TLB: &sim.MMU{Mem: mem}, NX: true}}}
	for _, p := range []**vm.Map{&m.tasks[0], &m.program} {
		var err error
		if *p, err = vm.NewMap(m.env); err != nil {
			t.Fatal(err)
		}
	}
	moods := rand.New(rand.NewPCG(seed, 1))
	for i := range m.managers {
		m.managers[i] = &manager{env: m.env, rand: moods, strategy: mach.CopyDelay, copies: &m.copies}
	}
	return m
}

// try carries an operation out, again and again while it waits for a manager.
func (m *maps) try(f func() error) mach.Return {
	const patience = 10000
	for range patience {
		err := f()
		if err != vm.Wait {
			m.settle()
			return mach.Code(err)
		}
		var w vm.Waiter
		m.env.Await(&w)
		for w.Waiting() {
			if !m.work() {
				panic("replay: nobody brings the page")
			}
		}
		err = w.Err()
		w.Done()
		if err != nil {
			return mach.Code(err)
		}
	}
	panic("replay: an operation does not end")
}

// work has the managers answer one thing each, and reports whether there was any.
func (m *maps) work() bool {
	any := false
	for _, g := range m.managers {
		any = g.answer() || any
	}
	for _, g := range m.copies {
		any = g.answer() || any
	}
	m.env.Settle()
	return any
}

func (m *maps) settle() {
	m.env.Settle()
	for m.work() {
	}
}

func (m *maps) Allocate(task, first, n int) mach.Return {
	_, err := m.tasks[task].Allocate(at(first), size(n), false)
	return mach.Code(err)
}

func (m *maps) Deallocate(task, first, n int) mach.Return {
	return m.try(func() error { return m.tasks[task].Deallocate(at(first), size(n)) })
}

func (m *maps) Protect(task, first, n int, setMax bool, prot mach.Prot) mach.Return {
	return mach.Code(m.tasks[task].Protect(at(first), size(n), setMax, prot))
}

func (m *maps) Inherit(task, first, n int, how mach.Inherit) mach.Return {
	return mach.Code(m.tasks[task].Inherit(at(first), size(n), how))
}

func (m *maps) Wire(task, first, n int, prot mach.Prot) mach.Return {
	return m.try(func() error { return m.tasks[task].Wire(at(first), size(n), prot) })
}

func (m *maps) Copy(task, from, n, to int) mach.Return {
	var c *vm.Copy
	code := m.try(func() (err error) {
		c, err = m.tasks[task].Read(at(from), size(n))
		return err
	})
	if code != mach.Success {
		return code
	}
	return m.write(task, to, c)
}

// write writes c over memory and uses it up.
func (m *maps) write(task, first int, c *vm.Copy) mach.Return {
	code := m.try(func() error { return m.tasks[task].Write(at(first), c) })
	if code != mach.Success {
		c.Discard()
	}
	return code
}

func (m *maps) Read(task, first, n int, values []byte) mach.Return {
	var c *vm.Copy
	code := m.try(func() (err error) {
		c, err = m.tasks[task].Read(at(first), size(n))
		return err
	})
	if code != mach.Success {
		return code
	}
	defer c.Discard()
	for i := range values {
		if code := m.try(func() error { return c.ReadAt(values[i:i+1], size(i)) }); code != mach.Success {
			return code
		}
	}
	return mach.Success
}

func (m *maps) Write(task, first, n int, value byte) mach.Return {
	b := make([]byte, size(n))
	for i := range b {
		b[i] = value
	}
	c, err := vm.NewCopy(m.env, b)
	if err != nil {
		return mach.Code(err)
	}
	return m.write(task, first, c)
}

func (m *maps) Region(task, page int) (prot, max mach.Prot, how mach.Inherit) {
	r, err := m.tasks[task].Region(at(page))
	if err != nil || r.Address > at(page) {
		return 0, -1, 0
	}
	return r.Prot, r.MaxProt, r.Inherit
}

func (m *maps) Map(task, first, n, object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return {
	a := vm.MapArgs{Address: at(first), Size: size(n), Offset: size(offset), Copy: copied, Cur: prot, Max: mach.ProtAll, Inherit: how}
	return m.try(func() error {
		if object < Objects {
			a.Object = m.objects[object]
		} else {
			a.Object = m.managers[object-Objects].wanted()
		}
		_, err := m.tasks[task].Map(&a)
		if object >= Objects {
			m.managers[object-Objects].fresh(err)
		}
		return err
	})
}

func (m *maps) Fork(task, child int) mach.Return {
	return m.try(func() (err error) {
		m.tasks[child], err = m.tasks[task].Fork()
		return err
	})
}

func (m *maps) Kill(task int) mach.Return {
	return m.try(func() error {
		m.tasks[task].Destroy()
		m.tasks[task] = nil
		return nil
	})
}

func (m *maps) Create(object int) mach.Return {
	r, err := m.env.Frames.Reserve(ObjectPages)
	if err == nil {
		m.objects[object], err = vm.NewReserved(m.env, size(ObjectPages), r)
	}
	return mach.Code(err)
}

func (m *maps) Resize(object, pages int) mach.Return {
	return mach.Code(m.objects[object].SetLimit(size(pages)))
}

func (m *maps) Release(object int) mach.Return {
	m.objects[object].Release()
	m.objects[object] = nil
	return mach.Success
}

func (m *maps) Fetch(slot, task, first, n int) mach.Return {
	s := &m.slots[slot]
	s.size = size(n)
	code := m.try(func() (err error) {
		s.copy, err = m.tasks[task].Read(at(first), s.size)
		return err
	})
	if code != mach.Success {
		return code
	}
	return m.Collect(slot)
}

func (m *maps) Look(slot int, values []byte) {
	for i := range values {
		m.touch(slot, i, func(at mach.VirtAddr) error { return m.program.CopyIn(values[i:i+1], at) })
	}
}

func (m *maps) Scribble(slot, page int, value byte) {
	var b [mach.PageSize]byte
	for i := range b {
		b[i] = value
	}
	m.touch(slot, page, func(at mach.VirtAddr) error { return m.program.CopyOut(at, b[:]) })
}

func (m *maps) touch(slot, page int, f func(mach.VirtAddr) error) {
	if code := m.try(func() error { return f(m.slots[slot].at + mach.VirtAddr(size(page))) }); code != mach.Success {
		panic(fmt.Sprintf("replay: touching slot %d: %v", slot, code))
	}
}

func (m *maps) Post(slot int) mach.Return {
	s := &m.slots[slot]
	return m.try(func() (err error) {
		s.copy, err = m.program.CopyMapIn(s.at, s.size, true)
		return err
	})
}

func (m *maps) Collect(slot int) mach.Return {
	s := &m.slots[slot]
	var err error
	s.at, err = m.program.CopyMapOut(s.copy)
	s.copy = nil
	return mach.Code(err)
}

func (m *maps) Store(slot, task, first int) mach.Return {
	s := &m.slots[slot]
	var c *vm.Copy
	code := m.try(func() (err error) {
		c, err = m.program.CopyMapIn(s.at, s.size, false)
		return err
	})
	if code != mach.Success {
		return code
	}
	return m.write(task, first, c)
}

func (m *maps) Drop(slot int) {
	s := &m.slots[slot]
	if s.copy != nil {
		s.copy.Discard()
	} else if err := m.program.Deallocate(s.at, s.size); err != nil {
		panic(err)
	}
	*s = held{}
	m.settle()
}

func (m *maps) Lock(object, first, n int, what mach.MemoryReturn, flush bool, lock mach.Prot) mach.Return {
	g := m.managers[object-Objects]
	if g.object == nil {
		return mach.Success
	}
	err := g.object.LockRequest(&vm.LockRequest{Offset: size(first), Size: size(n), Return: what, Flush: flush, Lock: lock})
	m.settle()
	return mach.Code(err)
}

func (m *maps) Attributes(object int, mayCache bool, s mach.CopyStrategy) mach.Return {
	g := m.managers[object-Objects]
	g.mayCache, g.strategy = mayCache, s
	if g.object == nil {
		return mach.Success
	}
	err := g.object.Ready(mayCache, s)
	m.settle()
	return mach.Code(err)
}

func (m *maps) Check() error {
	if err := m.env.Check(); err != nil {
		return err
	}
	return m.env.Frames.Check()
}

// end gives up all there is, and says how many frames are left.
func (m *maps) end() mach.PageNumber {
	for i, t := range m.tasks {
		if t != nil {
			m.Kill(i)
		}
	}
	for _, o := range m.objects {
		if o != nil {
			o.Release()
		}
	}
	m.program.Destroy()
	for i := range m.managers {
		m.Attributes(Objects+i, false, mach.CopyDelay)
	}
	return m.env.Ledger().Total()
}

var (
	sequences = flag.Uint64("sequences", 40, "how many `sequences` of operations")
	first     = flag.Uint64("seed", 0, "`seed` of the first")
)

// TestSequencesOnTheKernelsMaps carries out the sequences that the program replay carries out in ring 3, and others.
func TestSequencesOnTheKernelsMaps(t *testing.T) {
	idle := newMaps(t, *first).end() // what the kernel holds for the next object
	for i := range *sequences {
		seed := *first + i
		m := newMaps(t, seed)
		if err := Run(m, seed, 1000); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if left := m.end(); left != idle {
			t.Fatalf("seed %d: %d frames are left, %d where nothing happened", seed, left, idle)
		}
	}
}
