package main

import (
	"fmt"
	"math/rand/v2"

	"defpager/mach"
	"defpager/user/internal/books"
	"defpager/user/libmach"
)

const (
	// base is where the tasks' pages are, far from where the program's own memory is.
	base = mach.MinUser + 1<<40

	tasks   = 8   // at most, with the program itself, which is task 0
	objects = 6   // at most
	longest = 128 // pages of an object
	span    = 96  // pages of one operation
	copies  = 4   // answers of vm_read that wait
)

// soak is the tasks and objects, and what they must hold.
type soak struct {
	client  *libmach.Client
	pager   mach.Name
	books   *books.Keeper
	host    mach.Name // the privileged port, to wire more than a program may
	most    int       // pages that may be there at once, without those of objects
	promise int       // pages of objects
	source  rand.PCG
	random  *rand.Rand // of source
	buffer  []byte     // what is written
	value   uint32     // the last one

	arena  arena
	list   [tasks]*task
	shared [objects]*object
	copies [copies]reply
	boxes  [boxes]box
	mail   libmach.Buffer
	full   mach.Name // a port whose queue is full

	stranded                                             int // tasks that ended with threads that waited
	operations, tasks, objects, overcommitted, shortages int
}

// reply is memory that vm_read answered, which stays what it was.
type reply struct {
	memory []byte // nil: there is none
	values [span]uint32
}

// disagree is how the kernel's code differs from the reference's.
func disagree(call string, got, want mach.Return) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%s: %v, not %v", call, got, want)
}

// insist makes a call, again while memory is short: what is written to storage gives frames. A call that was refused changed nothing that another does not.
func (s *soak) insist(call func() mach.Return) (code mach.Return) {
	const tries, pause = 500, 10 // milliseconds
	for range tries {
		if code = call(); code != mach.ResourceShortage && code != mach.SendNoBuffer {
			break
		}
		s.shortages++
		s.client.Sleep(pause)
	}
	return code
}

// read is vm_read.
func (s *soak) read(t *task, first int, bytes uint64) (memory []byte, code mach.Return) {
	code = s.insist(func() mach.Return {
		data, got, code := s.client.VMRead(t.port, at(first), bytes)
		if code == mach.Success {
			memory = libmach.Memory(data, got)
		}
		return code
	})
	return memory, code
}

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page)<<mach.PageShift }

func size(n int) uint64 { return uint64(n) << mach.PageShift }

// wiredHeap is how much of the program's heap is wired, in bytes. Rounds take next to nothing of it: it is never collected.
const wiredHeap = 4 << 20

// begin takes the memory that the program itself needs, and then all but leave pages: what nobody else shall have. 0: it takes no more.
func (s *soak) begin(leave uint64) error {
	to, code := s.client.VMAllocate(s.client.Task(), 0, size(span), true)
	if code != mach.Success {
		return disagree("vm_allocate", code, mach.Success)
	}
	s.buffer = libmach.Memory(to, size(span))
	s.books = books.New(s.client, s.host, s.pager)
	s.mail = libmach.NewBuffer(512)
	if err := s.fill(); err != nil {
		return err
	}
	s.random = rand.New(&s.source)
	if err := s.client.WireProgram(s.host, wiredHeap); err != nil { // the same frames are its own each time the books are looked at
		return err
	}
	if leave == 0 {
		return nil
	}
	return s.leave(leave)
}

// leave takes all frames but so many, and wires them. It is told how much is left, not how much to take: what there is depends on the programs that are loaded.
func (s *soak) leave(frames uint64) error {
	v, code := s.client.VMStatistics(s.client.Task())
	if code != mach.Success {
		return disagree("vm_statistics", code, mach.Success)
	}
	if uint64(v.Free) <= frames {
		return fmt.Errorf("there are only %d frames, not %d", v.Free, frames)
	}
	hold := size(int(uint64(v.Free) - frames))
	at, code := s.client.VMAllocate(s.client.Task(), 0, hold, true)
	if code != mach.Success {
		return disagree("vm_allocate", code, mach.Success)
	}
	return disagree("vm_wire", s.client.VMWire(s.host, s.client.Task(), at, hold, mach.ProtDefault), mach.Success)
}

