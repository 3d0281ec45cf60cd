// Command steps takes a task's memory through the steps that docs/vm.md explains: a page of zeros, a copy-on-write copy, writes on both sides, and
// a collapse. With the kernel's trace on, its lines stand between the kernel's. It does all of it twice, the first time for its own pages to
// be there: what it prints after "steps: begin" has nothing in it but the steps.
package main

import (
	"fmt"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/libmach"
)

const (
	at   = mach.MinUser + 4*mach.SuperSize
	size = 4 * mach.PageSize
)

func main() {
	debug.SetGCPercent(-1)
	c := libmach.NewClient()
	w := &walk{client: c, word: libmach.NewBuffer(64)}
	for _, begin := range []string{"rehearsal", "begin"} {
		fmt.Println("steps:", begin)
		if err := w.walk(); err != nil {
			fmt.Println("steps: FAILED:", err)
			os.Exit(1)
		}
	}
	fmt.Println("steps: done")
}

// walk makes the steps.
type walk struct {
	client *libmach.Client
	word   libmach.Buffer
	err    error
}

// step says what comes next, and notes the first failure.
func (w *walk) step(what string, do func() mach.Return) {
	if w.err != nil {
		return
	}
	libmach.Print("steps: " + what + "\n")
	if code := do(); code != mach.Success {
		w.err = fmt.Errorf("%s: %w", what, code)
	}
}

func (w *walk) walk() error {
	c := w.client
	parent, code := c.TaskCreate(c.Task(), false)
	if code != mach.Success {
		return fmt.Errorf("task_create: %w", code)
	}
	var child mach.Name
	store := func(task mach.Name, page mach.VirtAddr) func() mach.Return {
		return func() mach.Return {
			return c.VMWrite(task, at+page*mach.PageSize, libmach.Address(w.word), 8)
		}
	}
	w.step("vm_allocate of four pages", func() mach.Return {
		_, code := c.VMAllocate(parent, at, size, false)
		return code
	})
	w.step("a write to page 0", store(parent, 0))
	w.step("task_create: the child inherits a copy", func() (code mach.Return) {
		child, code = c.TaskCreate(parent, true)
		return code
	})
	w.step("the parent writes page 2", store(parent, 2))
	w.step("the child writes page 0", store(child, 0))
	w.step("the parent writes page 0", store(parent, 0))
	w.step("the child ends", func() mach.Return {
		if code := c.TaskTerminate(child); code != mach.Success {
			return code
		}
		return c.PortDeallocate(c.Task(), child)
	})
	w.step("the parent ends", func() mach.Return {
		if code := c.TaskTerminate(parent); code != mach.Success {
			return code
		}
		return c.PortDeallocate(c.Task(), parent)
	})
	return w.err
}
