package replay

import (
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
	env     *vm.Env
	tasks   [Tasks]*vm.Map
	objects [Objects]*vm.Object
}

const base = mach.MinUser + 4*mach.SuperSize

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page)*mach.PageSize }

func size(n int) uint64 { return uint64(n) * mach.PageSize }

func newMaps(t *testing.T) *maps {
	const memory = 8 << 20
	mem := board.Simulated(memory)
	frames := frame.New(mem, make([]frame.Desc, memory>>mach.PageShift), []board.Range{{Start: mach.PageSize, Size: memory - mach.PageSize}})
	m := &maps{env: &vm.Env{Mem: mem, Frames: frames, Pmap: &pmap.Env{Mem: mem, Frames: frames, TLB: &sim.MMU{Mem: mem}, NX: true}}}
	var err error
	if m.tasks[0], err = vm.NewMap(m.env); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *maps) Allocate(task, first, n int) mach.Return {
	_, err := m.tasks[task].Allocate(at(first), size(n), false)
	return mach.Code(err)
}

func (m *maps) Deallocate(task, first, n int) mach.Return {
	return mach.Code(m.tasks[task].Deallocate(at(first), size(n)))
}

func (m *maps) Protect(task, first, n int, setMax bool, prot mach.Prot) mach.Return {
	return mach.Code(m.tasks[task].Protect(at(first), size(n), setMax, prot))
}

func (m *maps) Inherit(task, first, n int, how mach.Inherit) mach.Return {
	return mach.Code(m.tasks[task].Inherit(at(first), size(n), how))
}

func (m *maps) Copy(task, from, n, to int) mach.Return {
	return mach.Code(m.tasks[task].Copy(at(from), size(n), at(to)))
}

func (m *maps) Read(task, first, n int, values []byte) mach.Return {
	c, err := m.tasks[task].Read(at(first), size(n))
	if err != nil {
		return mach.Code(err)
	}
	defer c.Discard()
	for i := range values {
		if err := c.ReadAt(values[i:i+1], size(i)); err != nil {
			return mach.Code(err)
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
	if err == nil {
		if err = m.tasks[task].Write(at(first), c); err != nil {
			c.Discard()
		}
	}
	return mach.Code(err)
}

func (m *maps) Map(task, first, n, object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return {
	_, err := m.tasks[task].Map(&vm.MapArgs{
		Address: at(first), Size: size(n), Object: m.objects[object], Offset: size(offset), Copy: copied, Cur: prot, Max: mach.ProtAll, Inherit: how,
	})
	return mach.Code(err)
}

func (m *maps) Fork(task, child int) mach.Return {
	var err error
	m.tasks[child], err = m.tasks[task].Fork()
	return mach.Code(err)
}

func (m *maps) Kill(task int) mach.Return {
	m.tasks[task].Destroy()
	return mach.Success
}

func (m *maps) Create(object int) mach.Return {
	r, err := m.env.Frames.Reserve(ObjectPages)
	if err == nil {
		m.objects[object], err = vm.NewReserved(m.env, size(ObjectPages), r)
	}
	return mach.Code(err)
}

func (m *maps) Release(object int) mach.Return {
	m.objects[object].Release()
	return mach.Success
}

func (m *maps) Check() error { return m.env.Check() }

// TestSequencesOnTheKernelsMaps carries out the sequences that the program replay carries out in ring 3, and others.
func TestSequencesOnTheKernelsMaps(t *testing.T) {
	for seed := range uint64(40) {
		if err := Run(newMaps(t), seed, 1000); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
