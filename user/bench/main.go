// Command bench measures what calls and faults cost, in ticks of the time-stamp counter: under QEMU's -icount these are guest
// instructions, and every run gives the same.
//
//	bench --pager=PORT [--echo=PORT] [--supplier=PORT] [--live=N] [--only=NAME]
//
// PORTs are names of send rights: to the default memory manager's port, and to a port that the program echo serves, without
// which the calls between two tasks are left out. With --live so many other objects exist meanwhile. It prints "bench NAME COUNT" for each operation: the median of several
// runs, after one to warm up. The last line is "bench: done", or "bench: FAILED: " and the reason.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1)
	pager := flag.Uint("pager", 0, "`name` of a send right to the default memory manager's port")
	echo := flag.Uint("echo", 0, "`name` of a send right to the port that echo serves")
	supplier := flag.Uint("supplier", 0, "`name` of a send right to the memory object that supplier manages")
	only := flag.String("only", "", "measure only the operation of this `name`")
	live := flag.Int("live", 0, "measure while `N` other objects, of no bytes, exist")
	loop := flag.Bool("loop", false, "with --only: print \"bench: loop\" and do the operation for ever, for a profile")
	flag.Parse()
	c := libmach.NewClient()
	b := &bench{client: c, task: c.Task(), pager: mach.Name(*pager), echo: mach.Name(*echo), supplier: mach.Name(*supplier), buf: libmach.NewBuffer(8192), reply: libmach.ReplyPort()}
	err := b.populate(*live)
	switch {
	case err != nil:
	case *loop:
		err = b.forEver(*only)
	default:
		err = b.run(*only)
	}
	if err != nil {
		fmt.Printf("bench: FAILED: %v\n", err)
		os.Exit(1)
	}
	if b.echo != mach.NameNull {
		mig.PutHeader(b.buf, mach.Header{Bits: mach.Bits(mach.MsgCopySend, 0), Remote: uint64(b.echo), ID: 1})
		libmach.Send(b.buf[:mach.HeaderSize], 0, 0) // wants no answer: the end of echo
	}
	fmt.Println("bench: done")
}

// bench holds what the operations need.
type bench struct {
	client      *libmach.Client
	task        mach.Name
	pager, echo mach.Name
	supplier    mach.Name // memory object of supplier
	supplied    uint64    // pages of it that were touched
	buf         libmach.Buffer
	reply       mach.Name // receive right, for raw messages
}

// operation does something n times, or to n pages, and answers the ticks that it took, without what must be done around it.
type operation struct {
	name    string
	n       uint64
	measure func(b *bench, n uint64) (uint64, error)
}

func operations() []operation {
	const pages = 256 // less than a superpage
	return []operation{
		{"null-trap", 1000, (*bench).nullTrap},
		{"kernel-rpc", 500, (*bench).kernelRPC},
		{"object-create", 100, (*bench).objectCreate},
		{"first-touch-one-by-one", pages, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, scattered) }},
		{"first-touch-clustered", pages, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, ascending) }},
		{"first-touch-superpages", 2048, func(b *bench, n uint64) (uint64, error) { return b.firstTouch(n, ascending) }},
		{"task-rpc", 500, func(b *bench, n uint64) (uint64, error) { return b.taskRPC(n, mach.HeaderSize) }},
		{"task-rpc-4k", 500, func(b *bench, n uint64) (uint64, error) { return b.taskRPC(n, mach.HeaderSize+8+4096) }},
		{"zero-fill-one-by-one", pages, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, scattered) }},
		{"zero-fill-clustered", pages, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, ascending) }},
		{"zero-fill-superpages", 2048, func(b *bench, n uint64) (uint64, error) { return b.zeroFill(n, ascending) }},
		{"unmap-destroy", pages, (*bench).unmapDestroy},
		{"second-mapping", pages, (*bench).secondMapping},
		{"copy-on-write", pages, (*bench).copyOnWrite},
		{"object-cycle", 100, (*bench).objectCycle},
		{"port-allocate-destroy", 200, (*bench).portCycle},
		{"task-create-terminate", 50, (*bench).taskCycle},
		{"fork-1m", 20, func(b *bench, n uint64) (uint64, error) { return b.fork(n, 1<<20) }},
		{"fork-64m", 20, func(b *bench, n uint64) (uint64, error) { return b.fork(n, 64<<20) }},
		{"page-in", pages, (*bench).pageIn},
	}
}

// populate makes objects that live as long as the program.
func (b *bench) populate(live int) error {
	for range live {
		if _, ret := b.client.ObjectCreate(b.pager, 0); ret != mach.Success {
			return fmt.Errorf("live objects: %w", ret)
		}
	}
	return nil
}

// forEver does one operation until the machine ends.
func (b *bench) forEver(name string) error {
	for _, o := range operations() {
		if o.name != name {
			continue
		}
		if _, err := o.measure(b, o.n); err != nil {
			return err
		}
		fmt.Println("bench: loop")
		for {
			if _, err := o.measure(b, o.n); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("there is no operation %q", name)
}

func (b *bench) run(only string) error {
	const runs = 7
	for _, o := range operations() {
		if only != "" && only != o.name {
			continue
		}
		var counts []uint64
		for i := range runs + 1 {
			ticks, err := o.measure(b, o.n)
			if err == errSkip {
				break
			}
			if err != nil {
				return fmt.Errorf("%s: %w", o.name, err)
			}
			if i > 0 { // the first one warms up
				counts = append(counts, ticks/o.n)
			}
		}
		if len(counts) != 0 {
			slices.Sort(counts)
			fmt.Printf("bench %s %d\n", o.name, counts[len(counts)/2])
		}
	}
	return nil
}