// round carries out n operations that the seed determines, or fewer if the reference has no room for more, looks at everything, and ends all.
func (s *soak) round(seed uint64, n int) error {
	s.source.Seed(seed, 0)
	s.arena.clear()
	s.list[0] = s.arena.task(0)
	s.list[0].port, s.list[0].own = s.client.Task(), true
	for i := 0; i < n && !s.arena.full(); i++ {
		s.operations++
		if err := s.operation(); err != nil {
			return err
		}
	}
	return s.end()
}

func (s *soak) operation() error {
	i := s.random.IntN(tasks)
	t := s.list[i]
	if t == nil {
		return s.create(i)
	}
	switch k := s.random.IntN(200); {
	case k < 36:
		return s.allocate(t)
	case k < 42:
		return s.deallocate(t)
	case k < 92:
		return s.write(t)
	case k < 132:
		return s.verify(t)
	case k < 144:
		return s.copy(t)
	case k < 166:
		return s.object(t)
	case k < 174:
		return s.inherit(t)
	case k < 182:
		return s.keep(t)
	case k < 198 || i == 0:
		return s.letter()
	}
	return s.kill(i)
}

// area is a random part of a task's space.
func (s *soak) area() (first, n int) {
	n = 1 + s.random.IntN(span)
	return s.random.IntN(pages - n), n
}

// used is how many pages there are at most but of objects that were promised frames: those that are shared count several times.
func (s *soak) used() int {
	n := s.onTheWay() + s.objectPages(true)
	for _, t := range s.list {
		if t == nil {
			continue
		}
		for i := range t.pages {
			if t.pages[i].cell != nil {
				n++
			}
		}
	}
	return n
}

// create makes a task: empty, or the child of one.
func (s *soak) create(i int) error {
	parent, child := s.client.Task(), s.arena.task(i)
	p := s.random.IntN(tasks)
	inherit := p != 0 && s.list[p] != nil && s.used() < s.most/2
	if inherit {
		parent = s.list[p].port
		s.arena.inherit(s.list[p], child)
	}
	code := s.insist(func() (code mach.Return) {
		child.port, code = s.client.TaskCreate(parent, inherit)
		return code
	})
	if code != mach.Success {
		return disagree("task_create", code, mach.Success)
	}
	s.list[i] = child
	s.tasks++
	return nil
}

func (s *soak) kill(i int) error {
	t := s.list[i]
	port := t.port
	s.list[i] = nil
	if s.random.IntN(3) == 0 {
		if err := s.strand(t); err != nil {
			return err
		}
	} else if code := s.insist(func() mach.Return { return s.client.TaskTerminate(port) }); code != mach.Success {
		return disagree("task_terminate", code, mach.Success)
	}
	if code := s.client.PortDeallocate(s.client.Task(), port); code != mach.Success {
		return disagree("mach_port_deallocate of a task", code, mach.Success)
	}
	return s.died(i)
}

func (s *soak) allocate(t *task) error {
	first, n := s.area()
	free := t.run(first, n, false)
	if s.used()+n > s.most {
		return nil
	}
	if free < n && s.random.IntN(4) == 0 {
		_, code := s.client.VMAllocate(t.port, at(first), size(n), false)
		return disagree("vm_allocate of what is there", code, mach.NoSpace)
	}
	if free == 0 {
		return nil
	}
	code := s.insist(func() mach.Return {
		_, code := s.client.VMAllocate(t.port, at(first), size(free), false)
		return code
	})
	if code != mach.Success {
		return disagree("vm_allocate", code, mach.Success)
	}
	for i := first; i < first+free; i++ {
		t.pages[i] = page{cell: s.arena.cell(0), inherit: mach.InheritCopy, mapped: true}
	}
	return nil
}

func (s *soak) deallocate(t *task) error {
	first, n := s.area()
	clear(t.pages[first : first+n])
	return disagree("vm_deallocate", s.insist(func() mach.Return { return s.client.VMDeallocate(t.port, at(first), size(n)) }), mach.Success)
}

