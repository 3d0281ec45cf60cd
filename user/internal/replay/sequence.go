package replay

import (
	"fmt"
	"math/rand/v2"

	"defpager/mach"
)

const (
	// Tasks is how many tasks there are at most.
	Tasks = 4
	// Objects of the default pager come and go; those of a memory manager, Managed of them behind the others, are always there.
	Objects = 3
	Managed = 2
	// ObjectPages is the size of an object at most, and at first.
	ObjectPages = 8
	// Slots is how many copies of memory wait at once.
	Slots = 3
)

// System is what the operations are carried out on. Tasks, objects and slots are numbers; addresses and sizes are pages below
// Pages. Task 0 exists from the start.
type System interface {
	Allocate(task, first, n int) mach.Return
	Deallocate(task, first, n int) mach.Return
	Protect(task, first, n int, setMax bool, prot mach.Prot) mach.Return
	Inherit(task, first, n int, how mach.Inherit) mach.Return
	Wire(task, first, n int, prot mach.Prot) mach.Return
	Copy(task, from, n, to int) mach.Return
	// Read fills values with the first byte of each page.
	Read(task, first, n int, values []byte) mach.Return
	// Write fills pages with bytes.
	Write(task, first, n int, value byte) mach.Return
	// Region tells of one page; max is negative if it is not mapped.
	Region(task, at int) (prot, max mach.Prot, how mach.Inherit)
	Map(task, first, n, object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return
	Fork(task, child int) mach.Return
	Kill(task int) mach.Return
	Create(object int) mach.Return
	Resize(object, pages int) mach.Return
	Release(object int) mach.Return

	// Fetch takes a copy of memory by vm_read into an empty slot, which is memory of the program itself.
	Fetch(slot, task, first, n int) mach.Return
	// Look fills values with the first byte of each page of a slot.
	Look(slot int, values []byte)
	// Scribble fills a page of a slot with bytes.
	Scribble(slot, at int, value byte)
	// Post moves a slot into a message, and Collect back into memory.
	Post(slot int) mach.Return
	Collect(slot int) mach.Return
	// Store is vm_write from a slot, which it leaves as it is.
	Store(slot, task, first int) mach.Return
	Drop(slot int)

	// Lock has the manager of an object ask for a lock request, and Attributes change what it said of the object. They return when that is done.
	Lock(object, first, n int, what mach.MemoryReturn, flush bool, lock mach.Prot) mach.Return
	Attributes(object int, mayCache bool, s mach.CopyStrategy) mach.Return
	// Check verifies what it can of the system itself.
	Check() error
}

// slot is a copy of memory that waits: in the program's memory, or in a message.
type slot struct {
	values []byte // nil: it is empty
	posted bool
}

// sequence is a run under way.
type sequence struct {
	rand    *rand.Rand
	system  System
	tasks   [Tasks]*task
	objects [Objects + Managed]*object
	called  [Managed]bool // the manager is asked for copies (MEMORY_OBJECT_COPY_CALL)
	slots   [Slots]slot
}

// Run carries out n operations that the seed determines, and compares all that the system answers with the model. In the end it reads every
// page of every task and slot. The error names the operation that went wrong.
func Run(s System, seed uint64, n int) error {
	q := &sequence{rand: rand.New(rand.NewPCG(seed, 0)), system: s}
	q.tasks[0] = new(task)
	for i := range Managed {
		q.objects[Objects+i] = new(object)
		q.objects[Objects+i].resize(ObjectPages)
	}
	for i := range n {
		if err := q.step(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	if err := q.end(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	return nil
}

func (q *sequence) end() error {
	for i := range q.slots {
		if s := &q.slots[i]; s.values != nil {
			if err := q.look(i); err != nil {
				return err
			}
			q.system.Drop(i)
		}
	}
	for t := range q.tasks {
		for at := range Pages {
			if q.tasks[t] == nil {
				break
			}
			if err := q.read(t, at, 1); err != nil {
				return err
			}
		}
	}
	return q.system.Check()
}

// span draws a range of pages.
func (q *sequence) span() (first, n int) {
	n = 1 + q.rand.IntN(6)
	if q.rand.IntN(8) == 0 {
		n = Pages / 2
	}
	return q.rand.IntN(Pages - n + 1), n
}

// living draws a task.
func (q *sequence) living() int {
	for {
		if t := q.rand.IntN(Tasks); q.tasks[t] != nil {
			return t
		}
	}
}

// agree compares codes.
func agree(got, want mach.Return, what string, args ...any) error {
	if got != want {
		return fmt.Errorf("%s answers %v, the model %v", fmt.Sprintf(what, args...), got, want)
	}
	return nil
}

func (q *sequence) step() error {
	t := q.living()
	first, n := q.span()
	model, s := q.tasks[t], q.system
	switch q.rand.IntN(25) {
	case 0, 1:
		return agree(s.Allocate(t, first, n), model.allocate(first, n), "vm_allocate of %d pages at %d in task %d", n, first, t)
	case 2:
		return agree(s.Deallocate(t, first, n), model.deallocate(first, n), "vm_deallocate of %d pages at %d in task %d", n, first, t)
	case 3:
		prot := []mach.Prot{mach.ProtRead, mach.ProtDefault, mach.ProtDefault, mach.ProtNone}[q.rand.IntN(4)]
		setMax := prot == mach.ProtDefault && q.rand.IntN(4) == 0
		return agree(s.Protect(t, first, n, setMax, prot), model.protect(first, n, setMax, prot), "vm_protect of %d pages at %d in task %d to %v", n, first, t, prot)
	case 4:
		how := mach.Inherit(q.rand.IntN(3))
		return agree(s.Inherit(t, first, n, how), model.inherit(first, n, how), "vm_inherit of %d pages at %d in task %d", n, first, t)
	case 5, 6:
		to := q.rand.IntN(Pages - n + 1)
		if n > Small && model.lost(first, n) || n >= Small && model.lost(to, n) {
			return nil // what is lost shows in one piece or another, as entries lie
		}
		if n > Small && q.calls(t, first, n) {
			return nil // the manager could be told of the copy when the first of it has been written over the rest
		}
		return agree(s.Copy(t, first, n, to), model.copy(first, n, to), "vm_copy of %d pages at %d to %d in task %d", n, first, to, t)
	case 7, 8, 9:
		return q.read(t, first, n)
	case 10, 11, 12:
		if n >= Small && model.lost(first, n) {
			return nil
		}
		value := byte(q.rand.IntN(256))
		values := make([]byte, n)
		for i := range values {
			values[i] = value
		}
		return agree(s.Write(t, first, n, value), model.write(first, values), "vm_write of %d pages at %d in task %d", n, first, t)
	case 13:
		return q.mapSome(t, first)
	case 14:
		return q.family(t)
	case 15:
		return q.object()
	case 16:
		prot := []mach.Prot{mach.ProtRead, mach.ProtDefault, mach.ProtNone, mach.ProtNone}[q.rand.IntN(4)]
		return agree(s.Wire(t, first, n, prot), model.wire(first, n, prot), "vm_wire of %d pages at %d in task %d for %v", n, first, t, prot)
	case 17:
		return q.region(t)
	case 18:
		return q.manage()
	case 19:
		return q.mapManaged(t, first)
	default:
		return q.slot(t, first, n)
	}
}

// calls reports whether a page of the range is one of an object whose manager is asked for copies.
func (q *sequence) calls(t, first, n int) (calls bool) {
	q.tasks[t].each(first, n, func(p *page) {
		for i, called := range q.called {
			calls = calls || called && p.object == q.objects[Objects+i]
		}
	})
	return calls
}

func (q *sequence) read(t, first, n int) error {
	if n > Small && q.tasks[t].lost(first, n) {
		return nil
	}
	want, code := q.tasks[t].read(first, n)
	var got [Pages]byte
	if err := agree(q.system.Read(t, first, n, got[:n]), code, "vm_read of %d pages at %d in task %d", n, first, t); err != nil || code != mach.Success {
		return err
	}
	if got != want {
		return fmt.Errorf("vm_read of %d pages at %d in task %d finds %x, the model %x", n, first, t, got[:n], want[:n])
	}
	return nil
}

// region compares what vm_region tells of all pages of a task.
func (q *sequence) region(t int) error {
	for at, p := range q.tasks[t].pages {
		want := page{max: -1}
		if p != nil {
			want = *p
		}
		prot, max, how := q.system.Region(t, at)
		if max != want.max || p != nil && (prot != want.prot || how != want.inherit) {
			return fmt.Errorf("vm_region of page %d of task %d tells %v of %v, inherited %d, the model %+v", at, t, prot, max, how, want)
		}
	}
	return nil
}

func (q *sequence) mapSome(t, first int) error {
	if o := q.rand.IntN(Objects); q.objects[o] != nil {
		return q.mapObject(t, first, o)
	}
	return nil
}

func (q *sequence) mapManaged(t, first int) error {
	return q.mapObject(t, first, Objects+q.rand.IntN(Managed))
}

func (q *sequence) mapObject(t, first, o int) error {
	offset := q.rand.IntN(ObjectPages)
	n := 1 + q.rand.IntN(min(ObjectPages-offset, Pages-first))
	copied := q.rand.IntN(3) == 0
	prot := []mach.Prot{mach.ProtDefault, mach.ProtDefault, mach.ProtRead}[q.rand.IntN(3)]
	how := mach.Inherit(q.rand.IntN(2))
	return agree(q.system.Map(t, first, n, o, offset, copied, prot, how), q.tasks[t].mapObject(first, n, q.objects[o], offset, copied, prot, how),
		"vm_map of %d pages of object %d from %d on at %d in task %d (copy %v)", n, o, offset, first, t, copied)
}

// family forks a task, or kills one that is not the last.
func (q *sequence) family(t int) error {
	other := q.rand.IntN(Tasks)
	if q.tasks[other] == nil {
		q.tasks[other] = q.tasks[t].fork()
		if err := agree(q.system.Fork(t, other), mach.Success, "task_create of task %d by %d", other, t); err != nil {
			return err
		}
		return q.system.Check()
	}
	if other != t {
		q.tasks[other] = nil
		return agree(q.system.Kill(other), mach.Success, "task_terminate of task %d", other)
	}
	return nil
}

// object makes an object, changes its size, or drops the right to one.
func (q *sequence) object() error {
	o := q.rand.IntN(Objects)
	if q.objects[o] == nil {
		q.objects[o] = new(object)
		q.objects[o].resize(ObjectPages)
		return agree(q.system.Create(o), mach.Success, "default_pager_object_create of object %d", o)
	}
	if q.rand.IntN(3) != 0 {
		pages := q.rand.IntN(ObjectPages + 1)
		q.objects[o].resize(pages)
		return agree(q.system.Resize(o, pages), mach.Success, "default_pager_object_set_size of object %d to %d pages", o, pages)
	}
	q.objects[o] = nil
	return agree(q.system.Release(o), mach.Success, "dropping object %d", o)
}

// manage has the manager do something to one of its objects that changes no contents.
func (q *sequence) manage() error {
	o := Objects + q.rand.IntN(Managed)
	if q.rand.IntN(4) == 0 {
		strategy := []mach.CopyStrategy{mach.CopyNone, mach.CopyDelay, mach.CopyCall}[q.rand.IntN(3)]
		q.called[o-Objects] = strategy == mach.CopyCall
		return agree(q.system.Attributes(o, q.rand.IntN(2) == 0, strategy), mach.Success, "change_attributes of object %d", o)
	}
	first := q.rand.IntN(ObjectPages)
	n := 1 + q.rand.IntN(ObjectPages-first)
	what := mach.ReturnDirty + mach.MemoryReturn(q.rand.IntN(2))
	flush := q.rand.IntN(2) == 0
	lock := []mach.Prot{mach.ProtNone, mach.ProtWrite, mach.ProtAll, mach.ProtNoChange}[q.rand.IntN(4)]
	return agree(q.system.Lock(o, first, n, what, flush, lock), mach.Success, "lock_request of %d pages of object %d from %d on: return %d, flush %v, lock %v",
		n, o, first, what, flush, lock)
}

// look compares a slot's contents.
func (q *sequence) look(i int) error {
	s := &q.slots[i]
	if s.posted {
		s.posted = false
		if err := agree(q.system.Collect(i), mach.Success, "receiving slot %d", i); err != nil {
			return err
		}
	}
	got := make([]byte, len(s.values))
	q.system.Look(i, got)
	if string(got) != string(s.values) {
		return fmt.Errorf("slot %d holds %x, the model %x", i, got, s.values)
	}
	return nil
}

// slot does something to a copy of memory that waits, or takes a new one.
func (q *sequence) slot(t, first, n int) error {
	i := q.rand.IntN(Slots)
	s := &q.slots[i]
	if s.values == nil {
		if n > Small && q.tasks[t].lost(first, n) {
			return nil
		}
		values, code := q.tasks[t].read(first, n)
		if err := agree(q.system.Fetch(i, t, first, n), code, "vm_read of %d pages at %d in task %d to slot %d", n, first, t, i); err != nil || code != mach.Success {
			return err
		}
		s.values = append([]byte(nil), values[:n]...)
		return nil
	}
	what := q.rand.IntN(8)
	if what < 2 || s.posted && what > 2 {
		s.posted = !s.posted
		if s.posted {
			return agree(q.system.Post(i), mach.Success, "sending slot %d", i)
		}
		return agree(q.system.Collect(i), mach.Success, "receiving slot %d", i)
	}
	switch n = len(s.values); {
	case what == 2:
		*s = slot{}
		q.system.Drop(i)
	case what == 3:
		return q.look(i)
	case what == 4:
		at, value := q.rand.IntN(n), byte(q.rand.IntN(256))
		s.values[at] = value
		q.system.Scribble(i, at, value)
	default:
		first = min(first, Pages-n)
		if n >= Small && q.tasks[t].lost(first, n) {
			return nil
		}
		return agree(q.system.Store(i, t, first), q.tasks[t].write(first, s.values), "vm_write of slot %d, %d pages, at %d in task %d", i, n, first, t)
	}
	return nil
}
