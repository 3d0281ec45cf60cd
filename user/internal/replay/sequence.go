package replay

import (
	"fmt"
	"math/rand/v2"

	"defpager/mach"
)

// Tasks and Objects are how many there are at once.
const (
	Tasks   = 4
	Objects = 3
	// ObjectPages is the size of an object.
	ObjectPages = 8
)

// System is what the operations are carried out on. Tasks and objects are numbers below Tasks and Objects; addresses and sizes are pages below
// Pages. Task 0 exists from the start.
type System interface {
	Allocate(task, first, n int) mach.Return
	Deallocate(task, first, n int) mach.Return
	Protect(task, first, n int, setMax bool, prot mach.Prot) mach.Return
	Inherit(task, first, n int, how mach.Inherit) mach.Return
	Copy(task, from, n, to int) mach.Return
	// Read fills values with the first byte of each page.
	Read(task, first, n int, values []byte) mach.Return
	// Write fills pages with bytes.
	Write(task, first, n int, value byte) mach.Return
	Map(task, first, n, object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return
	Fork(task, child int) mach.Return
	Kill(task int) mach.Return
	Create(object int) mach.Return
	Release(object int) mach.Return
	// Check verifies what it can of the system itself.
	Check() error
}

// sequence is a run under way.
type sequence struct {
	rand    *rand.Rand
	system  System
	tasks   [Tasks]*task
	objects [Objects]*object
}

// Run carries out n operations that the seed determines, and compares all that the system answers with the model. In the end it reads every
// page of every task. The error names the operation that went wrong.
func Run(s System, seed uint64, n int) error {
	q := &sequence{rand: rand.New(rand.NewPCG(seed, 0)), system: s}
	q.tasks[0] = new(task)
	for i := range n {
		if err := q.step(); err != nil {
			return fmt.Errorf("operation %d: %w", i, err)
		}
	}
	for t := range q.tasks {
		for at := range Pages {
			if q.tasks[t] == nil {
				break
			}
			if err := q.read(t, at, 1); err != nil {
				return fmt.Errorf("at the end: %w", err)
			}
		}
	}
	return nil
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
	switch q.rand.IntN(16) {
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
		return agree(s.Copy(t, first, n, to), model.copy(first, n, to), "vm_copy of %d pages at %d to %d in task %d", n, first, to, t)
	case 7, 8, 9:
		return q.read(t, first, n)
	case 10, 11, 12:
		value := byte(q.rand.IntN(256))
		return agree(s.Write(t, first, n, value), model.write(first, n, value), "vm_write of %d pages at %d in task %d", n, first, t)
	case 13:
		return q.mapSome(t, first)
	case 14:
		return q.family(t)
	default:
		return q.object()
	}
}

func (q *sequence) read(t, first, n int) error {
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

func (q *sequence) mapSome(t, first int) error {
	o := q.rand.IntN(Objects)
	if q.objects[o] == nil {
		return nil
	}
	offset := q.rand.IntN(ObjectPages)
	n := 1 + q.rand.IntN(min(ObjectPages-offset, Pages-first))
	copied := q.rand.IntN(3) == 0
	prot := []mach.Prot{mach.ProtDefault, mach.ProtDefault, mach.ProtRead}[q.rand.IntN(3)]
	how := mach.Inherit(q.rand.IntN(2))
	return agree(q.system.Map(t, first, n, o, offset, copied, prot, how), q.tasks[t].mapObject(first, n, q.objects[o], offset, copied, prot, how),
		"vm_map of %d pages of object %d from %d on at %d in task %d", n, o, offset, first, t)
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

// object makes an object, or drops the right to one.
func (q *sequence) object() error {
	o := q.rand.IntN(Objects)
	if q.objects[o] != nil {
		q.objects[o] = nil
		return agree(q.system.Release(o), mach.Success, "dropping object %d", o)
	}
	made := new(object)
	for range ObjectPages {
		made.cells = append(made.cells, &cell{})
	}
	q.objects[o] = made
	return agree(q.system.Create(o), mach.Success, "default_pager_object_create of object %d", o)
}
