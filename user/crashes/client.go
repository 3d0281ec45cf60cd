package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/books"
	"defpager/user/internal/text"
	"defpager/user/libmach"
)

// client works on memory that a manager keeps.
type client struct {
	client                *libmach.Client
	host, command, kernel mach.Name
	pager                 mach.Name // the kernel's, as a right of its own
	pages                 int
	child                 mach.Name
	at                    mach.VirtAddr
	source                []byte
	deaths, lost, failed  int
	died                  bool  // the manager of this round has
	death                 death // of this round's first manager
	exact                 bool  // in this round no copy of a page goes out but the page itself
	had                   []bool
	unseen                uint64 // pages at most that were in messages that nobody looked at
	there                 uint64 // names of the managers' task
	line                  text.Line
	open                  account
	books                 *books.Keeper
}

func newClient(host, command, pager mach.Name, pages int) *client {
	c := &client{
		client: libmach.NewClient(), host: host, command: command, pager: pager, pages: pages, source: memory(page), had: make([]bool, most), line: text.New(),
	}
	c.books = books.New(c.client, host, pager)
	noise := rand.NewChaCha8([32]byte{})
	_, _ = noise.Read(c.source) // so that pages that go out between two managers do not compress, and take blocks
	var code mach.Return
	c.kernel, code = c.client.DefaultManager(host, mach.NameNull)
	must("vm_set_default_memory_manager", code)
	// The memory of a default manager's task is never paged out. This one is none, but must not die with one.
	mine, code := libmach.PortAllocate(c.client.Task(), mach.RightReceive)
	must("mach_port_allocate", code)
	must("mach_port_insert_right", c.client.PortInsertRight(c.client.Task(), mine, mine, mach.MsgMakeSend))
	_, code = c.client.DefaultManager(host, mine)
	must("vm_set_default_memory_manager", code)
	c.exchange(c.kernel)
	must("mach_port_destroy", c.client.PortDestroy(c.client.Task(), mine))
	return c
}

func (c *client) fail(format string, args ...any) {
	c.failed++
	fmt.Printf("FAIL %v: %s\n", c.death, fmt.Sprintf(format, args...))
}

// tell sends the manager a command.
func (c *client) tell(id mach.MsgID, a, b uint64) mig.Reader {
	w := c.client.Request()
	w.Uint64(a)
	w.Uint64(b)
	r, code := c.client.Call(c.command, id)
	must("a command", code)
	return r
}

// install makes the default memory manager one that dies so.
func (c *client) install(d death) {
	a, b := d.pack()
	r := c.tell(cmdStart, a, b)
	c.exchange(r.Port(mach.MsgPortSend))
}

// exchange sets the default memory manager, by a right that is given up unless it is the kernel's.
func (c *client) exchange(manager mach.Name) {
	old, code := c.client.DefaultManager(c.host, manager)
	if manager != c.kernel {
		must("mach_port_deallocate", libmach.PortDeallocate(c.client.Task(), manager))
	}
	if code == mach.InvalidArgument {
		return // it is dead already
	}
	must("vm_set_default_memory_manager", code)
	if old != mach.NameNull {
		must("mach_port_deallocate", libmach.PortDeallocate(c.client.Task(), old))
	}
}

// replace sets another manager if the one that was has died, and reports that.
func (c *client) replace() bool {
	now, code := c.client.DefaultManager(c.host, mach.NameNull)
	must("vm_set_default_memory_manager", code)
	if now != mach.NameNull {
		must("mach_port_deallocate", libmach.PortDeallocate(c.client.Task(), now))
		return false
	}
	if c.died {
		c.fail("the second manager died")
	}
	c.died = true
	c.install(never)
	return true
}

// run has one manager after the other die.
func (c *client) run(kinds, verbose bool) {
	const same, most = 3, 20
	delays, turns := [...]int{0, 3}, [...]int{1, 2, 11}
	for last, n, i := (account{}), 0, 0; n < same; i++ { // until all have what they need for good
		for _, delay := range delays {
			for _, k := range []int{-1, 4, 5} {
				c.round(death{steps: k, delay: delay})
			}
		}
		c.progress(verbose)
		n++
		if now := c.settled(last, soon); !now.same(last) {
			if i == most {
				c.fail("there is no end of what is needed: %s", now.differ(last))
				break
			}
			last, n = now, 0
		}
	}
	c.deaths, c.lost = 0, 0
	c.open = c.settled(account{}, soon)
	for _, delay := range delays {
		for p := noMoment + 1; p < moments; p++ {
			for i, turn := range turns {
				switch {
				case !p.once():
					c.round(death{never.steps, p, turn, delay, i == 1})
				case i <= 1:
					c.round(death{never.steps, p, 1, delay, i == 1})
				}
			}
			c.progress(verbose)
		}
	}
	for _, delay := range delays {
		for k := 0; !kinds && c.round(death{steps: k, delay: delay, mute: k%4 == 3}); k++ { // until it is over before the manager is
			c.progress(verbose && k%64 == 0)
		}
	}
	c.tell(cmdEnd, 0, 0)
}

// progress says how far it has come. It takes no memory when the books are open; before, it is a rehearsal.
func (c *client) progress(tell bool) {
	if tell {
		c.line.Text("crashes: ").Number(uint64(c.deaths)).Text(" deaths, ").Number(uint64(c.lost)).Text(" pages lost").Print(c.open == (account{}))
	}
}