func (s *soak) inherit(t *task) error {
	first, n := s.area()
	how := mach.Inherit(s.random.IntN(3))
	for i := range t.pages[first : first+n] {
		t.pages[first+i].inherit = how
	}
	return disagree("vm_inherit", s.insist(func() mach.Return { return s.client.VMInherit(t.port, at(first), size(n), how) }), mach.Success)
}

// write fills pages that are there, by vm_write or, of the program itself, by instructions.
func (s *soak) write(t *task) error {
	first, n := s.area()
	n = t.whole(first, min(n, 1+s.random.IntN(span)))
	if n == 0 {
		return nil
	}
	to := s.buffer
	if t.own {
		to = libmach.Memory(at(first), size(n))
	}
	for i := range n {
		s.value++
		value := s.value
		if s.random.IntN(8) == 0 {
			value = 0
		}
		t.pages[first+i].contents().value = value
		fill(to[size(i):size(i+1)], value)
	}
	if t.own {
		return nil
	}
	code := s.insist(func() mach.Return {
		return s.client.VMWrite(t.port, at(first), libmach.Address(s.buffer), uint32(size(n)))
	})
	return disagree("vm_write", code, mach.Success)
}

// verify reads pages, also such as are lost or not there.
func (s *soak) verify(t *task) error {
	first, n := s.area()
	if !t.pages[first].mapped {
		_, code := s.read(t, first, size(n))
		return disagree("vm_read of nothing", code, mach.InvalidAddress)
	}
	if t.pages[first].contents() == nil {
		_, code := s.read(t, first, size(1))
		return disagree("vm_read of a page beyond the end", code, mach.MemoryError)
	}
	return s.compare(t, first, t.whole(first, n))
}

// compare holds pages of a task against the reference: in place if they are the program's own, at times.
func (s *soak) compare(t *task, first, n int) error {
	memory := libmach.Memory(at(first), size(n))
	read := !t.own || s.random.IntN(2) == 0
	if read {
		var code mach.Return
		if memory, code = s.read(t, first, size(n)); code != mach.Success {
			return disagree("vm_read", code, mach.Success)
		}
	}
	for i := range n {
		if value := t.pages[first+i].contents().value; !holds(memory[size(i):size(i+1)], value) {
			return fmt.Errorf("page %d of a task holds other than what value %d determines", first+i, value)
		}
	}
	if !read {
		return nil
	}
	return disagree("vm_deallocate of a reply", s.insist(func() mach.Return { return s.client.VMDeallocate(s.client.Task(), libmach.Address(memory), size(n)) }), mach.Success)
}

// copy is vm_copy within a task.
func (s *soak) copy(t *task) error {
	from, n := s.area()
	to := s.random.IntN(pages - n)
	n = t.whole(from, n)
	if n = t.whole(to, n); n == 0 || from < to+n && to < from+n {
		return nil
	}
	var values [span]uint32
	for i := range n {
		values[i] = t.pages[from+i].contents().value
	}
	for i := range n {
		t.pages[to+i].contents().value = values[i]
	}
	code := s.insist(func() mach.Return { return s.client.VMCopy(t.port, at(from), size(n), at(to)) })
	return disagree("vm_copy", code, mach.Success)
}

// keep takes a copy of pages by vm_read for later, or looks at one and gives it up.
func (s *soak) keep(t *task) error {
	r := &s.copies[s.random.IntN(copies)]
	if r.memory != nil {
		return s.look(r)
	}
	first, n := s.area()
	if n = t.whole(first, n); n == 0 || s.used() > s.most/2 {
		return nil
	}
	memory, code := s.read(t, first, size(n))
	if code != mach.Success {
		return disagree("vm_read", code, mach.Success)
	}
	r.memory = memory
	for i := range n {
		r.values[i] = t.pages[first+i].contents().value
	}
	return nil
}

func (s *soak) look(r *reply) error {
	memory := r.memory
	r.memory = nil
	n := len(memory) >> mach.PageShift
	for i, value := range r.values[:n] {
		if !holds(memory[size(i):size(i+1)], value) {
			return fmt.Errorf("page %d of a reply holds other than what value %d determines", i, value)
		}
	}
	return disagree("vm_deallocate of a reply", s.insist(func() mach.Return { return s.client.VMDeallocate(s.client.Task(), libmach.Address(memory), size(n)) }), mach.Success)
}
