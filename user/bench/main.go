// Command bench measures what calls and faults cost, in ticks of the time-stamp counter: under QEMU's -icount these are guest
// instructions, and every run gives the same.
//
//	bench --pager=PORT [--echo=PORT] [--supplier=PORT] [--live=N] [--only=NAME,...] [--sweep=NAME] [--pressure] [--hold] [--loop]
//
// PORTs are names of send rights: to the default memory manager's port, to a port that the program echo serves, and to a memory object of the
// program supplier; without one what needs it is left out. With --live so many other objects exist meanwhile.
//
// It prints "bench NAME COUNT" for each operation: the median of several runs, after one to warm up; and "bench NAME/cold COUNT", what the first one of
// all took. With --sweep=size, objects or entries it prints "bench NAME@X COUNT" instead: some operations over an object's size in bytes, the
// number of live objects, or the number of entries in its map; "bench: limit X: " says where there was no room for more. With --pressure it measures
// page-in from memory three times as large as the machine's. The first line is "bench: begins at TICKS", the last one "bench: done", or "bench: FAILED: "
// and the reason.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"defpager/ipc/mig"
	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/libmach"
)

func main() {
	debug.SetGCPercent(-1)
	pager := args.SendRight("pager", "the default memory manager's port")
	echo := args.SendRight("echo", "the port that echo serves")
	supplier := args.SendRight("supplier", "the memory object that supplier manages")
	only := flag.String("only", "", "measure only the operations of these `names`, with commas between them")
	live := flag.Int("live", 0, "measure while `N` other objects, of no bytes, exist")
	loop := flag.Bool("loop", false, "with --only: print \"bench: loop\" and do the operation for ever, for a profile")
	sweep := flag.String("sweep", "", "measure over this `quantity`: size, objects or entries")
	pressure := flag.Bool("pressure", false, "measure page-in only, which needs paging=compressed on the kernel's command line")
	hold := flag.Bool("hold", false, "print \"bench: holds\" when the live objects are there, and wait for ever")
	args.Parse()
	fmt.Println("bench: begins at", libmach.Ticks())
	c := libmach.NewClient()
	b := &bench{client: c, task: c.Task(), pager: *pager, echo: *echo, supplier: *supplier, buf: libmach.NewBuffer(8192), reply: libmach.ReplyPort()}
	err := b.populate(*live)
	switch {
	case err != nil:
	case *hold:
		fmt.Println("bench: holds")
		for {
			c.Sleep(1000)
		}
	case *sweep != "":
		err = b.sweep(*sweep)
	case *pressure && *loop:
		err = b.forEver(b.pressureOperation())
	case *pressure:
		err = b.pressure()
	case *loop:
		err = b.forEver(operationOf(*only))
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

// populate makes objects that live as long as the program.
func (b *bench) populate(live int) error {
	for range live {
		if _, ret := b.client.ObjectCreate(b.pager, mach.PageSize); ret != mach.Success {
			return fmt.Errorf("live objects: %w", ret)
		}
	}
	return nil
}

// forEver does one operation until the machine ends.
func (b *bench) forEver(o operation, err error) error {
	if err == nil {
		_, err = o.measure(b, o.n)
	}
	if err != nil {
		return err
	}
	fmt.Println("bench: loop")
	for {
		if _, err := o.measure(b, o.n); err != nil {
			return err
		}
	}
}

func (b *bench) run(only string) error {
	if _, err := b.taskRPC(1, mach.HeaderSize); err != nil && err != errSkip { // waits for echo to begin, which is no part of a first call
		return err
	}
	for _, o := range operations() {
		if only != "" && !slices.Contains(strings.Split(only, ","), o.name) {
			continue
		}
		cold, err := o.measure(b, o.cold())
		if err == errSkip {
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
		count, err := b.median(o, o.n, 7)
		if err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
		fmt.Printf("bench %s %d\nbench %s/cold %d\n", o.name, count, o.name, cold/o.cold())
	}
	return nil
}

// median is what an operation takes, done n times or with n pages, in so many runs after one to warm up.
func (b *bench) median(o operation, n uint64, runs int) (uint64, error) {
	var counts []uint64
	for i := range runs + 1 {
		ticks, err := o.measure(b, n)
		if err != nil {
			return 0, err
		}
		if i > 0 || runs == 0 {
			counts = append(counts, ticks/n)
		}
	}
	slices.Sort(counts)
	return counts[len(counts)/2], nil
}
