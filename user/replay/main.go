// Command replay carries out random sequences of memory operations on tasks that it makes, by messages to their ports, and holds every answer
// and every byte against a reference model.
//
//	replay --pager=PORT --manager=PORT [--seed=N] [--sequences=N] [--operations=N]
//
// The first PORT is the name of a send right to the default memory manager's port, the second of one to replaypager's, which is the memory manager
// of some of the objects. Each sequence begins with one empty task; those that follow are forked from it. For each it prints
// "replay: seed N: M operations agree", or "replay: FAILED: " and the operation that the kernel and the model disagree about, and ends with exit
// status 1.
package main

import (
	"flag"
	"fmt"
	"os"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/replay"
	"defpager/user/libmach"
)

// base is where the tasks' pages are.
const base = mach.MinUser + 4*mach.SuperSize

func main() {
	pager := args.SendRight("pager", "the default memory manager's port")
	manager := args.SendRight("manager", "replaypager's port")
	seed := flag.Uint64("seed", 1, "`number` that determines the first sequence")
	sequences := flag.Uint64("sequences", 4, "how many `sequences`")
	operations := flag.Int("operations", 1000, "how many `operations` each has")
	args.Parse(pager, manager)
	client, host := libmach.NewClient(), libmach.HostSelf()
	failed := false
	defer func() {
		client.Request()
		client.Call(*manager, replay.MsgQuit)
		if failed {
			os.Exit(1)
		}
	}()
	for i := range *sequences {
		s := &system{client: client, host: host, pager: *pager, manager: *manager, buf: libmach.NewBuffer(256)}
		if err := s.run(*seed+i, *operations); err != nil {
			fmt.Printf("replay: FAILED: seed %d: %v\n", *seed+i, err)
			failed = true
			return
		}
		fmt.Printf("replay: seed %d: %d operations agree\n", *seed+i, *operations)
	}
}

// system implements replay.System by requests to the kernel.
type system struct {
	client  *libmach.Client
	host    mach.Name
	pager   mach.Name
	manager mach.Name
	tasks   [replay.Tasks]mach.Name
	objects [replay.Objects + replay.Managed]mach.Name
	pages   mach.VirtAddr // memory for what is written
	slots   [replay.Slots]slot
	buf     libmach.Buffer
}

func (s *system) run(seed uint64, n int) error {
	var code mach.Return
	if s.tasks[0], code = s.client.TaskCreate(s.client.Task(), false); code != mach.Success {
		return fmt.Errorf("task_create: %w", code)
	}
	if s.pages, code = s.client.VMAllocate(s.client.Task(), 0, size(replay.Pages), true); code != mach.Success {
		return fmt.Errorf("vm_allocate: %w", code)
	}
	if err := s.begin(); err != nil {
		return err
	}
	if err := replay.Run(s, seed, n); err != nil {
		return err
	}
	for i, t := range s.tasks {
		if t != mach.NameNull {
			s.Kill(i)
		}
	}
	for i, o := range s.objects {
		if o != mach.NameNull {
			s.Release(i)
		}
	}
	s.end()
	s.client.VMDeallocate(s.client.Task(), s.pages, size(replay.Pages))
	return nil
}

func at(page int) mach.VirtAddr { return base + mach.VirtAddr(page)*mach.PageSize }

func size(n int) uint64 { return uint64(n) * mach.PageSize }

func (s *system) Allocate(task, first, n int) mach.Return {
	_, code := s.client.VMAllocate(s.tasks[task], at(first), size(n), false)
	return code
}

func (s *system) Deallocate(task, first, n int) mach.Return {
	return s.client.VMDeallocate(s.tasks[task], at(first), size(n))
}

func (s *system) Protect(task, first, n int, setMax bool, prot mach.Prot) mach.Return {
	return s.client.VMProtect(s.tasks[task], at(first), size(n), setMax, prot)
}

func (s *system) Inherit(task, first, n int, how mach.Inherit) mach.Return {
	return s.client.VMInherit(s.tasks[task], at(first), size(n), how)
}

func (s *system) Wire(task, first, n int, prot mach.Prot) mach.Return {
	return s.client.VMWire(s.host, s.tasks[task], at(first), size(n), prot)
}

func (s *system) Region(task, page int) (prot, max mach.Prot, how mach.Inherit) {
	r, code := s.client.VMRegion(s.tasks[task], at(page))
	if code != mach.Success || r.Address > at(page) {
		max = -1
	}
	if r.Object != mach.NameNull {
		s.client.PortDeallocate(s.client.Task(), r.Object)
	}
	if max < 0 {
		return 0, max, 0
	}
	return r.Cur, r.Max, r.Inherit
}

func (s *system) Copy(task, from, n, to int) mach.Return {
	defer s.settle()
	return s.client.VMCopy(s.tasks[task], at(from), size(n), at(to))
}

func (s *system) Read(task, first, n int, values []byte) mach.Return {
	defer s.settle()
	data, got, code := s.client.VMRead(s.tasks[task], at(first), size(n))
	if code != mach.Success {
		return code
	}
	b := libmach.Memory(data, got)
	for i := range values {
		values[i] = b[size(i)]
	}
	return s.client.VMDeallocate(s.client.Task(), data, got)
}

func (s *system) Write(task, first, n int, value byte) mach.Return {
	fill(libmach.Memory(s.pages, size(n)), value)
	return s.client.VMWrite(s.tasks[task], at(first), s.pages, uint32(size(n)))
}

func fill(b []byte, value byte) {
	for i := range b {
		b[i] = value
	}
}

func (s *system) Map(task, first, n, object, offset int, copied bool, prot mach.Prot, how mach.Inherit) mach.Return {
	defer s.settle()
	_, code := s.client.VMMap(s.tasks[task], libmach.Map{
		Address: at(first), Size: size(n), Object: s.objects[object], Offset: size(offset), Copy: copied, Cur: prot, Max: mach.ProtAll, Inherit: how,
	})
	return code
}

// settle waits until the manager has made the copies that it was asked for: it would make them of what is written afterwards.
func (s *system) settle() {
	s.client.Request()
	s.client.Call(s.manager, replay.MsgSettle)
}

func (s *system) Fork(task, child int) (code mach.Return) {
	defer s.settle()
	s.tasks[child], code = s.client.TaskCreate(s.tasks[task], true)
	return code
}

func (s *system) Kill(task int) mach.Return {
	name := s.tasks[task]
	s.tasks[task] = mach.NameNull
	if code := s.client.TaskTerminate(name); code != mach.Success {
		return code
	}
	return s.client.PortDeallocate(s.client.Task(), name)
}

func (s *system) Create(object int) (code mach.Return) {
	s.objects[object], code = s.client.ObjectCreate(s.pager, size(replay.ObjectPages))
	return code
}

func (s *system) Resize(object, pages int) mach.Return {
	return s.client.ObjectSetSize(s.objects[object], size(pages))
}

func (s *system) Release(object int) mach.Return {
	name := s.objects[object]
	s.objects[object] = mach.NameNull
	return s.client.PortDeallocate(s.client.Task(), name)
}

// Check has nothing to look at: the kernel that checks itself does so after every trap.
func (s *system) Check() error { return nil }
