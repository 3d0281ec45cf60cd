// Command crashes has a default memory manager die in the midst of its work, with answers at once and delayed: at each moment of it (death.go), and after each number
// of steps, which are messages that it takes and answers that it gives. It runs twice, as the manager and as its client, which has more memory than there are frames.
//
//	crashes --receive=PORT --host=PORT
//	crashes --host=PORT --manager=PORT --pager=PORT [--size=KIB] [--free=KIB] [--kinds] [--verbose]
//
// RECEIVE is the receive right of the port by which the client commands the manager, MANAGER a send right to it, HOST and PAGER are rights to the host's privileged port
// and to the kernel's own default pager. The manager
// takes all frames but FREE, and the client works on SIZE in a child task. For each death it is checked that exactly those pages are lost that the manager had, that whoever
// waits for one is told, that there is no manager until another is set, that this one works, and that nothing stays behind: not a name, not a frame, and not a block of
// paging storage. After an odd number of steps, and when a moment comes for the second time, the client reads by vm_read, whose replies are copies that go out, too: then it is only checked that no page is lost
// of which the manager had no copy.
//
// While they live the managers also ask for what they may not have: to map the kernel's own object, that it is kept when it is over, and that the kernel takes pages which it
// never had.
//
// It dies at each moment when that comes for the first, second and eleventh time, if it comes more than once; each must come. What it has not received is looked at, or,
// the second time and after every fourth number of steps, destroyed with its ports: then so many pages more may be lost as fit into those messages. Then all numbers of steps are tried until a
// manager outlives its round, but not with --kinds. The last line is
// "crashes: N deaths, M pages lost, F failed".
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

const page = mach.PageSize

// most is how many pages the client works on at most.
const most = 4096

// Commands to the manager: a message of two numbers, answered by numbers.
const (
	cmdStart  mach.MsgID = 1 // begin a manager, to die as death.pack says; the answer has a right to the manager's port
	cmdHad    mach.MsgID = 2 // which pages the manager had that died last, a bit each; and how many died
	cmdFinish mach.MsgID = 3 // give up the ports of those that live; the answer is the number of names that are left, and how many are dead
	cmdEnd    mach.MsgID = 4
	cmdHog    mach.MsgID = 5 // take all frames but so many
)

func main() {
	debug.SetGCPercent(-1)
	host := args.SendRight("host", "the host's privileged port")
	manager := args.SendRight("manager", "the manager's command port")
	receive := args.ReceiveRight("receive", "the command port")
	pager := args.SendRight("pager", "the kernel's default pager")
	size := flag.Uint64("size", 4096, "`KIB` of memory to work on")
	free := flag.Uint64("free", 3072, "`KIB` that are left free")
	kinds := flag.Bool("kinds", false, "try steps of each kind only, and not each number of them")
	verbose := flag.Bool("verbose", false, "print how far it has come")
	args.Parse(host)
	stay(*host)
	if *receive != mach.NameNull {
		newMaster(*receive).serve()
		return
	}
	args.Need(manager, pager)
	c := newClient(*host, *manager, *pager, int(*size<<10/page))
	c.tell(cmdHog, *free<<10/page, 0)
	c.run(*kinds, *verbose)
	fmt.Printf("crashes: %d deaths, %d pages lost, %d failed\n", c.deaths, c.lost, c.failed)
	if c.failed != 0 {
		os.Exit(1)
	}
}

// must is for what the checks build upon.
func must(name string, code mach.Return) {
	if code != mach.Success {
		fmt.Printf("FAIL %s: %v\n", name, code)
		os.Exit(1)
	}
}

// memory is some that has its frames.
func memory(size int) []byte {
	at, code := libmach.VMAllocate(libmach.TaskSelf(), 0, uint64(size), true)
	must("vm_allocate", code)
	b := libmach.Memory(at, uint64(size))
	touch(b)
	return b
}

// stay has the program's own memory be in its frames, with room for what its heap still takes: the books are not to differ by that.
func stay(host mach.Name) {
	const heap = 2 << 20
	if err := libmach.NewClient().WireProgram(host, heap); err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

// touch writes to each page.
func touch(b []byte) {
	for i := 0; i < len(b); i += page {
		b[i] = 1
	}
}

// mark makes the page data number n.
func mark(data []byte, n int) {
	binary.LittleEndian.PutUint64(data, magic<<32|uint64(n))
	binary.LittleEndian.PutUint64(data[page-8:], uint64(n)*7)
}

// marked is the number of a page, more than most if it is none of the child's.
func marked(data []byte) int {
	if v := binary.LittleEndian.Uint64(data); v>>32 == magic {
		return int(uint32(v))
	}
	return most
}

const magic = 0x1c0ffee5

// names is how many names the task has. It takes nothing of Go's heap, which is never collected.
func names(c *libmach.Client) uint64 {
	n, code := c.PortCount(c.Task())
	must("mach_port_names", code)
	return n
}
