// Command creator does the main job: one memory object, made, filled, shared between three tasks and destroyed.
//
//	creator --pager=PORT --file=PORT --size=N --sharer=PORT --reader=PORT [--host=PORT --poweroff]
//
// PORTs are names of send rights: to the default memory manager's port, the memory object of a file of N bytes, the request
// ports of sharer and reader, and the host's privileged port, with which it can end the machine when all is done.
//
// Its last line is "creator: done", or "creator: FAILED: " and the reason; its exit status is 0 or 1.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"defpager/mach"
	"defpager/user/internal/args"
	"defpager/user/internal/share"
	"defpager/user/internal/text"
	"defpager/user/libmach"
)

func main() {
	libmach.Print("creator: the main job begins\n")
	debug.SetGCPercent(-1) // the collector would disturb the count of free frames
	c := &creator{client: libmach.NewClient(), hasher: share.NewHasher(), line: text.New()}
	pager := args.SendRight("pager", "the default memory manager's port")
	file := args.SendRight("file", "the file's memory object")
	sharer := args.SendRight("sharer", "sharer's request port")
	reader := args.SendRight("reader", "reader's request port")
	host := args.SendRight("host", "the host's privileged port")
	poweroff := flag.Bool("poweroff", false, "end the machine at the end")
	flag.Uint64Var(&c.size, "size", 0, "size of the file in `bytes`")
	args.Parse(pager, file, sharer, reader)
	fmt.Printf("creator: asks the default pager for an object of %d bytes\n", c.size)
	c.pager, c.file = *pager, *file
	c.sharer = share.Peer{Client: c.client, Port: *sharer}
	c.reader = share.Peer{Client: c.client, Port: *reader}

	status := 0
	if err := errors.Join(c.run(), c.quit()); err != nil {
		fmt.Printf("creator: FAILED: %v\n", err)
		status = 1
	} else {
		fmt.Println("creator: done")
	}
	if *poweroff {
		ret := c.client.HostReboot(*host, libmach.RebootHalt)
		fmt.Printf("creator: FAILED: host_reboot: %v\n", ret)
		status = 1
	}
	os.Exit(status)
}

// creator holds what the job needs, made before it begins: in the measured part nothing is allocated.
type creator struct {
	client         *libmach.Client
	hasher         *share.Hasher
	line           text.Line
	sharer, reader share.Peer
	pager, file    mach.Name
	size           uint64 // bytes in the file
}

// rehearsalSize is the most that the rehearsal's object holds, in bytes: unmapping more than that gives all page tables back (mm/vm,
// pruneMin), so a larger one would leave nothing behind that a smaller one does not.
const rehearsalSize = 64 << 10

// run rehearses, so that all three tasks have touched what they will need, and then does the job between two counts of
// free frames.
func (c *creator) run() error {
	if err := c.round(min(c.size, rehearsalSize), true); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	if _, err := c.free(); err != nil {
		return err
	}
	before, err := c.free()
	if err != nil {
		return err
	}
	if err := c.round(c.size, false); err != nil {
		return err
	}
	return c.awaitFrames(before)
}

// quit ends sharer and reader.
func (c *creator) quit() error {
	if ret := c.sharer.Quit(); ret != mach.Success {
		return failed("the message that ends sharer", ret)
	}
	if ret := c.reader.Quit(); ret != mach.Success {
		return failed("the message that ends reader", ret)
	}
	return nil
}

// free counts the machine's free frames.
func (c *creator) free() (uint32, error) {
	s, ret := c.client.VMStatistics(c.client.Task())
	if ret != mach.Success {
		return 0, failed("vm_statistics", ret)
	}
	return s.Free, nil
}

// awaitFrames waits until as many frames are free as before. The pager destroys the object when the kernel tells it that
// nobody holds it any more, which need not be at once.
func (c *creator) awaitFrames(before uint32) error {
	const attempts, pause = 250, 20 // ms
	var after uint32
	for range attempts {
		var err error
		if after, err = c.free(); err != nil {
			return err
		}
		if after == before {
			c.line.Text("frames before ").Number(uint64(before)).Text(", after ").Number(uint64(after)).Text(": all back").Print(false)
			return nil
		}
		c.client.Sleep(pause)
	}
	return fmt.Errorf("frames before %d, after %d", before, after)
}

// failed says which call failed, and how.
func failed(what string, ret mach.Return) error { return fmt.Errorf("%s: %w", what, ret) }

var (
	errNotZero   = errors.New("a new object is not all zero")
	errDiffer    = errors.New("the SHA-256 of a peer differs from the creator's")
	errNotShared = errors.New("a write of one task is not seen by another")
)