// round is the life of some memory and of a manager that dies. It reports whether it did.
func (c *client) round(d death) bool {
	c.death, c.died, c.exact = d, false, (d.steps+d.turn)%2 == 0
	c.install(d)
	var code mach.Return
	c.child, code = libmach.TaskCreate(c.client.Task(), false)
	must("task_create", code)
	c.at, code = c.client.VMAllocate(c.child, 0, uint64(c.pages)*page, true)
	must("vm_allocate", code)
	for n := range c.pages {
		c.write(n)
	}
	for i := range c.pages {
		if n := i * 367 % c.pages; c.exact {
			c.bring(n)
		} else {
			c.read(n, nil)
		}
	}
	c.replace()
	if c.died {
		c.deaths++
		const piece = 64 // pages that a message has at most
		r := c.tell(cmdHad, 0, 0)
		c.unseen = r.Uint64() * piece
		for n := 0; n < c.pages; n += 64 {
			for v, i := r.Uint64(), 0; i < 64; i++ {
				c.had[n+i] = v>>i&1 != 0
			}
		}
		for n := range c.pages {
			c.read(n, c.had)
		}
	}
	must("task_terminate", libmach.TaskTerminate(c.child))
	must("mach_port_deallocate", libmach.PortDeallocate(c.client.Task(), c.child))
	c.exchange(c.kernel)
	r := c.tell(cmdFinish, 0, 0)
	c.there = r.Uint64()
	if dead := r.Uint64(); dead != 0 && !c.died {
		c.died = true // when its object was, and its memory
		c.deaths++
	}
	if d.moment != noMoment && !c.died {
		c.fail("it does not come to that")
	}
	if c.open != (account{}) {
		if now := c.settled(c.open, after); !now.same(c.open) {
			c.fail("the books do not balance: %s", now.differ(c.open))
			c.open = now
		}
	}
	return c.died
}

// bring has page n come back to its frame.
func (c *client) bring(n int) {
	at := c.at + mach.VirtAddr(n)*page
	code := c.insist(func() mach.Return { return c.client.VMWire(c.host, c.child, at, page, mach.ProtRead) })
	if code == mach.MemoryError {
		c.mourn(n)
		return
	}
	must("vm_wire", code)
	must("vm_wire", c.client.VMWire(c.host, c.child, at, page, mach.ProtNone))
}

// mourn is for a page that is lost, which can be only when a manager died.
func (c *client) mourn(n int) {
	c.replace()
	if !c.died {
		c.fail("page %d is lost, and no manager died", n)
	}
}

// insist tries again while there is no frame, and sets another manager when that may be why.
func (c *client) insist(f func() mach.Return) (code mach.Return) {
	const turns, sleeps = 100, 5000
	for i := range turns + sleeps {
		if code = f(); !short(code) {
			return code
		}
		switch {
		case c.replace():
		case i < turns:
			libmach.Swtch()
		default:
			c.client.Sleep(1)
		}
	}
	return code
}

// write writes page n. If what was begun is lost, it is made anew.
func (c *client) write(n int) {
	mark(c.source, n)
	at := c.at + mach.VirtAddr(n)*page
	for {
		code := c.insist(func() mach.Return { return c.client.VMWrite(c.child, at, libmach.Address(c.source), page) })
		if code != mach.MemoryError {
			must("vm_write", code)
			return
		}
		c.mourn(n)
		must("vm_deallocate", c.insist(func() mach.Return { return c.client.VMDeallocate(c.child, at, page) }))
		must("vm_allocate", c.insist(func() mach.Return {
			_, code := c.client.VMAllocate(c.child, at, page, false)
			return code
		}))
	}
}

// read reads page n: it is what was written, or lost with the manager. In the end, when had says what that one had, exactly those are.
func (c *client) read(n int, had []bool) {
	var at mach.VirtAddr
	var size uint64
	code := c.insist(func() (code mach.Return) {
		at, size, code = c.client.VMRead(c.child, c.at+mach.VirtAddr(n)*page, page)
		if code == mach.Success && !c.here(at) {
			must("vm_deallocate", libmach.VMDeallocate(c.client.Task(), at, size))
			return mach.ResourceShortage // what came was lost on the way
		}
		return code
	})
	if code == mach.MemoryError {
		c.mourn(n)
		if had != nil {
			switch c.lost++; {
			case had[n]:
			case c.unseen == 0:
				c.fail("page %d is lost, which no manager had", n)
			default:
				c.unseen--
			}
		}
		return
	}
	must("vm_read", code)
	data := libmach.Memory(at, size)
	if marked(data) != n || binary.LittleEndian.Uint64(data[page-8:]) != uint64(n)*7 {
		c.fail("page %d is page %d", n, marked(data))
	}
	if had != nil && had[n] && c.exact {
		c.fail("page %d is there, which the dead manager had", n)
	}
	must("vm_deallocate", libmach.VMDeallocate(c.client.Task(), at, size))
}

// here has a page that came in a message stay in this task's memory, and reports whether it could: in its message it may have gone out, to a manager that
// died.
func (c *client) here(at mach.VirtAddr) bool {
	return c.insist(func() mach.Return {
		again, size, code := c.client.VMRead(c.client.Task(), at, page)
		if code == mach.Success {
			must("vm_deallocate", libmach.VMDeallocate(c.client.Task(), again, size))
		}
		return code
	}) == mach.Success
}

// short reports whether there was no frame: for the work, for the message, or for what was in the reply.
func short(code mach.Return) bool { return code == mach.ResourceShortage || code == mach.SendNoBuffer }
