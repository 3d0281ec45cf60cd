// Command crashes has a default memory manager die in the midst of its work: after each number of messages and answers, with answers at once and delayed.
// It runs twice, as the manager and as its client, which has more memory than there are frames.
//
//	crashes --receive=PORT
//	crashes --host=PORT --manager=PORT [--size=MIB] [--free=MIB]
//
// RECEIVE is the receive right of the port by which the client commands the manager, MANAGER a send right to it, HOST one to the host's privileged port. The manager
// takes all frames but FREE, and the client works on SIZE in a child task. For each death it is checked that exactly those pages are lost that the manager had, that whoever
// waits for one is told, that there is no manager until another is set, that this one works, and that nothing stays behind. The last line is
// "crashes: N deaths, M pages lost, F failed".
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/libmach"
)

const page = mach.PageSize

// most is how many pages the client works on at most.
const most = 4096

// Commands to the manager: a message of two numbers, answered by numbers.
const (
	cmdStart  mach.MsgID = 1 // die after so many steps (all ones: never), leave so many requests unanswered; the answer has a right to the manager's port
	cmdHad    mach.MsgID = 2 // which pages the manager had that died last, a bit each; and how many died
	cmdFinish mach.MsgID = 3 // give up the ports of those that live; the answer is the number of names that are left
	cmdEnd    mach.MsgID = 4
	cmdHog    mach.MsgID = 5 // take all frames but so many
)

func main() {
	debug.SetGCPercent(-1)
	host := flag.Uint("host", 0, "`name` of a send right to the host's privileged port")
	manager := flag.Uint("manager", 0, "`name` of a send right to the manager's command port")
	receive := flag.Uint("receive", 0, "`name` of the receive right of the command port")
	size := flag.Uint64("size", 8, "`MIB` of memory to work on")
	free := flag.Uint64("free", 5, "`MIB` that are left free")
	flag.Parse()
	if *receive != 0 {
		newMaster(mach.Name(*receive)).serve()
		return
	}
	c := newClient(mach.Name(*host), mach.Name(*manager), int(*size<<20/page))
	c.tell(cmdHog, *free<<20/page, 0)
	c.run()
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
	for i := 0; i < size; i += page {
		b[i] = 1
	}
	return b
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

// names is how many names the task has.
func names(c *libmach.Client) uint64 {
	list, _, code := c.PortNames(c.Task())
	must("mach_port_names", code)
	return uint64(len(list))
}
